using System.Buffers.Binary;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>How many bits of an address stay.</summary>
public sealed record AddressBits(int V4, int V6)
{
    /// <summary>/24 and /48.</summary>
    public static readonly AddressBits Default = new(24, 48);
}

/// <summary>
/// Reads one address at one place: the grammar of <c>docs/anonymisation.md</c>, without any searching. Bytes, not text.
/// </summary>
internal static class AddressParser
{
    private const byte Escape = 0x1b;

    /// <summary>Rule 2 and rule 4: whether an address may begin here.</summary>
    public static bool MayBegin(ReadOnlySpan<byte> s, int at)
    {
        if (at == 0)
        {
            return true;
        }

        var before = s[at - 1];
        if (!IsLetterOrDigit(before))
        {
            return before != '.' || at < 2 || !IsDigit(s[at - 2]);
        }

        return EndsEscape(s[..at]);
    }

    /// <summary>Rule 1: four numbers. The end, or -1. What follows them is not looked at.</summary>
    public static int ReadV4(ReadOnlySpan<byte> s, int at, Span<byte> numbers, out bool padded)
    {
        padded = true;
        var plain = true;
        for (var i = 0; i < 4; i++)
        {
            if (i > 0 && (at >= s.Length || s[at++] != '.'))
            {
                return -1;
            }

            var start = at;
            var value = 0;
            while (at < s.Length && at - start < 4 && IsDigit(s[at]))
            {
                value = (value * 10) + (s[at++] - '0');
            }

            var length = at - start;
            if (length is 0 or > 3 || value > 255)
            {
                return -1;
            }

            plain &= length == 1 || s[start] != '0';
            padded &= length == 3;
            numbers[i] = (byte)value;
        }

        return plain || padded ? at : -1;
    }

    /// <summary>Rule 2: whether an IPv4 address may end here.</summary>
    public static bool MayEndV4(ReadOnlySpan<byte> s, int end) =>
        end >= s.Length || (!IsLetterOrDigit(s[end]) && !(s[end] == '.' && IsNumberLabel(s, end + 1)));

    /// <summary>Rule 2 with its exception for tcpdump's port: whether an IPv6 address may end here.</summary>
    public static bool MayEndV6(ReadOnlySpan<byte> s, int end)
    {
        if (end >= s.Length)
        {
            return true;
        }

        var (colon, length) = ReadColon(s, end);
        if (colon)
        {
            return end + length >= s.Length
                || !(IsHex(s[end + length]) || ReadColon(s, end + length).IsColon);
        }

        if (s[end] != '.' || !IsNumberLabel(s, end + 1))
        {
            return !IsLetterOrDigit(s[end]);
        }

        var label = end + 1;
        while (label < s.Length && IsDigit(s[label]))
        {
            label++;
        }

        return label - end - 1 <= 5 && !(label < s.Length && s[label] == '.' && IsNumberLabel(s, label + 1));
    }

    /// <summary>
    /// Rule 1 for IPv6: reads exactly the bytes given. <c>%3A</c> counts as a colon. False if they are no address.
    /// </summary>
    public static bool TryReadV6(ReadOnlySpan<byte> s, Span<ushort> groups, out V6Form form)
    {
        form = default;
        Span<ushort> head = stackalloc ushort[9];
        int count = 0, gap = -1, at = 0, plainColons = 0, encodedColons = 0, twoDigitGroups = 0;
        var dotted = false;
        while (at < s.Length)
        {
            var (colon, width) = ReadColon(s, at);
            if (colon)
            {
                var (second, secondWidth) = ReadColon(s, at + width);
                if (second)
                {
                    if (gap >= 0)
                    {
                        return false;
                    }

                    gap = count;
                    at += width + secondWidth;
                    Count(width, ref plainColons, ref encodedColons);
                    Count(secondWidth, ref plainColons, ref encodedColons);
                    continue;
                }

                if (count == 0 || at + width >= s.Length || gap == count)
                {
                    return false;
                }

                at += width;
                Count(width, ref plainColons, ref encodedColons);
            }
            else if (count > 0 && gap != count)
            {
                return false;
            }

            if (!ReadGroup(s, ref at, head, ref count, ref twoDigitGroups, out dotted))
            {
                return false;
            }

            if (dotted && at != s.Length)
            {
                return false;
            }
        }

        if (gap < 0 ? count != 8 : count > 7)
        {
            return false;
        }

        groups.Clear();
        var left = gap < 0 ? count : gap;
        head[..left].CopyTo(groups);
        head[left..count].CopyTo(groups[(8 - (count - left))..]);
        form = new V6Form(dotted, encodedColons > 0 && plainColons == 0, gap < 0, twoDigitGroups == 8);
        return true;
    }

