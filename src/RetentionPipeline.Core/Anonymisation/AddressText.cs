using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>truncate-ip</c> over bytes: finds every address of the grammar and writes it cut; all other bytes stay. Works on a
/// segment that ends where no address can go on.
/// </summary>
internal static class AddressText
{
    private const int LongestV6 = 64;

    /// <summary>Writes the segment with its addresses cut; returns how many were.</summary>
    public static int Cut(ReadOnlySpan<byte> s, AddressBits bits, IBufferWriter<byte> output)
    {
        var (copied, edits, runEnd) = (0, 0, 0);
        Span<byte> numbers = stackalloc byte[4];
        for (var at = 0; at < s.Length;)
        {
            var b = s[at];
            if (!AddressParser.IsHex(b) && b != ':' && b != '%')
            {
                at++;
                continue;
            }

            if (AddressParser.MayBegin(s, at))
            {
                if (ReverseNames.TryCut(s, at, bits, out var reverse))
                {
                    Replace(s, reverse.At, reverse.Length, reverse.Text, output, ref copied, ref edits);
                    at = reverse.End;
                    continue;
                }

                // At most one IPv6 address in a run, at its start.
                if (at >= runEnd)
                {
                    runEnd = RunEnd(s, at);
                    if (TryV6(s, at, runEnd, bits, out var v6))
                    {
                        Replace(s, v6.At, v6.Length, v6.Text, output, ref copied, ref edits);
                        at = v6.End;
                        continue;
                    }
                }

                if (AddressParser.IsDigit(b)
                    && AddressParser.ReadV4(s, at, numbers, out var padded) is > 0 and var end
                    && AddressParser.MayEndV4(s, end))
                {
                    Replace(s, at, end - at, AddressWriter.CutV4(numbers, padded, bits.V4), output, ref copied, ref edits);
                    at = end;
                    continue;
                }
            }

            at++;
        }

        output.Write(s[copied..]);
        return edits;
    }

    private static void Replace(
        ReadOnlySpan<byte> s, int at, int length, byte[]? text, IBufferWriter<byte> output, ref int copied, ref int edits)
    {
        if (text is null)
        {
            return;
        }

        output.Write(s[copied..at]);
        output.Write(text);
        copied = at + length;
        edits++;
    }

    /// <summary>Where the run of hex digits, dots and colons ends that begins here.</summary>
    private static int RunEnd(ReadOnlySpan<byte> s, int at)
    {
        while (at < s.Length)
        {
            if (AddressParser.IsHex(s[at]) || s[at] is (byte)'.' or (byte)':')
            {
                at++;
            }
            else if (AddressParser.ReadColon(s, at) is { IsColon: true, Width: var width })
            {
                at += width;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>The longest reading of the run's start that is an address, one leading colon apart.</summary>
    private static bool TryV6(ReadOnlySpan<byte> s, int at, int runEnd, AddressBits bits, out Edit edit)
    {
        edit = default;
        var (colon, width) = AddressParser.ReadColon(s, at);
        if (colon && !AddressParser.ReadColon(s, at + width).IsColon)
        {
            at += width;
        }

        if (s[at..runEnd].IndexOfAny((byte)':', (byte)'%') < 0)
        {
            return false;
        }

        Span<ushort> groups = stackalloc ushort[8];
        for (var end = Math.Min(runEnd, at + LongestV6); end >= at + 2; end--)
        {
            if (!AddressParser.TryReadV6(s[at..end], groups, out var form) || form.AllTwoDigits)
            {
                continue;
            }

            if (AddressParser.MayEndV6(s, end))
            {
                edit = new Edit(at, end - at, AddressWriter.CutV6(groups, form, bits), end);
                return true;
            }

            if (form is { EightGroups: true, Dotted: false } && JavaPortEnd(s, end) is > 0 and var portEnd)
            {
                edit = new Edit(at, end - at, AddressWriter.CutEightGroups(groups, form, bits), portEnd);
                return true;
            }
        }

        return false;
    }

    /// <summary>Rule 7: a colon and a port of one to five decimal digits, ended as an IPv6 address is; else -1.</summary>
    private static int JavaPortEnd(ReadOnlySpan<byte> s, int at)
    {
        var (colon, width) = AddressParser.ReadColon(s, at);
        if (!colon)
        {
            return -1;
        }

        var start = at + width;
        var end = start;
        var port = 0;
        while (end < s.Length && end - start < 6 && AddressParser.IsDigit(s[end]))
        {
            port = (port * 10) + (s[end++] - '0');
        }

        return end - start is >= 1 and <= 5 && port <= 65535 && AddressParser.MayEndV6(s, end) ? end : -1;
    }
}

/// <summary>What to put where: null text leaves the bytes. Reading goes on at <paramref name="End"/>.</summary>
internal readonly record struct Edit(int At, int Length, byte[]? Text, int End);
