using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>truncate-host</c> over bytes: names that spell out an address in four numbers, as providers write the reverse DNS
/// of dial-up customers. The first and the last number become 0, since both orders are in use.
/// </summary>
internal static class HostText
{
    /// <summary>Writes the segment with such numbers zeroed; returns how many names were changed.</summary>
    public static int Cut(ReadOnlySpan<byte> s, IBufferWriter<byte> output)
    {
        var (copied, edits) = (0, 0);
        for (var at = 0; at < s.Length;)
        {
            if (!IsName(s[at]))
            {
                at++;
                continue;
            }

            var start = at;
            var letter = false;
            while (at < s.Length && IsName(s[at]))
            {
                letter |= AddressParser.IsLetterOrDigit(s[at]) && !AddressParser.IsDigit(s[at]);
                at++;
            }

            if (letter)
            {
                CutName(s, start, at, output, ref copied, ref edits);
            }
        }

        output.Write(s[copied..]);
        return edits;
    }

    private static void CutName(
        ReadOnlySpan<byte> s, int start, int end, IBufferWriter<byte> output, ref int copied, ref int edits)
    {
        Span<(int At, int Length)> chain = stackalloc (int, int)[4];
        for (var at = start; at < end;)
        {
            if (!AddressParser.IsDigit(s[at]))
            {
                at++;
                continue;
            }

            var (count, next) = ReadChain(s, at, end, chain, out var separator);
            if (count == 4 && IsAddress(s, chain, separator))
            {
                foreach (var (numberAt, length) in new[] { chain[0], chain[3] })
                {
                    if (length == 1 && s[numberAt] == '0')
                    {
                        continue;
                    }

                    output.Write(s[copied..numberAt]);
                    output.Write("0"u8);
                    copied = numberAt + length;
                    edits++;
                }
            }

            at = next;
        }
    }

    /// <summary>
    /// Numbers joined by one kind of separator, as many as there are; the first four are kept. A chain ends where another
    /// separator or a letter follows a number.
    /// </summary>
    private static (int Count, int Next) ReadChain(
        ReadOnlySpan<byte> s, int at, int end, Span<(int At, int Length)> chain, out byte separator)
    {
        separator = 0;
        for (var count = 0; ;)
        {
            var number = at;
            while (at < end && AddressParser.IsDigit(s[at]))
            {
                at++;
            }

            if (count < 4)
            {
                chain[count] = (number, at - number);
            }

            count++;
            var joins = at + 1 < end && s[at] is (byte)'-' or (byte)'_' or (byte)'.' && AddressParser.IsDigit(s[at + 1])
                && (separator == 0 || s[at] == separator);
            if (!joins)
            {
                // A number behind another kind of separator belongs to no address of ours, nor does this chain to its.
                return (count, at);
            }

            separator = s[at++];
        }
    }

    private static bool IsAddress(ReadOnlySpan<byte> s, ReadOnlySpan<(int At, int Length)> chain, byte separator)
    {
        Span<int> values = stackalloc int[4];
        var (zeroPadded, allTwoDigits) = (false, true);
        for (var i = 0; i < 4; i++)
        {
            var (at, length) = chain[i];
            if (length > 3)
            {
                return false;
            }

            for (var digit = 0; digit < length; digit++)
            {
                values[i] = (values[i] * 10) + (s[at + digit] - '0');
            }

            if (values[i] > 255)
            {
                return false;
            }

            zeroPadded |= length > 1 && s[at] == '0';
            allTwoDigits &= length == 2;
        }

        var isDate = allTwoDigits && zeroPadded
            && values[1] is >= 1 and <= 12 && values[2] is >= 1 and <= 31 && values[3] <= 23;
        return !isDate && (separator != '.' || zeroPadded);
    }

    private static bool IsName(byte b) => AddressParser.IsLetterOrDigit(b) || b is (byte)'.' or (byte)'-' or (byte)'_';
}
