using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Where in a block of 64 bytes which bytes stand: bit i is byte i.</summary>
internal struct AddressMarks
{
    public ulong Digits;
    public ulong Dots;
    public ulong Colons;
    public ulong Percents;
    public ulong NewLines;
}

/// <summary>The same for names that spell out an address; dashes are hyphens and underscores.</summary>
internal struct HostMarks
{
    public ulong Digits;
    public ulong Dots;
    public ulong Dashes;
    public ulong NewLines;
}

/// <summary>
/// Reads blocks of 64 bytes and tells where the bytes stand that a search needs. Each implementation gives the same bits;
/// which one runs is a matter of the processor.
/// </summary>
internal interface IBlockReader
{
    static abstract void Addresses(ref byte from, out AddressMarks marks);

    static abstract void Hosts(ref byte from, out HostMarks marks);

    /// <summary>Bytes that are the digit zero, and those that are dots.</summary>
    static abstract void Zeros(ref byte from, out ulong zeros, out ulong dots);

    /// <summary>Bytes that are hex digits, and those that are colons.</summary>
    static abstract void Run(ref byte from, out ulong hex, out ulong colons);

    /// <summary>Copies a block.</summary>
    static abstract void Copy(ref byte from, ref byte to);
}

/// <summary>Without vectors; the yardstick of the others.</summary>
internal readonly struct ScalarReader : IBlockReader
{
    public static void Addresses(ref byte from, out AddressMarks marks)
    {
        marks = default;
        for (var i = 0; i < 64; i++)
        {
            var b = Unsafe.Add(ref from, i);
            marks.Digits |= Bit(AsciiBytes.IsDigit(b), i);
            marks.Dots |= Bit(b == '.', i);
            marks.Colons |= Bit(b == ':', i);
            marks.Percents |= Bit(b == '%', i);
            marks.NewLines |= Bit(b == '\n', i);
        }
    }

    public static void Hosts(ref byte from, out HostMarks marks)
    {
        marks = default;
        for (var i = 0; i < 64; i++)
        {
            var b = Unsafe.Add(ref from, i);
            marks.Digits |= Bit(AsciiBytes.IsDigit(b), i);
            marks.Dots |= Bit(b == '.', i);
            marks.Dashes |= Bit(b is (byte)'-' or (byte)'_', i);
            marks.NewLines |= Bit(b == '\n', i);
        }
    }

    public static void Zeros(ref byte from, out ulong zeros, out ulong dots)
    {
        (zeros, dots) = (0, 0);
        for (var i = 0; i < 64; i++)
        {
            var b = Unsafe.Add(ref from, i);
            zeros |= Bit(b == '0', i);
            dots |= Bit(b == '.', i);
        }
    }

    public static void Run(ref byte from, out ulong hex, out ulong colons)
    {
        (hex, colons) = (0, 0);
        for (var i = 0; i < 64; i++)
        {
            var b = Unsafe.Add(ref from, i);
            hex |= Bit(AsciiBytes.IsHex(b), i);
            colons |= Bit(b == ':', i);
        }
    }

    public static void Copy(ref byte from, ref byte to) => Unsafe.CopyBlockUnaligned(ref to, ref from, 64);

    private static ulong Bit(bool set, int at) => (set ? 1UL : 0UL) << at;
}