    /// <summary>A colon, plain or as %3A.</summary>
    public static (bool IsColon, int Width) ReadColon(ReadOnlySpan<byte> s, int at)
    {
        if (at >= s.Length)
        {
            return (false, 0);
        }

        if (s[at] == ':')
        {
            return (true, 1);
        }

        return s[at] == '%' && at + 2 < s.Length && s[at + 1] == '3' && (s[at + 2] | 0x20) == 'a' ? (true, 3) : (false, 0);
    }

    public static bool IsDigit(byte b) => (uint)(b - '0') <= 9;

    public static bool IsHex(byte b) => IsDigit(b) || (uint)((b | 0x20) - 'a') <= 5;

    public static bool IsLetterOrDigit(byte b) => IsDigit(b) || (uint)((b | 0x20) - 'a') <= 25;

    private static void Count(int width, ref int plain, ref int encoded)
    {
        if (width == 1)
        {
            plain++;
        }
        else
        {
            encoded++;
        }
    }

    /// <summary>One group of one to four hex digits, or four dotted numbers at the end that fill two groups.</summary>
    private static bool ReadGroup(
        ReadOnlySpan<byte> s, ref int at, Span<ushort> groups, ref int count, ref int twoDigitGroups, out bool dotted)
    {
        dotted = false;
        if (count == 8)
        {
            return false;
        }

        var start = at;
        uint value = 0;
        while (at < s.Length && at - start < 5 && IsHex(s[at]))
        {
            value = (value << 4) | (uint)(IsDigit(s[at]) ? s[at] - '0' : (s[at] | 0x20) - 'a' + 10);
            at++;
        }

        if (at < s.Length && s[at] == '.')
        {
            Span<byte> numbers = stackalloc byte[4];
            at = ReadV4(s, start, numbers, out var padded);
            if (at < 0 || count > 6 || (padded && s[start] == '0'))
            {
                return false;
            }

            groups[count++] = BinaryPrimitives.ReadUInt16BigEndian(numbers);
            groups[count++] = BinaryPrimitives.ReadUInt16BigEndian(numbers[2..]);
            dotted = true;
            return true;
        }

        if (at == start || at - start > 4)
        {
            return false;
        }

        twoDigitGroups += at - start == 2 ? 1 : 0;
        groups[count++] = (ushort)value;
        return true;
    }

    /// <summary>A label of digits alone: the number run goes on.</summary>
    private static bool IsNumberLabel(ReadOnlySpan<byte> s, int at)
    {
        var start = at;
        while (at < s.Length && IsDigit(s[at]))
        {
            at++;
        }

        return at > start && (at >= s.Length || !IsLetterOrDigit(s[at]));
    }

    /// <summary>Rule 4: an escape ends right here, and delimits although it ends in a letter or digit.</summary>
    private static bool EndsEscape(ReadOnlySpan<byte> before)
    {
        var n = before.Length;
        if (n >= 2 && before[n - 2] == '\\' && before[n - 1] is (byte)'n' or (byte)'r' or (byte)'t' or (byte)'b' or (byte)'f')
        {
            return true;
        }

        if (n >= 6 && before[n - 6] == '\\' && before[n - 5] == 'u'
            && IsHex(before[n - 4]) && IsHex(before[n - 3]) && IsHex(before[n - 2]) && IsHex(before[n - 1]))
        {
            return true;
        }

        return (n >= 3 && before[n - 3] == '%' && IsHex(before[n - 2]) && IsHex(before[n - 1]))
            || (before[n - 1] == 'm' && EndsColour(before[..(n - 1)]));
    }

    /// <summary><c>ESC[</c> digits and semicolons; the escape byte itself, or written \u001b, \x1b, \e, \033.</summary>
    private static bool EndsColour(ReadOnlySpan<byte> before)
    {
        var n = before.Length;
        while (n > 0 && before.Length - n < 32 && (IsDigit(before[n - 1]) || before[n - 1] == ';'))
        {
            n--;
        }

        if (n == 0 || before[n - 1] != '[')
        {
            return false;
        }

        var lead = before[..(n - 1)];
        return (lead.Length > 0 && lead[^1] == Escape)
            || EndsWithAny(lead, "\\u001b"u8, "\\u001B"u8) || EndsWithAny(lead, "\\x1b"u8, "\\x1B"u8)
            || EndsWithAny(lead, "\\e"u8, "\\033"u8);
    }

    private static bool EndsWithAny(ReadOnlySpan<byte> text, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) =>
        text.EndsWith(one) || text.EndsWith(other);
}

/// <summary>How an IPv6 address was written.</summary>
/// <param name="Dotted">Its last 32 bits as four numbers.</param>
/// <param name="EncodedColons">Every colon as %3A.</param>
/// <param name="EightGroups">Without ::.</param>
/// <param name="AllTwoDigits">Eight groups of two digits: a fingerprint.</param>
internal readonly record struct V6Form(bool Dotted, bool EncodedColons, bool EightGroups, bool AllTwoDigits);
