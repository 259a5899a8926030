namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Numbers of cards and devices: digits in one group, or in several with one kind of joint, that pass Luhn's check.</summary>
internal static class DigitForms
{
    private const int Longest = 19;
    private const int ImeiLength = 15;

    /// <summary>Bodies that give out type allocation codes (GSMA TS.06); what begins otherwise is no IMEI.</summary>
    private static readonly string[] ImeiBodies =
        ["01", "10", "30", "33", "35", "44", "45", "49", "50", "51", "52", "53", "54", "86", "91", "98", "99"];

    /// <summary>Where groups of digits that follow one another make a number of the form.</summary>
    public static IEnumerable<Range> Find(string text, Func<string, bool> isForm)
    {
        var groups = Groups(text).ToList();
        for (var first = 0; first < groups.Count; first++)
        {
            var (digits, best) = ("", -1);
            for (var last = first; last < groups.Count && digits.Length <= Longest; last++)
            {
                if (last > first && !Follows(text, groups, first, last))
                {
                    break;
                }

                digits += text[groups[last].Start..groups[last].End];
                best = digits.Length <= Longest && IsPlain(text, groups[first].Start, groups[last].End) && isForm(digits) ? last : best;
            }

            if (best >= 0)
            {
                yield return groups[first].Start..groups[best].End;
                first = best;
            }
        }
    }

    /// <summary>A payment card (ISO/IEC 7812): 13 to 19 digits of an issuer's range, Luhn.</summary>
    public static bool IsCard(string digits) => digits.Length switch
    {
        < 13 or > Longest => false,
        15 => digits[..2] is "34" or "37",
        14 => digits[..2] is "36" or "38" or "39" || IsBetween(digits, 300, 305),
        _ => digits[0] is '4' or '6' || IsBetween(digits, 510, 559) || IsBetween(digits, 222, 272) || IsBetween(digits, 352, 358)
            || digits[..2] is "50" or "56" or "57" or "58",
    } && PassesLuhn(digits);

    /// <summary>A mobile device (3GPP TS 23.003): 15 digits, Luhn.</summary>
    public static bool IsImei(string digits) =>
        digits.Length == ImeiLength && ImeiBodies.Contains(digits[..2]) && PassesLuhn(digits);

    private static bool IsBetween(string digits, int least, int most) =>
        int.Parse(digits.AsSpan(0, 3), CultureInfo.InvariantCulture) is var head && head >= least && head <= most;

    private static bool PassesLuhn(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? (2 * digit) - 9 : 2 * digit;
        }

        return sum % 10 == 0 && digits.AsSpan().ContainsAnyExcept('0');
    }

    private static IEnumerable<(int Start, int End)> Groups(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            if (at > start)
            {
                yield return (start, at);
            }
        }
    }

    /// <summary>One blank, hyphen or (in IMEIs) slash between two groups, and the same between all; no group of one digit but the last.</summary>
    private static bool Follows(string text, List<(int Start, int End)> groups, int first, int last) =>
        groups[last].Start == groups[last - 1].End + 1 && text[groups[last - 1].End] is ' ' or '-' or '/'
        && text[groups[last - 1].End] == text[groups[first].End] && groups[last - 1].End - groups[last - 1].Start > 1;

    /// <summary>No letter, and no digit behind a mark of a larger number, touches it.</summary>
    private static bool IsPlain(string text, int start, int end) =>
        (start == 0 || !(char.IsLetter(text[start - 1]) || (text[start - 1] is '.' or ',' or '-' && start > 1 && char.IsAsciiDigit(text[start - 2]))))
        && (end == text.Length || !(char.IsLetter(text[end]) || (text[end] is '.' or ',' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1]))));
}
