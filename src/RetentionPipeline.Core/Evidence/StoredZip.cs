using System.Buffers.Binary;
using System.Text;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Files of an archive, in its order, and what was wrong on the way.</summary>
internal sealed record ZipReading(IReadOnlyList<BundleFile> Files, IReadOnlyList<BundleProblem> Problems);

/// <summary>
/// ZIP (PKWARE APPNOTE 6.3.3) in one form only: stored, ASCII names in ordinal order, 1 January 1980, no extra fields, no
/// comments, made by version 2.0 of FAT. The platform's own writer notes the operating system, so the same files would not
/// give the same bytes everywhere. Reading walks the local headers; everything else is compared with what writing makes.
/// </summary>
internal static class StoredZip
{
    /// <summary>The format counts them in 16 bits.</summary>
    public const int MaxFiles = 65_000;

    /// <summary>Largest archive.</summary>
    public const int MaxBytes = 256 * 1024 * 1024;

    /// <summary>Rule and file of problems of the archive itself.</summary>
    public const string Zip = "zip";

    private const uint LocalHeader = 0x04034b50;
    private const uint CentralHeader = 0x02014b50;
    private const uint EndHeader = 0x06054b50;
    private const int LocalLength = 30;
    private const int DescriptionLength = 26;
    private const ushort FirstOf1980 = 0x21;
    private static readonly uint[] Crc = MakeTable();

    /// <summary>The archive of these files, which are in order.</summary>
    public static byte[] Write(IReadOnlyList<BundleFile> files)
    {
        var central = new MemoryStream();
        var output = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        foreach (var file in files)
        {
            var (name, description) = (Encoding.ASCII.GetBytes(file.Name), Describe(file));
            Put(central, CentralHeader, number);
            central.Write([20, 0]);
            central.Write(description);
            central.Write(new byte[10]);
            Put(central, (uint)output.Length, number);
            central.Write(name);
            Put(output, LocalHeader, number);
            output.Write(description);
            output.Write(name);
            output.Write(file.Content.Span);
        }

        var start = (uint)output.Length;
        central.WriteTo(output);
        Put(output, EndHeader, number);
        output.Write(new byte[4]);
        var count = (ushort)files.Count;
        output.Write([(byte)count, (byte)(count >> 8), (byte)count, (byte)(count >> 8)]);
        Put(output, (uint)central.Length, number);
        Put(output, start, number);
        output.Write(new byte[2]);
        return output.ToArray();
    }

    /// <summary>Never throws, whatever the bytes are.</summary>
    public static ZipReading Read(ReadOnlyMemory<byte> zip)
    {
        var (files, problems) = (new List<BundleFile>(), new List<BundleProblem>());
        if (zip.Length > MaxBytes)
        {
            problems.Add(new(Zip, Zip, $"The archive has {zip.Length} bytes; a bundle has at most {MaxBytes}. It is no bundle of this pipeline."));
            return new(files, problems);
        }

        var at = 0;
        while (NextIsFile(zip.Span[at..]))
        {
            if (ReadFile(zip, ref at) is not { } file)
            {
                problems.Add(new(Zip, Zip, $"File {files.Count + 1} of the archive is not stored as a bundle's are, or cut off. Ask for the bundle as it was written: do not repack it."));
                return new(files, problems);
            }

            if (files.Count == MaxFiles)
            {
                problems.Add(new(Zip, Zip, $"The archive holds more than {MaxFiles} files. It is no bundle of this pipeline."));
                return new(files, problems);
            }

            if (files.Count > 0 && string.CompareOrdinal(files[^1].Name, file.Name) >= 0)
            {
                problems.Add(new(file.Name, "order", "The file stands twice in the archive, or not in the order of the names. Ask for the bundle as it was written."));
            }

            files.Add(file);
        }

        if (!Write(files).AsSpan().SequenceEqual(zip.Span))
        {
            problems.Add(new(Zip, Zip, "The archive is not the one that its files make: a time, a checksum, its directory or what follows was changed. Ask for the bundle as it was written."));
        }

        return new(files, problems);
    }

    private static bool NextIsFile(ReadOnlySpan<byte> rest) =>
        rest.Length >= LocalLength && BinaryPrimitives.ReadUInt32LittleEndian(rest) == LocalHeader;

    /// <summary>Null where it is compressed, encrypted, has extra fields, a name that is none, or does not end.</summary>
    private static BundleFile? ReadFile(ReadOnlyMemory<byte> zip, ref int at)
    {
        var header = zip.Span.Slice(at, LocalLength);
        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[22..]);
        if (header[6..10].ContainsAnyExcept((byte)0) || header[28..30].ContainsAnyExcept((byte)0) || nameLength == 0
            || BinaryPrimitives.ReadUInt32LittleEndian(header[18..]) != length
            || zip.Length - at - LocalLength < nameLength + (long)length)
        {
            return null;
        }

        var name = zip.Span.Slice(at + LocalLength, nameLength);
        if (name.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return null;
        }

        var content = zip.Slice(at + LocalLength + nameLength, (int)length);
        at += LocalLength + nameLength + (int)length;
        return new BundleFile(Encoding.ASCII.GetString(name), content);
    }

    /// <summary>What the local and the central header say alike.</summary>
    private static byte[] Describe(BundleFile file)
    {
        var description = new byte[DescriptionLength];
        var length = (uint)file.Content.Length;
        description[0] = 10;
        BinaryPrimitives.WriteUInt16LittleEndian(description.AsSpan(8), FirstOf1980);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(10), Checksum(file.Content.Span));
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(14), length);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(18), length);
        BinaryPrimitives.WriteUInt16LittleEndian(description.AsSpan(22), (ushort)file.Name.Length);
        return description;
    }

    private static void Put(MemoryStream output, uint value, Span<byte> buffer)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, value);
        output.Write(buffer);
    }

    /// <summary>CRC-32 of ISO 3309, as ZIP has it; the framework has none.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = Crc[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var value = 0u; value < table.Length; value++)
        {
            var crc = value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 1 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
            }

            table[value] = crc;
        }

        return table;
    }
}
