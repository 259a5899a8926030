namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Four numbers in a name that spell out an address: what becomes 0.</summary>
/// <param name="FirstAt">Where the first number begins.</param>
/// <param name="FirstLength">Its digits.</param>
/// <param name="LastAt">Where the last number begins.</param>
/// <param name="End">Where the last number ends.</param>
internal readonly record struct HostEdit(int FirstAt, int FirstLength, int LastAt, int End);

/// <summary>
/// <c>truncate-host</c>: decides whether a marked separator is the third of a chain of exactly four numbers 0 to 255,
/// joined by one kind of separator, in a name that holds a letter. Looks at a bounded window only.
/// </summary>
internal static class HostFinder
{
    /// <summary>A name has at most so many bytes (RFC 1035): a letter further away is none of this name.</summary>
    private const int LongestName = 255;

    /// <summary>The mark is a separator behind a digit, with two more of any kind close before it.</summary>
    public static bool TryFind(ReadOnlySpan<byte> s, int mark, out HostEdit edit)
    {
        edit = default;
        var separator = s[mark];
        var lastEnd = DigitsEnd(s, mark + 1);
        if (lastEnd == mark + 1 || GoesOnBehind(s, lastEnd, separator)
            || !TryChainBefore(s, mark + 1, separator, out var first, out var second, out var third)
            || IsTaken(s, first, separator))
        {
            return false;
        }

        var facts = default(Numbers);
        if (!facts.Add(s[first..(second - 1)]) || !facts.Add(s[second..(third - 1)])
            || !facts.Add(s[third..mark]) || !facts.Add(s[(mark + 1)..lastEnd])
            || facts.IsDate || (separator == '.' && !facts.ZeroPadded) || !HoldsLetter(s, first, lastEnd))
        {
            return false;
        }

        edit = new HostEdit(first, second - 1 - first, mark + 1, lastEnd);
        return true;
    }

    /// <summary>Exactly three numbers, joined by this separator, stand before the number that begins here.</summary>
    private static bool TryChainBefore(
        ReadOnlySpan<byte> s, int last, byte separator, out int first, out int second, out int third)
    {
        third = NumberBefore(s, last, separator);
        second = third < 0 ? -1 : NumberBefore(s, third, separator);
        first = second < 0 ? -1 : NumberBefore(s, second, separator);
        return first >= 0 && !GoesOnBefore(s, first, separator);
    }

    /// <summary>
    /// A number belongs to one chain: where four numbers joined by another separator end at this one, it is theirs. Told
    /// from what does not change when names are cut, so that a second run decides the same.
    /// </summary>
    private static bool IsTaken(ReadOnlySpan<byte> s, int at, byte separator) =>
        at > 0 && IsSeparator(s[at - 1]) && s[at - 1] != separator
        && TryChainBefore(s, at, s[at - 1], out _, out _, out _);

    private static bool IsSeparator(byte b) => b is (byte)'-' or (byte)'_' or (byte)'.';

    /// <summary>Where the number of one to three digits begins that this separator joins to the one here; or -1.</summary>
    private static int NumberBefore(ReadOnlySpan<byte> s, int next, byte separator)
    {
        var end = next - 1;
        if (end < 1 || s[end] != separator)
        {
            return -1;
        }

        var at = end;
        while (at > 0 && end - at < 3 && AsciiBytes.IsDigit(s[at - 1]))
        {
            at--;
        }

        return at < end && (at == 0 || !AsciiBytes.IsDigit(s[at - 1])) ? at : -1;
    }

    private static int DigitsEnd(ReadOnlySpan<byte> s, int at)
    {
        var start = at;
        while (at < s.Length && at - start < 4 && AsciiBytes.IsDigit(s[at]))
        {
            at++;
        }

        return at;
    }

    /// <summary>A digit touches the first number, or a fifth number is joined to it in the same way.</summary>
    private static bool GoesOnBefore(ReadOnlySpan<byte> s, int first, byte separator) =>
        first > 0 && (AsciiBytes.IsDigit(s[first - 1])
            || (s[first - 1] == separator && first > 1 && AsciiBytes.IsDigit(s[first - 2])));

    private static bool GoesOnBehind(ReadOnlySpan<byte> s, int end, byte separator) =>
        end < s.Length && (AsciiBytes.IsDigit(s[end])
            || (s[end] == separator && end + 1 < s.Length && AsciiBytes.IsDigit(s[end + 1])));

    private static bool HoldsLetter(ReadOnlySpan<byte> s, int first, int end)
    {
        for (var at = end; at < s.Length && at - end < LongestName && IsName(s[at]); at++)
        {
            if (AsciiBytes.IsLetter(s[at]))
            {
                return true;
            }
        }

        for (var at = first - 1; at >= 0 && first - at <= LongestName && IsName(s[at]); at--)
        {
            if (AsciiBytes.IsLetter(s[at]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsName(byte b) => AsciiBytes.IsLetterOrDigit(b) || IsSeparator(b);

    /// <summary>What the four numbers tell together.</summary>
    private struct Numbers
    {
        private int count;
        private int twoDigits;
        private int dateParts;

        public bool ZeroPadded { get; private set; }

        /// <summary>yy-mm-dd-hh with a leading zero: the name of a log file.</summary>
        public readonly bool IsDate => twoDigits == 4 && dateParts == 4 && ZeroPadded;

        /// <summary>False for a number above 255.</summary>
        public bool Add(ReadOnlySpan<byte> digits)
        {
            var value = 0;
            foreach (var digit in digits)
            {
                value = (value * 10) + digit - '0';
            }

            ZeroPadded |= digits.Length > 1 && digits[0] == '0';
            twoDigits += digits.Length == 2 ? 1 : 0;
            dateParts += count switch
            {
                1 => value is >= 1 and <= 12 ? 1 : 0,
                2 => value is >= 1 and <= 31 ? 1 : 0,
                3 => value <= 23 ? 1 : 0,
                _ => 1,
            };
            count++;
            return digits.Length <= 3 && value <= 255;
        }
    }
}
