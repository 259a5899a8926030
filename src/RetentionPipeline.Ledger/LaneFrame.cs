using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RetentionPipeline.Ledger;

/// <summary>
/// One block of a lane: magic "RPL1" ‖ writer id (16) ‖ sequence number (8) ‖ count (4) ‖ body length (4) ‖ body ‖
/// SHA-256 over all before it. Integers are big endian; the body is an entry bundle. The sequence shows gaps, the hash
/// torn or foreign bytes.
/// </summary>
public static class LaneFrame
{
    /// <summary>Largest frame.</summary>
    public const int MaxBytes = 1 << 20;

    private const int HeaderLength = 36;
    private const int HashLength = 32;
    private static ReadOnlySpan<byte> Magic => "RPL1"u8;

    /// <summary>The frame of a bundle.</summary>
    public static byte[] Encode(Guid writer, long sequence, int count, ReadOnlySpan<byte> body)
    {
        var frame = new byte[HeaderLength + body.Length + HashLength];
        Magic.CopyTo(frame);
        writer.TryWriteBytes(frame.AsSpan(4), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(20), sequence);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(28), count);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(32), body.Length);
        body.CopyTo(frame.AsSpan(HeaderLength));
        SHA256.HashData(frame.AsSpan(0, HeaderLength + body.Length), frame.AsSpan(HeaderLength + body.Length));
        return frame;
    }

    /// <summary>Reads one frame from the front of the bytes.</summary>
    public static FrameRead Decode(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < HeaderLength)
        {
            return Magic.StartsWith(span[..Math.Min(4, span.Length)]) ? FrameRead.Incomplete : FrameRead.Foreign;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(span[32..]);
        if (!span.StartsWith(Magic) || length is < 0 or > MaxBytes)
        {
            return FrameRead.Foreign;
        }

        var end = HeaderLength + length + HashLength;
        if (span.Length < end)
        {
            return FrameRead.Incomplete;
        }

        Span<byte> hash = stackalloc byte[HashLength];
        SHA256.HashData(span[..(HeaderLength + length)], hash);
        if (!hash.SequenceEqual(span.Slice(HeaderLength + length, HashLength)))
        {
            return FrameRead.Foreign;
        }

        try
        {
            var entries = EntryBundle.Decode(bytes.Slice(HeaderLength, length));
            return entries.Count == BinaryPrimitives.ReadInt32BigEndian(span[28..])
                ? new FrameRead(FrameKind.Whole, end, entries)
                {
                    Writer = new Guid(span.Slice(4, 16), bigEndian: true),
                    Sequence = BinaryPrimitives.ReadInt64BigEndian(span[20..]),
                }
                : FrameRead.Foreign;
        }
        catch (FormatException)
        {
            return FrameRead.Foreign;
        }
    }
}

/// <summary>What lies at the front of a lane's bytes.</summary>
public enum FrameKind
{
    /// <summary>A frame.</summary>
    Whole,

    /// <summary>The beginning of one: at the end of a lane, an append under way or a torn one.</summary>
    Incomplete,

    /// <summary>No frame.</summary>
    Foreign,
}

/// <summary>A frame that was read.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Length">Its bytes, if whole.</param>
/// <param name="Entries">Its entries.</param>
public sealed record FrameRead(FrameKind Kind, int Length, IReadOnlyList<ReadOnlyMemory<byte>> Entries)
{
    /// <summary>Who wrote it.</summary>
    public Guid Writer { get; init; }

    /// <summary>The number that its writer gave it.</summary>
    public long Sequence { get; init; }

    internal static readonly FrameRead Incomplete = new(FrameKind.Incomplete, 0, []);
    internal static readonly FrameRead Foreign = new(FrameKind.Foreign, 0, []);
}
