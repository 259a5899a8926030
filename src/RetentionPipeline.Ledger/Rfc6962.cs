using System.Security.Cryptography;

namespace RetentionPipeline.Ledger;

/// <summary>Hashes of RFC 6962 section 2.1. All hashes are SHA-256, 32 bytes.</summary>
public static class Rfc6962
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashLength = 32;

    /// <summary>Root of the tree without leaves.</summary>
    public static byte[] EmptyRoot => SHA256.HashData([]);

    /// <summary>SHA-256(0x00 ‖ bytes).</summary>
    public static byte[] LeafHash(ReadOnlySpan<byte> bytes)
    {
        var hash = new byte[HashLength];
        LeafHash(bytes, hash);
        return hash;
    }

    /// <summary>As above, into the first 32 bytes of <paramref name="hash"/>.</summary>
    /// <param name="hasher">For many hashes: what sets one up costs as much again as a node does.</param>
    public static void LeafHash(ReadOnlySpan<byte> bytes, Span<byte> hash, SHA256? hasher = null)
    {
        var input = bytes.Length < 1024 ? stackalloc byte[1024] : new byte[1 + bytes.Length];
        input[0] = 0;
        bytes.CopyTo(input[1..]);
        Hash(input[..(1 + bytes.Length)], hash, hasher);
    }

    /// <summary>SHA-256(0x01 ‖ left ‖ right).</summary>
    public static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var hash = new byte[HashLength];
        NodeHash(left, right, hash);
        return hash;
    }

    /// <summary>As above, into the first 32 bytes of <paramref name="hash"/>, which may be those of a child.</summary>
    /// <param name="hasher">As above.</param>
    public static void NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> hash, SHA256? hasher = null)
    {
        Span<byte> input = stackalloc byte[1 + (2 * HashLength)];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + HashLength)..]);
        Hash(input, hash, hasher);
    }

    private static void Hash(ReadOnlySpan<byte> input, Span<byte> hash, SHA256? hasher)
    {
        if (hasher is null)
        {
            SHA256.HashData(input, hash);
        }
        else
        {
            hasher.TryComputeHash(input, hash, out _);
        }
    }
}
