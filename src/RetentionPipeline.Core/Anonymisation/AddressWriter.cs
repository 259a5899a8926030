using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Cuts addresses and writes them. Null means: it is cut already, leave it byte for byte.</summary>
internal static class AddressWriter
{
    public static byte[]? CutV4(ReadOnlySpan<byte> numbers, bool padded, int bits)
    {
        var value = ToUInt32(numbers);
        var cut = value & Mask(bits);
        if (cut == value)
        {
            return null;
        }

        var format = padded ? "D3" : "D";
        return Encoding.ASCII.GetBytes(string.Join('.', Numbers(cut).Select(n => n.ToString(format, CultureInfo.InvariantCulture))));
    }

    public static byte[]? CutV6(ReadOnlySpan<ushort> groups, V6Form form, AddressBits bits)
    {
        Span<ushort> cut = stackalloc ushort[8];
        Cut(groups, cut, bits);
        if (cut.SequenceEqual(groups))
        {
            return null;
        }

        var text = IsMapped(groups)
            ? form.Dotted
                ? $"::ffff:{string.Join('.', Numbers(((uint)cut[6] << 16) | cut[7]))}"
                : $"::ffff:{cut[6]:x}:{cut[7]:x}"
            : Text(cut);
        return Encoding.ASCII.GetBytes(
            form.EncodedColons ? text.Replace(":", "%3A", StringComparison.Ordinal) : text);
    }

    /// <summary>Rule 7: eight groups stay eight groups, so that the port behind them stays one.</summary>
    public static byte[]? CutEightGroups(ReadOnlySpan<ushort> groups, V6Form form, AddressBits bits)
    {
        Span<ushort> cut = stackalloc ushort[8];
        Cut(groups, cut, bits);
        if (cut.SequenceEqual(groups))
        {
            return null;
        }

        var separator = form.EncodedColons ? "%3A" : ":";
        return Encoding.ASCII.GetBytes(string.Join(separator, cut.ToArray().Select(group => $"{group:x}")));
    }

    private static void Cut(ReadOnlySpan<ushort> groups, Span<ushort> cut, AddressBits bits)
    {
        if (IsMapped(groups))
        {
            groups.CopyTo(cut);
            CutPair(cut, 6, bits.V4);
            return;
        }

        for (var i = 0; i < 8; i++)
        {
            var keep = Math.Clamp(bits.V6 - (16 * i), 0, 16);
            cut[i] = (ushort)(groups[i] & (0xffff << (16 - keep)));
        }

        if (groups[0] == 0x2002)
        {
            CutPair(cut, 1, bits.V4);
        }
    }

    private static void CutPair(Span<ushort> groups, int at, int bits)
    {
        var value = (((uint)groups[at] << 16) | groups[at + 1]) & Mask(bits);
        (groups[at], groups[at + 1]) = ((ushort)(value >> 16), (ushort)value);
    }

    private static bool IsMapped(ReadOnlySpan<ushort> groups) =>
        groups[5] == 0xffff && groups[..5].IndexOfAnyExcept((ushort)0) < 0;

    /// <summary>RFC 5952: lower case, the first longest run of two or more zero groups shortened.</summary>
    private static string Text(ReadOnlySpan<ushort> groups)
    {
        int bestAt = -1, bestLength = 1;
        for (var i = 0; i < 8; i++)
        {
            var length = 0;
            while (i + length < 8 && groups[i + length] == 0)
            {
                length++;
            }

            if (length > bestLength)
            {
                (bestAt, bestLength) = (i, length);
            }

            i += Math.Max(0, length - 1);
        }

        var text = new StringBuilder();
        for (var i = 0; i < 8; i++)
        {
            if (i == bestAt)
            {
                text.Append("::");
                i += bestLength - 1;
                continue;
            }

            if (text.Length > 0 && text[^1] != ':')
            {
                text.Append(':');
            }

            text.Append(CultureInfo.InvariantCulture, $"{groups[i]:x}");
        }

        return text.ToString();
    }

    private static uint Mask(int bits) => bits == 0 ? 0 : uint.MaxValue << (32 - bits);

    private static uint ToUInt32(ReadOnlySpan<byte> numbers) =>
        ((uint)numbers[0] << 24) | ((uint)numbers[1] << 16) | ((uint)numbers[2] << 8) | numbers[3];

    private static uint[] Numbers(uint value) => [value >> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255];
}
