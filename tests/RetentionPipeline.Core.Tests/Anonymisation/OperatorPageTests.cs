using System.Globalization;
using System.Runtime.CompilerServices;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Core.Tests.Anonymisation;

/// <summary>Each example of the table of operators in <c>docs/anonymisation.md</c> is what the operator does.</summary>
public sealed class OperatorPageTests
{
    private static readonly OperatorKeys Keys = new(new Dictionary<KeyUse, byte[]>
    {
        [new KeyUse("visitors", 1)] = [.. Enumerable.Range(0, 32).Select(number => (byte)number)],
    });

    public static TheoryData<string> Examples => [.. Rows().Select(row => string.Join('|', row))];

    [Theory, MemberData(nameof(Examples))]
    public void An_example_is_what_happens(string example)
    {
        var row = example.Split('|');
        var parameters = row[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        if (row[1] == "text")
        {
            var plan = new StreamPlan(null, HostNames.Keep, []);
            Assert.Empty(OperatorCatalogue.AddToStream(row[0], null, parameters, OperatorKeys.None, ref plan));
            Assert.Equal(row[4], Engine.Run(plan, row[3], VectorWidth.V256));
            return;
        }

        var made = OperatorCatalogue.ForField(row[0], "f", parameters, Keys).Operator!;
        Assert.Equal(row[4], After(made, Value(row[3])));
        if (row[4] is not ("null" or "nothing, its name included") && row[0] != "shift-date")
        {
            Assert.Equal(row[4], After(made, Value(row[4])));
        }
    }

    [Fact]
    public void Each_operator_has_an_example_or_a_sentence()
    {
        var page = File.ReadAllText(Page());
        Assert.All(OperatorCatalogue.FieldOperators, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
        Assert.True(Rows().Count() >= 16);
    }

    private static string After(IFieldOperator made, object value)
    {
        var changes = made.Apply(new Dictionary<string, object?> { ["f"] = value, ["who"] = "ann" }).ToList();
        return changes is [var (_, changed)]
            ? changed switch
            {
                null => "null",
                DroppedField => "nothing, its name included",
                _ => Convert.ToString(changed, CultureInfo.InvariantCulture)!,
            }
            : Convert.ToString(value, CultureInfo.InvariantCulture)!;
    }

    private static object Value(string text) =>
        text.Length < 10 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static IEnumerable<string[]> Rows() => File.ReadLines(Page())
        .SkipWhile(line => !line.StartsWith("| operator | field |", StringComparison.Ordinal)).Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim().Trim('`').Trim()).ToArray());

    private static string Page([CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "docs", "anonymisation.md");
}
