using System.Globalization;
using System.Text.RegularExpressions;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary><c>truncate-host</c> in text a second time: slow, with regular expressions.</summary>
internal static class ReferenceHosts
{
    public static string TruncateHost(string s)
    {
        var chains = new[] { "-", "_", @"\." }.SelectMany(separator => Chains(s, separator)).ToList();
        var cut = s;

        // From right to left, so that places further left stay what they are.
        foreach (var chain in chains
            .Where(chain => !chains.Any(other => other != chain && other.Groups[4].Index == chain.Groups[1].Index))
            .Where(chain => IsAddress(chain) && HoldsLetter(s, chain))
            .SelectMany(chain => new[] { chain.Groups[1], chain.Groups[4] })
            .OrderByDescending(number => number.Index))
        {
            cut = cut[..chain.Index] + "0" + cut[(chain.Index + chain.Length)..];
        }

        return cut;
    }

    /// <summary>Exactly four numbers of at most three digits, joined by one separator.</summary>
    private static IEnumerable<Match> Chains(string s, string separator) => Regex.Matches(
        s,
        $@"(?<![0-9])(?<![0-9]{separator})([0-9]{{1,3}}){separator}([0-9]{{1,3}}){separator}([0-9]{{1,3}}){separator}([0-9]{{1,3}})(?![0-9])(?!{separator}[0-9])");

    private static bool IsAddress(Match chain)
    {
        var numbers = Enumerable.Range(1, 4).Select(i => chain.Groups[i].Value).ToArray();
        var values = numbers.Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        var padded = numbers.Any(number => number.Length > 1 && number[0] == '0');
        var isDate = padded && numbers.All(number => number.Length == 2)
            && values[1] is >= 1 and <= 12 && values[2] is >= 1 and <= 31 && values[3] <= 23;
        return values.All(value => value <= 255) && !isDate && (padded || !chain.Value.Contains('.'));
    }

    private static bool HoldsLetter(string s, Match chain)
    {
        var before = s[Math.Max(0, chain.Index - 255)..chain.Index];
        var end = chain.Index + chain.Length;
        var behind = s[end..Math.Min(s.Length, end + 255)];
        return Regex.IsMatch(before, @"[A-Za-z][0-9._-]*\z") || Regex.IsMatch(behind, @"\A[0-9._-]*[A-Za-z]");
    }
}
