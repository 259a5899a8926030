using System.Buffers.Binary;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Cuts addresses and writes them (rules 6 to 9). What is cut already is left byte for byte. No text is longer than what
/// it replaces, and none is longer than <see cref="LongestText"/>.
/// </summary>
internal sealed class AddressWriter(AddressBits bits)
{
    public const int LongestText = 64;

    /// <summary>No change.</summary>
    public const int Unchanged = -1;

    private const int Nibbles = 32;
    private readonly uint v4Mask = bits.V4 == 0 ? 0 : uint.MaxValue << (32 - bits.V4);
    private readonly ulong highMask = Mask(bits.V6);
    private readonly ulong lowMask = Mask(bits.V6 - 64);

    /// <summary>Only the last number is lost, whatever it is: the other three stay as they stand.</summary>
    public bool CutsLastNumber { get; } = bits.V4 == 24;

    /// <summary>Length of the text, or <see cref="Unchanged"/>.</summary>
    public int CutV4(V4Reading address, Span<byte> text) => WriteV4(address, address.Value & v4Mask, text);

    /// <summary>The numbers of a reverse name stand in the opposite order.</summary>
    public int CutReverseV4(V4Reading address, Span<byte> text) =>
        WriteV4(address, address.Value & BinaryPrimitives.ReverseEndianness(v4Mask), text);

    /// <summary>Length of the text, or <see cref="Unchanged"/>.</summary>
    public int CutV6(ReadOnlySpan<byte> s, in V6Reading address, Span<byte> text)
    {
        var mapped = address is { High: 0 } && address.Low >> 32 == 0xffff;
        var high = CutHigh(address.High);
        var low = address.Low & (mapped ? 0xffff_0000_0000 | (ulong)v4Mask : lowMask);
        if (high == address.High && low == address.Low)
        {
            return Unchanged;
        }

        var length = address.Resume > address.End ? WriteGroups(high, low, -1, 0, text)
            : mapped ? WriteMapped(low, address.Dotted, text)
            : WriteShortest(high, low, text);
        var colons = text[..length].Count((byte)':');
        if (length + (address.Encoded ? 2 * colons : 0) > address.End - address.At)
        {
            // RFC 5952 writes a single zero group out; where that is longer, :: stays where it was.
            length = WriteGroups(high, low, address.Gap, address.GapLength, text);
        }

        return address.Encoded ? EncodeColons(s[address.At..address.End], text, length) : length;
    }

    /// <summary>The 32 nibbles of a reverse name, least significant first; length of the text, or unchanged.</summary>
    public int CutNibbles(ReadOnlySpan<byte> name, Span<byte> text)
    {
        ulong high = 0, low = 0;
        for (var i = 0; i < Nibbles; i++)
        {
            var nibble = (ulong)AsciiBytes.HexValue(name[2 * i]);
            low |= i < 16 ? nibble << (4 * i) : 0;
            high |= i < 16 ? 0 : nibble << (4 * (i - 16));
        }

        var (cutHigh, cutLow) = (CutHigh(high), low & lowMask);
        if (cutHigh == high && cutLow == low)
        {
            return Unchanged;
        }

        name.CopyTo(text);
        for (var i = 0; i < Nibbles; i++)
        {
            var shift = 4 * (i % 16);
            var (before, after) = i < 16 ? (low >> shift, cutLow >> shift) : (high >> shift, cutHigh >> shift);
            if ((before & 15) != (after & 15))
            {
                text[2 * i] = "0123456789abcdef"u8[(int)(after & 15)];
            }
        }

        return name.Length;
    }

    /// <summary>6to4 carries an IPv4 address in bits 16 to 47: its host bits go too.</summary>
    private ulong CutHigh(ulong high)
    {
        var cut = high & highMask;
        return high >> 48 == 0x2002 ? cut & ~((ulong)~v4Mask << 16) : cut;
    }

    private static int WriteV4(V4Reading address, uint cut, Span<byte> text)
    {
        if (cut == address.Value)
        {
            return Unchanged;
        }

        return WriteNumbers(cut, address.Padded, text);
    }

    private static int WriteNumbers(uint value, bool padded, Span<byte> text)
    {
        var length = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            var number = (value >> shift) & 255;
            if (padded || number >= 100)
            {
                text[length++] = (byte)('0' + (number / 100));
            }

            if (padded || number >= 10)
            {
                text[length++] = (byte)('0' + (number / 10 % 10));
            }

            text[length++] = (byte)('0' + (number % 10));
            if (shift > 0)
            {
                text[length++] = (byte)'.';
            }
        }

        return length;
    }

    private static int WriteMapped(ulong low, bool dotted, Span<byte> text)
    {
        "::ffff:"u8.CopyTo(text);
        const int prefix = 7;
        if (dotted)
        {
            return prefix + WriteNumbers((uint)low, padded: false, text[prefix..]);
        }

        var length = prefix + WriteGroup((uint)(low >> 16) & 0xffff, text[prefix..]);
        text[length++] = (byte)':';
        return length + WriteGroup((uint)low & 0xffff, text[length..]);
    }

    /// <summary>RFC 5952: the first longest run of two or more zero groups is shortened.</summary>
    private static int WriteShortest(ulong high, ulong low, Span<byte> text)
    {
        int bestAt = -1, bestLength = 1, length = 0;
        for (var i = 0; i < 8; i++)
        {
            length = Group(high, low, i) == 0 ? length + 1 : 0;
            if (length > bestLength)
            {
                (bestAt, bestLength) = (i - length + 1, length);
            }
        }

        return WriteGroups(high, low, bestAt, bestAt < 0 ? 0 : bestLength, text);
    }

    /// <summary>Groups in lower case without leading zeros; those of the gap as a double colon.</summary>
    private static int WriteGroups(ulong high, ulong low, int gap, int gapLength, Span<byte> text)
    {
        var length = 0;
        for (var i = 0; i < 8; i++)
        {
            if (i == gap)
            {
                text[length++] = (byte)':';
                text[length++] = (byte)':';
                i += gapLength - 1;
                continue;
            }

            if (i > 0 && i != gap + gapLength)
            {
                text[length++] = (byte)':';
            }

            length += WriteGroup(Group(high, low, i), text[length..]);
        }

        return length;
    }

    private static int WriteGroup(uint value, Span<byte> text)
    {
        var length = value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1;
        for (var i = length - 1; i >= 0; i--, value >>= 4)
        {
            text[i] = "0123456789abcdef"u8[(int)(value & 15)];
        }

        return length;
    }

    /// <summary>Colons as the original's first one was written: %3A or %3a.</summary>
    private static int EncodeColons(ReadOnlySpan<byte> original, Span<byte> text, int length)
    {
        var colon = original.Slice(original.IndexOf((byte)'%'), 3);
        Span<byte> plain = stackalloc byte[LongestText];
        text[..length].CopyTo(plain);
        var at = 0;
        foreach (var b in plain[..length])
        {
            if (b == ':')
            {
                colon.CopyTo(text[at..]);
                at += colon.Length;
            }
            else
            {
                text[at++] = b;
            }
        }

        return at;
    }

    private static uint Group(ulong high, ulong low, int i) =>
        (uint)((i < 4 ? high : low) >> (48 - (16 * (i & 3)))) & 0xffff;

    private static ulong Mask(int length) =>
        length <= 0 ? 0 : length >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - length);
}
