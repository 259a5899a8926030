using System.Globalization;
using System.Net;
using System.Text;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// The address grammar a second time, written from its text and from nothing else: slow, one character after the other,
/// with regular expressions and .NET's own address parser. What the engine does must be the same bytes.
/// </summary>
internal sealed partial class ReferenceGrammar(int v4, int v6)
{
    private const string Hex = "0123456789abcdefABCDEF";
    private const int RunMemory = 256;

    /// <summary>Characters are bytes (Latin-1).</summary>
    public string TruncateIp(string s)
    {
        var starts = RunStarts(s);
        var result = new StringBuilder();
        for (var at = 0; at < s.Length;)
        {
            // Behind a percent sign, an address behind the escape goes before one that begins with its two digits.
            var isEscape = Escape().IsMatch(s[..Math.Min(s.Length, at + 2)]) && at > 0 && s[at - 1] == '%';
            if (!(isEscape && Find(s, at + 2, starts) is not null) && Find(s, at, starts) is { } found)
            {
                result.Append(found.Text);
                at = found.End;
            }
            else
            {
                result.Append(s[at++]);
            }
        }

        return result.ToString();
    }

    private Found? Find(string s, int at, HashSet<int> starts) => at < s.Length && IsDelimited(s, at)
        ? Reverse(s, at) ?? (starts.Contains(at) ? Six(s, at) : null) ?? Four(s, at)
        : null;

    /// <summary>Rules 2 and 4: before an address.</summary>
    private static bool IsDelimited(string s, int at)
    {
        var before = s[..at];
        if (Escape().IsMatch(before))
        {
            return true;
        }

        // "Always the escape": its letter is not the address's first digit.
        if (before.EndsWith('\\') && s[at] is 'b' or 'f')
        {
            return false;
        }

        return !LetterOrDigitLast().IsMatch(before) && !DigitDotLast().IsMatch(before);
    }

    /// <summary>Rule 3: where a run of hex digits, dots and colons begins, at a delimited byte; no run holds two dots.</summary>
    private static HashSet<int> RunStarts(string s)
    {
        var starts = new HashSet<int>();
        var begun = -1;
        for (var at = 0; at < s.Length;)
        {
            var width = ColonWidth(s, at) > 0 ? ColonWidth(s, at) : Hex.Contains(s[at]) ? 1 : 0;
            var isDot = s[at] == '.' && (at == 0 || s[at - 1] != '.') && !(at + 1 < s.Length && s[at + 1] == '.');
            if (width == 0 && !isDot)
            {
                begun = -1;
                at++;
                continue;
            }

            if (width > 0 && IsDelimited(s, at))
            {
                var behindEscape = Escape().IsMatch(s[..at]) && !(at >= 3 && ColonWidth(s, at - 3) == 3);
                if (begun < 0 || at - begun > RunMemory || behindEscape)
                {
                    starts.Add(at);
                }

                begun = at;
            }

            at += Math.Max(1, width);
        }

        return starts;
    }

    /// <summary>Rule 8.</summary>
    private Found? Reverse(string s, int at)
    {
        var rest = s[at..];
        if (ReverseFour().Match(rest) is { Success: true } four && ReadFour(four.Groups[1].Value) is { } numbers)
        {
            var padded = IsPadded(four.Groups[1].Value);
            var cut = numbers.Reverse().ToArray();
            Mask(cut, 0, v4);
            var text = WriteFour([.. cut.Reverse()], padded);
            return new Found(text + four.Groups[2].Value, at + four.Length);
        }

        if (ReverseSix().Match(rest) is { Success: true } six)
        {
            var nibbles = six.Groups[1].Value.Split('.');
            var bytes = Convert.FromHexString(string.Concat(nibbles.Reverse()));
            var cut = bytes.ToArray();
            Mask(cut, 0, v6);
            CutSixToFour(bytes, cut);
            var texts = Convert.ToHexStringLower(cut).Reverse().Select((nibble, i) =>
                Convert.ToInt32(nibbles[i], 16) == Convert.ToInt32(nibble.ToString(), 16) ? nibbles[i] : nibble.ToString());
            return new Found(string.Join('.', texts) + six.Groups[2].Value, at + six.Length);
        }

        return null;
    }

