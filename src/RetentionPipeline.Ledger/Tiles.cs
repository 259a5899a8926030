using System.Buffers.Binary;
using System.Globalization;

namespace RetentionPipeline.Ledger;

/// <summary>Names of C2SP tlog-tiles.</summary>
public static class TilePath
{
    /// <summary>Hashes of a full tile, entries of a full bundle.</summary>
    public const int Width = 256;

    /// <summary>Levels of the tree that a tile spans.</summary>
    public const int LevelBits = 8;

    /// <summary>A hash tile; <paramref name="width"/> 1–256.</summary>
    public static string Of(int level, long index, int width) =>
        $"tile/{level.ToString(CultureInfo.InvariantCulture)}/{Index(index)}{Partial(width)}";

    /// <summary>An entry bundle; <paramref name="width"/> 1–256.</summary>
    public static string OfEntries(long index, int width) => $"tile/entries/{Index(index)}{Partial(width)}";

    /// <summary>The signed checkpoint of a size, as it was first stored.</summary>
    public static string OfCheckpoint(long size) => $"checkpoints/{size.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The index in groups of three digits, all but the last with a leading x.</summary>
    public static string Index(long index)
    {
        var text = (index % 1000).ToString("D3", CultureInfo.InvariantCulture);
        for (index /= 1000; index > 0; index /= 1000)
        {
            text = $"x{(index % 1000).ToString("D3", CultureInfo.InvariantCulture)}/{text}";
        }

        return text;
    }

    /// <summary>Width of a tile or bundle among so many hashes or entries of its level.</summary>
    public static int WidthOf(long index, long count) => (int)Math.Min(Width, count - (index * Width));

    /// <summary>Every bundle (at level −1) and hash tile that a log of this size has.</summary>
    public static IEnumerable<(string Name, int Level, long Index, int Width)> All(long size)
    {
        for (long index = 0; index * Width < size; index++)
        {
            var width = WidthOf(index, size);
            yield return (OfEntries(index, width), -1, index, width);
        }

        var level = 0;
        for (var count = size; count > 0; count /= Width, level++)
        {
            for (long index = 0; index * Width < count; index++)
            {
                var width = WidthOf(index, count);
                yield return (Of(level, index, width), level, index, width);
            }
        }
    }

    private static string Partial(int width) =>
        width == Width ? "" : $".p/{width.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Entries of a bundle: each with its length in two bytes, big endian, before it.</summary>
public static class EntryBundle
{
    /// <summary>The bundle of the entries.</summary>
    public static byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        var bytes = new byte[entries.Sum(entry => 2 + entry.Length)];
        var rest = bytes.AsSpan();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, checked((ushort)entry.Length));
            entry.Span.CopyTo(rest[2..]);
            rest = rest[(2 + entry.Length)..];
        }

        return bytes;
    }

    /// <summary>Throws <see cref="FormatException"/> for bytes that do not end where an entry ends.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Decode(ReadOnlyMemory<byte> bytes)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        while (bytes.Length > 0)
        {
            if (bytes.Length < 2 || bytes.Length < 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes.Span))
            {
                throw new FormatException("The entry bundle ends within an entry.");
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span);
            entries.Add(bytes.Slice(2, length));
            bytes = bytes[(2 + length)..];
        }

        return entries;
    }
}
