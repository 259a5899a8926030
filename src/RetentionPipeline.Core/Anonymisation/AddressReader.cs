
namespace RetentionPipeline.Core.Anonymisation;

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
}
