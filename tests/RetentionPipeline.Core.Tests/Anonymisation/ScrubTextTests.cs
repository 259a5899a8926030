using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using CsCheck;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary><c>scrub-text</c> over a labelled set: precision and recall of each recogniser.</summary>
public sealed partial class ScrubTextTests
{
    /// <summary>Kind, and the least precision and recall in per cent. The page tells the measured ones.</summary>
    [Theory]
    [InlineData("email", 100, 100)]
    [InlineData("ip", 100, 100)]
    [InlineData("mac", 100, 100)]
    [InlineData("card", 90, 100)]
    [InlineData("imei", 90, 100)]
    [InlineData("phone", 95, 80)]
    public void A_recogniser_finds_what_the_set_says(string kind, int precision, int recall)
    {
        var (found, right, wanted) = (0, 0, 0);
        var misses = new List<string>();
        foreach (var (region, marked) in Lines())
        {
            var plain = Marks().Replace(marked, match => match.Groups["value"].Value);
            var expected = Marks().Replace(marked, match => match.Groups["kind"].Value == kind ? $"[{kind}]" : match.Groups["value"].Value);
            var actual = Scrub(plain, kind, region);
            var values = Marks().Matches(marked).Where(match => match.Groups["kind"].Value == kind).ToList();
            var labels = actual.Split($"[{kind}]").Length - 1;
            wanted += values.Count;
            found += labels;
            right += actual == expected ? values.Count : 0;
            if (actual != expected)
            {
                misses.Add($"{marked} -> {actual}");
            }

            Assert.Equal(actual, Scrub(actual, kind, region));
        }

        var measured = $"{kind}: precision {100.0 * right / found:0.0} %, recall {100.0 * right / wanted:0.0} % of {wanted}";
        Assert.True(100 * right >= precision * found && 100 * right >= recall * wanted, $"{measured}\n{string.Join('\n', misses)}");
        Assert.Contains(measured, File.ReadAllText(PathOf("docs", "anonymisation.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void All_kinds_work_together_and_leave_their_own_labels()
    {
        const string text = "Ann (ann@shop.example, +49 30 23125 147) paid with 4111 1111 1111 1111 from 203.0.113.77, 00:1B:44:11:3A:B7, IMEI 490154203237518";
        const string expected = "Ann ([email], [phone]) paid with [card] from [ip], [mac], IMEI [imei]";
        Assert.Equal(expected, Scrub(text, "", "-"));
        Assert.Equal(expected, Scrub(expected, "", "-"));
    }

    [Theory]
    [InlineData("4111 1111 1111 1112")]
    [InlineData("490154203237519")]
    [InlineData("0000000000000000")]
    [InlineData("00:1B:44:11:3A:B7:00:01")]
    [InlineData("x4111111111111111y")]
    public void What_only_looks_like_one_stays(string text) => Assert.Equal(text, Scrub(text, "card imei mac", "-"));

    [Theory]
    [InlineData("7a80@a24.c960.@7a87.b53a325@21-5a1", "[email][email]@21-5a1")]
    [InlineData("ann@shop.example.bob@shop.example", "[email]@shop.example")]
    public void What_a_label_uncovers_is_found_too(string text, string expected) => Assert.Equal(expected, Scrub(text, "", "-"));

    /// <summary>Signs that make and part addresses and numbers, much closer together than in any text.</summary>
    [Theory]
    [InlineData("a1f.@-:%40 ")]
    [InlineData("0123456789abcdef.:- ")]
    [InlineData("0123456789 -+().")]
    public void Scrubbed_twice_is_scrubbed_once(string signs) => Gen.String[signs].Sample(
        text =>
        {
            var once = Scrub(text, "", "-");
            Assert.Equal(once, Scrub(once, "", "-"));
        },
        iter: 5_000);

    private static string Scrub(string text, string kinds, string region)
    {
        var parameters = new Dictionary<string, string> { ["kinds"] = kinds };
        if (region != "-")
        {
            parameters["region"] = region;
        }

        var made = OperatorCatalogue.ForField("scrub-text", "f", parameters, OperatorKeys.None);
        Assert.Empty(made.Problems);
        return made.Operator!.Apply(new Dictionary<string, object?> { ["f"] = text }).Select(change => (string)change.Value!).DefaultIfEmpty(text).Single();
    }

    private static IEnumerable<(string Region, string Marked)> Lines() =>
        File.ReadLines(PathOf("bench", "anonymise", "labelled", "scrub.txt")).Select(line => line.Split('\t', 2)).Select(parts => (parts[0], parts[1]));

    private static string PathOf(params string[] parts) => Path.Combine([Folder(), "..", "..", "..", .. parts]);

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"\{(?<kind>[a-z]+):(?<value>[^}]+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Marks();
}
