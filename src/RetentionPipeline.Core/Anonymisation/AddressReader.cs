using System.Runtime.CompilerServices;


namespace RetentionPipeline.Core.Anonymisation;

/// <summary>An IPv4 address as it was read.</summary>
/// <param name="Value">Its 32 bits.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Padded">All numbers have three digits, and one begins with 0.</param>
internal readonly record struct V4Reading(uint Value, int End, bool Padded);

/// <summary>An IPv6 address as it was read.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Resume">Where a port that Java wrote behind it ends; else as <paramref name="End"/>.</param>
/// <param name="High">Its first 64 bits.</param>
/// <param name="Low">Its last 64 bits.</param>
/// <param name="Gap">Groups before the double colon, or -1 without one.</param>
/// <param name="GapLength">Groups that the double colon stands for.</param>
/// <param name="Dotted">Its last 32 bits are four numbers.</param>
/// <param name="Encoded">Every colon is written %3A.</param>
internal readonly record struct V6Reading(
    int At, int End, int Resume, ulong High, ulong Low, int Gap, int GapLength, bool Dotted, bool Encoded);

/// <summary>Reads one address that begins at a given byte: rules 1, 3 and 7, and the ends of rule 2. No searching.</summary>
internal static class AddressReader
{
    /// <summary>A label of more digits than this is no number any more: no port, no arc of an object id is longer.</summary>
    private const int LongestNumber = 64;

    /// <summary>Rule 1: four numbers, without leading zeros or all of three digits. What follows is not looked at.</summary>
    public static bool TryReadV4(ReadOnlySpan<byte> s, int at, out V4Reading reading)
    {
        reading = default;
        uint value = 0;
        bool leadingZero = false, threeDigits = true;
        for (var i = 0; i < 4; i++)
        {
            if (i > 0 && ((uint)at >= (uint)s.Length || s[at++] != '.'))
            {
                return false;
            }

            var start = at;
            uint number = 0;
            while ((uint)at < (uint)s.Length && AsciiBytes.IsDigit(s[at]) && at - start < 4)
            {
                number = (number * 10) + s[at++] - '0';
            }

            var length = at - start;
            if ((uint)(length - 1) > 2 || number > 255)
            {
                return false;
            }

            leadingZero |= length > 1 && s[start] == '0';
            threeDigits &= length == 3;
            value = (value << 8) | number;
        }

        reading = new V4Reading(value, at, leadingZero);
        return !leadingZero || threeDigits;
    }

    /// <summary>Rule 2: a letter, a digit, or a dot before a label of digits alone goes on.</summary>
    public static bool MayEndV4(ReadOnlySpan<byte> s, int end) =>
        end >= s.Length || (!AsciiBytes.IsLetterOrDigit(s[end]) && (s[end] != '.' || NumberEnd(s, end + 1) < 0));

    /// <summary>Rule 2 with its exception for tcpdump's port.</summary>
    public static bool MayEndV6(ReadOnlySpan<byte> s, int end)
    {
        if (end >= s.Length)
        {
            return true;
        }

        if (ColonWidth(s, end) is > 0 and var width)
        {
            return end + width >= s.Length || !(AsciiBytes.IsHex(s[end + width]) || ColonWidth(s, end + width) > 0);
        }

        if (s[end] != '.')
        {
            return !AsciiBytes.IsLetterOrDigit(s[end]);
        }

        var portEnd = NumberEnd(s, end + 1);
        return portEnd < 0
            || (portEnd - end - 1 <= 5 && !(portEnd < s.Length && s[portEnd] == '.' && NumberEnd(s, portEnd + 1) > 0));
    }

    /// <summary>
    /// Rules 1 to 3 and 7: the longest reading from here that is an address and may end where it ends. <c>%3A</c> counts
    /// as a colon.
    /// </summary>
    public static bool TryReadV6(ReadOnlySpan<byte> s, int at, out V6Reading reading) =>
        new V6Attempt(s, at).TryRead(out reading);

    /// <summary>1 for a colon, 3 for <c>%3A</c>, 0 for what is none.</summary>
    public static int ColonWidth(ReadOnlySpan<byte> s, int at)
    {
        if ((uint)at >= (uint)s.Length)
        {
            return 0;
        }

        return s[at] == ':' ? 1
            : s[at] == '%' && at + 2 < s.Length && s[at + 1] == '3' && (s[at + 2] | 0x20) == 'a' ? 3
            : 0;
    }

    /// <summary>The end of a label of digits alone, or -1.</summary>
    private static int NumberEnd(ReadOnlySpan<byte> s, int at)
    {
        var start = at;
        while (at < s.Length && at - start <= LongestNumber && AsciiBytes.IsDigit(s[at]))
        {
            at++;
        }

        return at > start && at - start <= LongestNumber && (at >= s.Length || !AsciiBytes.IsLetterOrDigit(s[at])) ? at : -1;
    }

