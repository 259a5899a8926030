using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Reads the entry bundles of an exported log, each with its tile: hashes every entry, compares it with the tile, and makes
/// of each leaf what the caller wants of it. Safe for concurrent use.
/// </summary>
internal sealed class BundleReader<T>(LogFolder files, LeafReading<T> reading)
{
    /// <summary>A bundle and its tile, checked.</summary>
    public BundleRead<T> Read(long index, int width)
    {
        var read = ReadLeaves(index, width, new byte[width * Rfc6962.HashLength]);
        var hashes = Compare(read, index, width);
        var root = hashes is not null && width == TilePath.Width ? MerkleTree.Root(hashes) : null;
        return read with { Hashes = hashes, Root = root };
    }

    /// <summary>The leaves of a bundle that was checked before: nothing is hashed.</summary>
    public BundleRead<T> ReadChecked(long index, int width) => ReadLeaves(index, width, null);

    private BundleRead<T> ReadLeaves(long index, int width, byte[]? hashes)
    {
        var (name, first) = (TilePath.OfEntries(index, width), index * TilePath.Width);
        if (files.ReadPooled(name) is not { } bytes)
        {
            return Broken("missing", $"The entry bundle {name} is missing.");
        }

        try
        {
            var entries = 0;
            ReadOnlySpan<byte> entry = default;
            var rest = (ReadOnlySpan<byte>)bytes;
            for (; TryNext(ref rest, ref entry); entries++)
            {
            }

            return !rest.IsEmpty ? Broken("bundle", $"The entry bundle {name} ends within an entry.")
                : entries != width ? Broken("bundle", $"The entry bundle {name} holds {entries} entries instead of {width}.")
                : ReadAll(bytes, first, width, hashes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes.Array!);
        }

        BundleRead<T> Broken(string rule, string message) => new([], null, null, [new LogProblem(first, rule, message)]);
    }

    private BundleRead<T> ReadAll(ReadOnlySpan<byte> bytes, long first, int width, byte[]? hashes)
    {
        using var hasher = SHA256.Create();
        var (leaves, wrong) = (new ReadLeaf<T>[width], new List<LogProblem>());
        ReadOnlySpan<byte> entry = default;
        for (var i = 0; TryNext(ref bytes, ref entry); i++)
        {
            var hash = hashes is null ? [] : hashes.AsSpan(i * Rfc6962.HashLength, Rfc6962.HashLength);
            if (hashes is not null)
            {
                Rfc6962.LeafHash(entry, hash, hasher);
            }

            try
            {
                leaves[i] = new ReadLeaf<T>(true, reading(LeafView.Read(entry, hash)));
            }
            catch (LeafFormatException problem)
            {
                wrong.Add(new LogProblem(first + i, "canonical", problem.Message));
            }
        }

        return new BundleRead<T>(leaves, hashes, null, wrong);
    }

    /// <summary>
    /// The leaf hashes below a bundle: what the entries give, compared with the tile; what the tile says, where there
    /// are no entries; null where there is neither.
    /// </summary>
    private byte[]? Compare(BundleRead<T> bundle, long index, int width)
    {
        var (name, first) = (TilePath.Of(0, index, width), index * TilePath.Width);
        var tile = files.Read(name);
        if (tile is null)
        {
            bundle.Problems.Add(new(first, "missing", $"The tile {name} is missing."));
        }
        else if (tile.Length != width * Rfc6962.HashLength)
        {
            bundle.Problems.Add(new(first, "tile", $"The tile {name} has {tile.Length} bytes instead of {width * Rfc6962.HashLength}."));
            tile = null;
        }

        if (bundle.Hashes is not { } hashes)
        {
            return tile;
        }

        for (var i = 0; tile is not null && !tile.AsSpan().SequenceEqual(hashes) && i < width; i++)
        {
            var place = new Range(i * Rfc6962.HashLength, (i + 1) * Rfc6962.HashLength);
            if (!tile.AsSpan(place).SequenceEqual(hashes.AsSpan(place)))
            {
                bundle.Problems.Add(new(first + i, "tile", $"The tile {name} has another hash for this leaf: one of the two was changed."));
            }
        }

        return hashes;
    }

    /// <summary>False at the end, or where what is left is no entry.</summary>
    private static bool TryNext(ref ReadOnlySpan<byte> rest, ref ReadOnlySpan<byte> entry)
    {
        if (rest.Length < 2 || rest.Length < 2 + BinaryPrimitives.ReadUInt16BigEndian(rest))
        {
            return false;
        }

        entry = rest.Slice(2, BinaryPrimitives.ReadUInt16BigEndian(rest));
        rest = rest[(2 + entry.Length)..];
        return true;
    }
}

/// <summary>A bundle that was read.</summary>
/// <param name="Leaves">As many as the bundle must have, or none.</param>
/// <param name="Hashes">Leaf hashes one behind the other; null where nothing says what they are.</param>
/// <param name="Root">Of a full bundle.</param>
/// <param name="Problems">Of the bundle, its leaves and its tile.</param>
internal sealed record BundleRead<T>(ReadLeaf<T>[] Leaves, byte[]? Hashes, byte[]? Root, List<LogProblem> Problems);

/// <summary>What was made of an entry that is a leaf.</summary>
internal readonly record struct ReadLeaf<T>(bool IsLeaf, T Value);