    /// <summary>Rules 1, 2, 3 and 7: the longest reading, one leading colon apart.</summary>
    private Found? Six(string s, int at)
    {
        foreach (var start in new[] { at, at + ColonWidth(s, at) }.Distinct())
        {
            for (var end = Math.Min(s.Length, start + 60); end > start + 1; end--)
            {
                var written = s[start..end];
                var plain = Encoded().Replace(written, ":");
                var rest = s[end..];
                if (!IsSix(plain))
                {
                    continue;
                }

                if (EndsSix(rest))
                {
                    return new Found(s[at..start] + CutSix(written, plain, eight: false), end);
                }

                if (!plain.Contains("::", StringComparison.Ordinal) && !plain.Contains('.')
                    && JavaPort().Match(rest) is { Success: true } port
                    && int.Parse(port.Groups[2].Value, CultureInfo.InvariantCulture) <= 65535 && EndsSix(rest[port.Length..]))
                {
                    return new Found(s[at..start] + CutSix(written, plain, eight: true) + port.Value, end + port.Length);
                }
            }
        }

        return null;
    }

    private Found? Four(string s, int at)
    {
        var match = FourNumbers().Match(s[at..]);
        var rest = s[(at + match.Length)..];
        if (!match.Success || ReadFour(match.Value) is not { } numbers || LetterOrDigitFirst().IsMatch(rest) || NumberLabel().IsMatch(rest))
        {
            return null;
        }

        var cut = numbers.ToArray();
        Mask(cut, 0, v4);
        return new Found(WriteFour(cut, IsPadded(match.Value)), at + match.Length);
    }

    /// <summary>Rule 2 behind IPv6: colons, tcpdump's port.</summary>
    private static bool EndsSix(string rest)
    {
        if (LetterOrDigitFirst().IsMatch(rest) || ColonGoesOn().IsMatch(rest))
        {
            return false;
        }

        var label = NumberLabel().Match(rest);
        return !label.Success || (label.Length <= 6 && !NumberLabel().IsMatch(rest[label.Length..]));
    }

    private static bool IsSix(string text)
    {
        var halves = text.Split("::");
        if (halves.Length > 2)
        {
            return false;
        }

        var groups = 0;
        for (var half = 0; half < halves.Length; half++)
        {
            var parts = halves[half].Length == 0 && halves.Length == 2 ? [] : halves[half].Split(':');
            for (var i = 0; i < parts.Length; i++)
            {
                var isLast = half == halves.Length - 1 && i == parts.Length - 1;
                if (Group().IsMatch(parts[i]))
                {
                    groups++;
                }
                else if (isLast && FourNumbers().Match(parts[i]).Length == parts[i].Length && parts[i].Contains('.')
                    && ReadFour(parts[i]) is not null && !IsPadded(parts[i]))
                {
                    groups += 2;
                }
                else
                {
                    return false;
                }
            }
        }

        // Eight groups of two digits are a fingerprint (rule 5).
        return halves.Length == 2 ? groups <= 7 : groups == 8 && !Fingerprint().IsMatch(text);
    }

    /// <summary>Rules 6, 7 and 9.</summary>
    private string CutSix(string written, string plain, bool eight)
    {
        var bytes = IPAddress.Parse(plain).GetAddressBytes();
        var cut = bytes.ToArray();
        var mapped = IPAddress.Parse(plain).IsIPv4MappedToIPv6;
        if (mapped)
        {
            Mask(cut, 12, v4);
        }
        else
        {
            Mask(cut, 0, v6);
            CutSixToFour(bytes, cut);
        }

        if (cut.SequenceEqual(bytes))
        {
            return written;
        }

        var groups = Enumerable.Range(0, 8)
            .Select(i => ((cut[2 * i] << 8) | cut[(2 * i) + 1]).ToString("x", CultureInfo.InvariantCulture)).ToArray();
        var text = eight ? string.Join(':', groups)
            : mapped && plain.Contains('.') ? "::ffff:" + string.Join('.', cut[12..].Select(n => (int)n))
            : mapped ? $"::ffff:{groups[6]}:{groups[7]}"
            : Shortest(groups);
        if (Spell(text, written).Length > written.Length)
        {
            // Rule 11: no line grows. The double colon stays where it was.
            var left = plain.Split("::")[0].Split(':', StringSplitOptions.RemoveEmptyEntries).Length;
            var right = plain.Split("::")[1].Split(':', StringSplitOptions.RemoveEmptyEntries).Length + (plain.Contains('.') ? 1 : 0);
            text = string.Join(':', groups[..left]) + "::" + string.Join(':', groups[(8 - right)..]);
        }

        return Spell(text, written);
    }

    /// <summary>Rule 4: written with %3A if every colon of the original was.</summary>
    private static string Spell(string text, string written) =>
        written.Contains(':') ? text : text.Replace(":", Encoded().Match(written).Value, StringComparison.Ordinal);

    private static int ColonWidth(string s, int at) =>
        s[at] == ':' ? 1 : string.Compare(s, at, "%3a", 0, 3, StringComparison.OrdinalIgnoreCase) == 0 ? 3 : 0;

    private sealed record Found(string Text, int End);
}
