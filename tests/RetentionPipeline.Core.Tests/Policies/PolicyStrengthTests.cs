using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Tests.Policies;

/// <summary>What the rules of a policy leave of a person, and how alike the records of a sample become.</summary>
public sealed class PolicyStrengthTests
{
    [Fact]
    public void Of_a_rule_that_generalises_everything_else_the_person_is_left() =>
        Assert.Equal("CustomerId subject-kept", Told(Of("[{field: Age, operator: round-number, to: 10}, {field: Postcode, operator: 'null'}]")));

    /// <summary>Operators on a dataset with subject CustomerId and quasi-identifiers Age and Postcode, its category; the findings.</summary>
    public static TheoryData<string, string, string> Weak => new()
    {
        { "[{field: Name, operator: remove}]", "network", "CustomerId subject-kept,Age quasi-identifier-kept,Postcode quasi-identifier-kept" },
        { "[{field: Age, operator: remove}]", "network", "CustomerId subject-kept,Postcode quasi-identifier-kept" },
        { Rest + "{field: Name, operator: mask, keep-first: 3}]", "name-contact", "CustomerId subject-kept,Name weak-operator" },
        { Rest + "{field: Card, operator: mask, keep-last: 4}]", "payment", "CustomerId subject-kept,Card weak-operator" },
        { Rest + "{field: Name, operator: mask, keep-first: 0}]", "name-contact", "CustomerId subject-kept" },
        { Rest + "{field: Page, operator: mask, keep-first: 3}]", "product-use", "CustomerId subject-kept" },
        { Rest + "{field: Latitude, operator: round-number, to: 1}]", "precise-location", "CustomerId subject-kept, location-fine" },
        { Rest + "{field: Latitude, operator: coarsen-location, longitude-field: Longitude}]", "precise-location", "CustomerId subject-kept" },
        { Rest + "{field: Email, operator: hmac, key: people}]", "network", "CustomerId subject-kept,Email pseudonym-linkable" },
        { Rest + "{field: Born, operator: shift-date, key: people, subject-field: CustomerId}]", "network", "CustomerId subject-kept,Born date-shifted" },
        { Rest + "{field: Page, operator: strip-query, keep: [id, page]}]", "network", "CustomerId subject-kept,Page query-kept" },
        { Rest + "{field: Page, operator: strip-query}]", "network", "CustomerId subject-kept" },
        { Rest + "{field: Note, operator: scrub-text, kinds: [email, phone], region: DE}]", "network", "CustomerId subject-kept,Note text-scrubbed" },
    };

    private const string Rest = "[{field: Age, operator: remove}, {field: Postcode, operator: remove}, ";

    [Theory]
    [MemberData(nameof(Weak))]
    public void Each_weakness_is_found(string operators, string category, string expected) =>
        Assert.Equal(expected, Told(PolicyStrength.Of(Load(Text(operators).Replace("category: network", $"category: {category}", StringComparison.Ordinal)))));

    [Fact]
    public void A_later_stage_stands_on_the_ones_before_it()
    {
        var policy = Load(Text("[{field: Age, operator: remove}]", """

              - name: visits-more
                dataset: visits
                clock: seen
                period: P13M
                action: anonymise
                operators: [{field: Postcode, operator: remove}]
                mode: report
                cap: {records: 10, percent: 100}
                schedule: 0 0 3 * * *
            """));
        Assert.Equal(
            ["visits-less Postcode"],
            PolicyStrength.Of(policy).Where(finding => finding.Code == "quasi-identifier-kept").Select(finding => $"{finding.Rule} {finding.Field}"));
    }

    [Fact]
    public async Task The_smallest_group_of_a_sample_is_k()
    {
        var measure = Measure("[{field: Age, operator: round-number, to: 10}, {field: Postcode, operator: generalise-postcode, keep: 2}]");
        await measure.ReadAsync(
            new StringReader("""
                {"Age": 31, "Postcode": "90210", "CustomerId": "a"}
                {"Age": 39, "Postcode": "90001", "CustomerId": "b"}

                {"Age": 35, "Postcode": "90555", "CustomerId": "c"}
                {"Age": 41, "Postcode": "90210", "CustomerId": "d"}
                {"Postcode": "90210"}
                {"Age": null, "Postcode": "90777"}
                """),
            CancellationToken.None);
        var report = measure.Report();
        Assert.Equal((6, 3, 1), (report.SampleSize, report.Groups, report.K));
        Assert.Equal(1, report.Below(2));
        Assert.Equal(3, report.Below(3));
        Assert.Equal([(1L, 1L), (2L, 1L), (3L, 1L)], report.Sizes.Select(size => (size.Key, size.Value)));
    }

    /// <summary>Against counting by hand over the plain values, joined so that nothing can be confused.</summary>
    [Fact]
    public void Groups_are_those_of_equal_values() => Gen.Select(Gen.String[Gen.Char["ab:1"], 0, 3], Gen.String[Gen.Char["ab:1"], 0, 3]).Array[1, 40].Sample(pairs =>
    {
        var measure = Measure("[{field: Other, operator: remove}]");
        var lines = pairs.Select(pair => new JsonObject { ["Age"] = pair.Item1, ["Postcode"] = pair.Item2 }.ToJsonString());
        measure.ReadAsync(new StringReader(string.Join("\n", lines)), CancellationToken.None).GetAwaiter().GetResult();
        var groups = pairs.GroupBy(pair => pair).Select(group => group.LongCount()).ToList();
        var report = measure.Report();
        Assert.Equal((pairs.Length, groups.Count, groups.Min()), (report.SampleSize, report.Groups, report.K));
    }, iter: 300);

    [Theory]
    [InlineData("{\"Age\": 1}\nno json of a person")]
    [InlineData("{\"Age\": 1}\n[1]")]
    [InlineData("{\"Age\": 1}\n{\"Age\": 2")]
    public async Task A_line_that_cannot_be_read_is_named_by_its_number_alone(string sample)
    {
        var measure = Measure("[{field: Age, operator: remove}]");
        var problem = await Assert.ThrowsAsync<SampleFormatException>(() => measure.ReadAsync(new StringReader(sample), CancellationToken.None));
        Assert.Contains("Line 2", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("person", problem.Message, StringComparison.Ordinal);
    }

    private static string Told(IEnumerable<StrengthFinding> findings) =>
        string.Join(",", findings.Select(finding => $"{finding.Field} {finding.Code}"));

    private static IReadOnlyList<StrengthFinding> Of(string operators) => PolicyStrength.Of(Load(Text(operators)));

    private static SampleAnonymity Measure(string operators)
    {
        var policy = Load(Text(operators));
        return new(policy, policy.FindRule("visits-less")!, policy.Datasets["visits"].QuasiIdentifiers);
    }

    private static Policy Load(string text)
    {
        var loaded = PolicyDocument.Load(text, "policy");
        Assert.DoesNotContain(loaded.Problems, problem => problem.Severity is ProblemSeverity.Error);
        return loaded.Policy!;
    }

    private static string Text(string operators, string more = "") => string.Create(CultureInfo.InvariantCulture, $$"""
        version: 1
        name: shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: 100}
        datasets:
          visits:
            store: shop
            container: Visits
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: CustomerId, kind: customer-id}]
            quasi-identifiers: [Age, Postcode]
            clocks:
              seen: {kind: collection, field: SeenAt}
        rules:
          - name: visits-less
            dataset: visits
            clock: seen
            period: P30D
            action: anonymise
            operators: {{operators}}
            mode: report
            cap: {records: 10, percent: 100}
            schedule: 0 0 2 * * *
        """) + more;
}
