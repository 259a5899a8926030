using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>
/// The labelled set of <c>bench/anonymise</c>: lines of real-looking formats, with values whose results another address
/// library gave. Nothing that had to go stays, nothing else is touched.
/// </summary>
public sealed partial class LabelledSetTests
{
    private const int LinesOfTemplate = 80;
    private const int Least = 9_600;

    /// <summary>Each line, and what it must become.</summary>
    private static readonly IReadOnlyList<(string Text, string Expected)> Lines = Read();

    [Theory]
    [InlineData(VectorWidth.Scalar)]
    [InlineData(VectorWidth.V128)]
    [InlineData(VectorWidth.V256)]
    [InlineData(VectorWidth.V512)]
    internal void Nothing_is_left_behind_and_nothing_is_damaged(VectorWidth width)
    {
        Assert.True(Lines.Count >= Least);
        var plan = new StreamPlan(AddressBits.Default, HostNames.Truncate, []);
        var actual = Engine.Run(plan, string.Join('\n', Lines.Select(line => line.Text)), width).Split('\n');
        var wrong = Lines.Zip(actual).Where(pair => pair.First.Expected != pair.Second)
            .Select(pair => $"{pair.First.Text}\n  expected {pair.First.Expected}\n  actual   {pair.Second}").Take(5);
        Assert.Equal(Lines.Count, actual.Length);
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_line_by_itself_becomes_what_it_becomes_among_others()
    {
        var plan = new StreamPlan(AddressBits.Default, HostNames.Truncate, []);
        Assert.All(Lines, line => Assert.Equal(line.Expected, Engine.Run(plan, line.Text, VectorWidth.V256)));
        Assert.All(Lines, line => Assert.Equal(line.Expected, Engine.Run(plan, line.Expected, VectorWidth.V256)));
    }

    private static List<(string Text, string Expected)> Read()
    {
        var folder = Path.Combine(Folder(), "..", "..", "..", "bench", "anonymise", "labelled");
        var values = File.ReadLines(Path.Combine(folder, "values.tsv")).Select(line => line.Split('\t'))
            .GroupBy(row => row[0]).ToDictionary(kind => kind.Key, kind => kind.Select(row => (row[1], row[2])).ToArray());
        var templates = File.ReadLines(Path.Combine(folder, "templates.txt"))
            .Where(line => line.Length > 0 && !line.StartsWith("# ", StringComparison.Ordinal)).ToList();
        return [.. templates.SelectMany((template, t) => Enumerable.Range(0, LinesOfTemplate).Select(i => Fill(template, t, i, values)))];
    }

    private static (string Text, string Expected) Fill(
        string template, int t, int i, Dictionary<string, (string Original, string Cut)[]> values)
    {
        var number = (1_000_000 + (t * 1000) + i).ToString(CultureInfo.InvariantCulture);
        return (Fill(value => value.Original), Fill(value => value.Cut));

        string Fill(Func<(string Original, string Cut), string> side)
        {
            var slot = 0;
            var filled = Slot().Replace(template, match => match.Groups[1].Value switch
            {
                "n" => number,
                "esc" => "\u001b",
                var kind when values.TryGetValue(kind, out var some) => side(some[(i + (7 * slot++) + t) % some.Length]),
                _ => match.Value,
            });
            return Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(filled));
        }
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"\{([a-z0-9]+)\}")]
    private static partial Regex Slot();
}
