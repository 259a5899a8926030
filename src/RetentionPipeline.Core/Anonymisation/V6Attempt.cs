using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>One reading from left to right. Every prefix that is an address replaces the shorter one before it.</summary>
internal ref struct V6Attempt(ReadOnlySpan<byte> s, int start)
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
        var width = AddressReader.ColonWidth(s, at);
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
            width = AddressReader.ColonWidth(s, at);
            EndAt(at);
            if (width == 0)
            {
                return;
            }

            if (AddressReader.ColonWidth(s, at + width) > 0)
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
        var second = AddressReader.ColonWidth(s, at + width);
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
        if ((gap < 0 ? count == 6 : count <= 5) && AddressReader.TryReadV4(s, at, out var four) && !four.Padded && AddressReader.MayEndV6(s, four.End))
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
            if (count <= 7 && AddressReader.MayEndV6(s, at))
            {
                Accept(at, at, count, dotted: false);
            }
        }
        else if (count == 8 && twoDigitGroups < 8)
        {
            // Eight groups of two digits are a fingerprint.
            var resume = AddressReader.MayEndV6(s, at) ? at : JavaPortEnd(at);
            if (resume > 0)
            {
                Accept(at, resume, 8, dotted: false);
            }
        }
    }

    /// <summary>Rule 7: a colon and a port of one to five digits, ended as an address is; else -1.</summary>
    private readonly int JavaPortEnd(int at)
    {
        var first = at + AddressReader.ColonWidth(s, at);
        if (first == at)
        {
            return -1;
        }

        var (end, port) = (first, 0);
        while (end < s.Length && end - first < 6 && AsciiBytes.IsDigit(s[end]))
        {
            port = (port * 10) + (s[end++] - '0');
        }

        return end - first is >= 1 and <= 5 && port <= 65535 && AddressReader.MayEndV6(s, end) ? end : -1;
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

    [InlineArray(8)]
    private struct Groups
    {
        private ushort first;
    }
}
