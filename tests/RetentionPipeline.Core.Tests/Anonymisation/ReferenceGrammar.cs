using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

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

    /// <summary>RFC 5952, section 4.2.</summary>
    private static string Shortest(string[] groups)
    {
        for (var length = 8; length >= 2; length--)
        {
            for (var at = 0; at + length <= 8; at++)
            {
                if (groups[at..(at + length)].All(group => group == "0"))
                {
                    return string.Join(':', groups[..at]) + "::" + string.Join(':', groups[(at + length)..]);
                }
            }
        }

        return string.Join(':', groups);
    }

    private void CutSixToFour(byte[] original, byte[] cut)
    {
        if (original[0] == 0x20 && original[1] == 0x02)
        {
            var rest = cut[6..];
            Mask(cut, 2, v4);
            rest.CopyTo(cut, 6);
        }
    }

    private static void Mask(byte[] bytes, int from, int keep)
    {
        for (var bit = keep; bit < 8 * (bytes.Length - from); bit++)
        {
            bytes[from + (bit / 8)] &= (byte)~(0x80 >> (bit % 8));
        }
    }

    private static byte[]? ReadFour(string text)
    {
        var parts = text.Split('.');
        var plain = parts.All(part => part.Length == 1 || part[0] != '0');
        var allThree = parts.All(part => part.Length == 3);
        return parts.All(part => part.Length <= 3 && int.Parse(part, CultureInfo.InvariantCulture) <= 255) && (plain || allThree)
            ? [.. parts.Select(part => byte.Parse(part, CultureInfo.InvariantCulture))]
            : null;
    }

    private static bool IsPadded(string text) => text.Split('.').Any(part => part.Length > 1 && part[0] == '0');

    private static string WriteFour(byte[] numbers, bool padded) =>
        string.Join('.', numbers.Select(n => n.ToString(padded ? "000" : "0", CultureInfo.InvariantCulture)));

    private static int ColonWidth(string s, int at) =>
        s[at] == ':' ? 1 : string.Compare(s, at, "%3a", 0, 3, StringComparison.OrdinalIgnoreCase) == 0 ? 3 : 0;

    [GeneratedRegex(@"(\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|(\x1b|\\u001[bB]|\\x1[bB]|\\e|\\033)\[[0-9;]{0,64}m)\z", RegexOptions.RightToLeft)]
    private static partial Regex Escape();

    [GeneratedRegex(@"[0-9A-Za-z]\z", RegexOptions.RightToLeft)]
    private static partial Regex LetterOrDigitLast();

    [GeneratedRegex(@"[0-9]\.\z", RegexOptions.RightToLeft)]
    private static partial Regex DigitDotLast();

    [GeneratedRegex(@"\A[0-9A-Za-z]")]
    private static partial Regex LetterOrDigitFirst();

    [GeneratedRegex(@"\A\.[0-9]{1,64}(?![0-9A-Za-z])")]
    private static partial Regex NumberLabel();

    [GeneratedRegex(@"\A(:|%3[Aa])([0-9A-Fa-f]|:|%3[Aa])")]
    private static partial Regex ColonGoesOn();

    [GeneratedRegex(@"\A[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")]
    private static partial Regex FourNumbers();

    [GeneratedRegex(@"\A(:|%3[Aa])([0-9]{1,5})(?![0-9])")]
    private static partial Regex JavaPort();

    [GeneratedRegex(@"\A([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(\.in-addr\.arpa)(?![0-9A-Za-z])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReverseFour();

    [GeneratedRegex(@"\A([0-9a-f](?:\.[0-9a-f]){31})(\.ip6\.arpa)(?![0-9A-Za-z])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReverseSix();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{1,4}\z")]
    private static partial Regex Group();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){7}\z")]
    private static partial Regex Fingerprint();

    [GeneratedRegex(@"%3[Aa]")]
    private static partial Regex Encoded();

    private sealed record Found(string Text, int End);
}