    [InlineArray(8)]
    private struct Groups
    {
        private ushort first;
    }

    /// <summary>One reading from left to right. Every prefix that is an address replaces the shorter one before it.</summary>
    private ref struct V6Attempt(ReadOnlySpan<byte> s, int start)
    {
        private readonly ReadOnlySpan<byte> s = s;
        private Groups groups;
        private int count;
        private int gap = -1;
        private int twoDigitGroups;
        private bool plainColon;
        private bool encodedColon;
        private bool found;
        private V6Reading best;

        public bool TryRead(out V6Reading reading)
        {
            Read();
            reading = best;
            return found;
        }

        private void Read()
        {
            var at = start;
            var width = ColonWidth(s, at);
            if (width > 0 && !TryGap(ref at, width))
            {
                return;
            }

            while (count < 8)
            {
                var groupAt = at;
                if (!TryGroup(ref at))
                {
                    return;
                }

                if (at < s.Length && s[at] == '.')
                {
                    TryDotted(groupAt);
                }

                count++;
                twoDigitGroups += at - groupAt == 2 ? 1 : 0;
                width = ColonWidth(s, at);
                EndAt(at);
                if (width == 0)
                {
                    return;
                }

                if (ColonWidth(s, at + width) > 0)
                {
                    if (!TryGap(ref at, width))
                    {
                        return;
                    }
                }
                else
                {
                    Note(width);
                    at += width;
                }
            }
        }

        private bool TryGap(ref int at, int width)
        {
            var second = ColonWidth(s, at + width);
            if (second == 0 || gap >= 0)
            {
                return false;
            }

            gap = count;
            Note(width);
            Note(second);
            at += width + second;
            EndAt(at);
            return true;
        }

        private void Note(int width)
        {
            plainColon |= width == 1;
            encodedColon |= width == 3;
        }

        private bool TryGroup(ref int at)
        {
            uint value = 0;
            var length = 0;
            while ((uint)at < (uint)s.Length && AsciiBytes.HexValue(s[at]) is < 16 and var digit)
            {
                if (++length > 4)
                {
                    return false;
                }

                value = (value << 4) | digit;
                at++;
            }

            groups[count] = (ushort)value;
            return length > 0;
        }

        /// <summary>Four numbers at the end fill two groups; here they have no leading zeros.</summary>
        private void TryDotted(int at)
        {
            if ((gap < 0 ? count == 6 : count <= 5) && TryReadV4(s, at, out var four) && !four.Padded && MayEndV6(s, four.End))
            {
                var (group, next) = (groups[count], groups[count + 1]);
                (groups[count], groups[count + 1]) = ((ushort)(four.Value >> 16), (ushort)four.Value);
                Accept(four.End, four.End, count + 2, dotted: true);
                (groups[count], groups[count + 1]) = (group, next);
            }
        }

        private void EndAt(int at)
        {
            if (gap >= 0)
            {
                if (count <= 7 && MayEndV6(s, at))
                {
                    Accept(at, at, count, dotted: false);
                }
            }
            else if (count == 8 && twoDigitGroups < 8)
            {
                // Eight groups of two digits are a fingerprint.
                var resume = MayEndV6(s, at) ? at : JavaPortEnd(at);
                if (resume > 0)
                {
                    Accept(at, resume, 8, dotted: false);
                }
            }
        }

        /// <summary>Rule 7: a colon and a port of one to five digits, ended as an address is; else -1.</summary>
        private readonly int JavaPortEnd(int at)
        {
            var first = at + ColonWidth(s, at);
            if (first == at)
            {
                return -1;
            }

            var (end, port) = (first, 0);
            while (end < s.Length && end - first < 6 && AsciiBytes.IsDigit(s[end]))
            {
                port = (port * 10) + (s[end++] - '0');
            }

            return end - first is >= 1 and <= 5 && port <= 65535 && MayEndV6(s, end) ? end : -1;
        }

        private void Accept(int end, int resume, int groupCount, bool dotted)
        {
            var before = gap < 0 ? groupCount : gap;
            var gapLength = 8 - groupCount;
            ulong high = 0, low = 0;
            for (var i = 0; i < groupCount; i++)
            {
                var place = i < before ? i : i + gapLength;
                var part = (ulong)groups[i] << (48 - (16 * (place & 3)));
                high |= place < 4 ? part : 0;
                low |= place < 4 ? 0 : part;
            }

            best = new V6Reading(
                start, end, resume, high, low, gap, gap < 0 ? 0 : gapLength, dotted, encodedColon && !plainColon);
            found = true;
        }
    }
}
