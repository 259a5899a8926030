namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Where an address may begin (rules 2 and 4 of the grammar in <c>docs/anonymisation.md</c>). Looks back over a bounded
/// number of bytes, so that a window decides as the whole stream does.
/// </summary>
internal static class Delimiting
{
    private const byte Escape = 0x1b;
    private const int LongestColour = 64;

    /// <summary>Neither a letter, a digit nor a dot behind a digit stands before this byte; or an escape ends there.</summary>
    public static bool IsDelimited(ReadOnlySpan<byte> s, int at)
    {
        if (at == 0)
        {
            return true;
        }

        var before = s[at - 1];
        return before switch
        {
            (byte)'.' => at < 2 || !AsciiBytes.IsDigit(s[at - 2]),

            // The letter of an escape is never the first digit of an address: \fe80::1 is \f and e80::1.
            (byte)'\\' => s[at] is not ((byte)'b' or (byte)'f'),
            _ => !AsciiBytes.IsLetterOrDigit(before) || EndsEscape(s, at),
        };
    }

    /// <summary>
    /// A percent sign stands before this byte, and two hex digits are here: an address begins behind the escape if there
    /// is one, and only else right here.
    /// </summary>
    public static bool IsEncodedByte(ReadOnlySpan<byte> s, int at) =>
        at > 0 && s[at - 1] == '%' && at + 1 < s.Length && AsciiBytes.IsHex(s[at]) && AsciiBytes.IsHex(s[at + 1]);

    /// <summary>
    /// Rule 4: an escape ends right here, and delimits although its last byte is a letter or digit:
    /// <c>\n \r \t \b \f \uXXXX %XX ESC[32m</c>.
    /// </summary>
    public static bool EndsEscape(ReadOnlySpan<byte> s, int at)
    {
        if (at < 2)
        {
            return false;
        }

        var last = s[at - 1];
        if (s[at - 2] == '\\')
        {
            return last is (byte)'n' or (byte)'r' or (byte)'t' or (byte)'b' or (byte)'f';
        }

        if (last == 'm')
        {
            return EndsColour(s[..(at - 1)]);
        }

        if (at < 3 || !AsciiBytes.IsHex(last) || !AsciiBytes.IsHex(s[at - 2]))
        {
            return false;
        }

        return s[at - 3] == '%'
            || (at >= 6 && s[at - 6] == '\\' && s[at - 5] == 'u' && AsciiBytes.IsHex(s[at - 4]) && AsciiBytes.IsHex(s[at - 3]));
    }

    /// <summary><c>ESC[</c> digits and semicolons; the escape byte itself, or written \u001b, \x1b, \e, \033.</summary>
    private static bool EndsColour(ReadOnlySpan<byte> before)
    {
        var n = before.Length;
        var first = Math.Max(0, n - LongestColour);
        while (n > first && (AsciiBytes.IsDigit(before[n - 1]) || before[n - 1] == ';'))
        {
            n--;
        }

        if (n == 0 || before[n - 1] != '[')
        {
            return false;
        }

        var lead = before[..(n - 1)];
        return (lead.Length > 0 && lead[^1] == Escape)
            || lead.EndsWith("\\u001b"u8) || lead.EndsWith("\\u001B"u8)
            || lead.EndsWith("\\x1b"u8) || lead.EndsWith("\\x1B"u8)
            || lead.EndsWith("\\e"u8) || lead.EndsWith("\\033"u8);
    }
}
