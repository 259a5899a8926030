using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Tests.Policies;

/// <summary>What a policy says about requests, and every mistake in it.</summary>
public sealed class SourceMistakeTests
{
    private const string Good = """
        version: 1
        name: shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: 100}
          files: {kind: blob, requests-per-second: 100}
        datasets:
          visits:
            store: shop
            container: Visits
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
          logs:
            store: files
            container: logs
            category: network
            purposes: [service]
            controller: Shop
            format: text
            request-window: P7D
            clocks:
              made: {kind: collection, field: '@created-at'}
        rules: []
        sources:
          web: {identifiers: [{kind: customer-id, assurance: signed-in}], cap: {per-hour: 1, per-day: 2}}
        """;

    /// <summary>What to replace in the good policy, by what, and the code of the problem that it makes.</summary>
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "request-window: P7D", "request-window: P22D", "window-too-long" }, { "request-window: P7D", "request-window: P1M", "window-too-long" },
        { "subjects:", "request-window: P7D\n    subjects:", "window-without-format" }, { "assurance: signed-in", "assurance: hearsay", "value-unknown" },
        { "[{kind: customer-id, assurance: signed-in}]", "[]", "identifiers-empty" }, { "per-hour: 1", "per-hour: 0", "number-out-of-range" },
        { ", per-day: 2", "", "key-missing" }, { ", cap: {per-hour: 1, per-day: 2}", "", "key-missing" }, { "cap: {per-hour", "caps: {per-hour", "key-unknown" },
        { "signed-in}]", "signed-in}, {kind: customer-id, assurance: verified}]", "kind-twice" }, { "  web: ", "  we_b: ", "name-invalid" },
        { "  web: ", "  WEB: {identifiers: [{kind: customer-id, assurance: verified}], cap: {per-hour: 1, per-day: 1}}\n  web: ", "source-twice" },
    };

    [Fact]
    public void What_the_policy_says_is_read()
    {
        var result = PolicyDocument.Load(Good, "good");

        Assert.Empty(result.Problems);
        var source = Assert.Single(result.Policy!.Sources).Value;
        Assert.Equal(("web", 1, 2), (source.Name, source.PerHour, source.PerDay));
        Assert.Equal(Assurance.SignedIn, source.AssuranceOf("customer-id"));
        Assert.Null(source.AssuranceOf("email"));
        Assert.Equal(new RetentionPeriod(0, 7), result.Policy.Datasets["logs"].RequestWindow);
        Assert.True(result.Policy.Datasets["logs"].IsSearched);
        Assert.False(result.Policy.Datasets["visits"].IsSearched);
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_found_with_its_place_and_what_to_do(string good, string bad, string code)
    {
        var text = Good.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(Good, text);

        var result = PolicyDocument.Load(text, "bad");

        Assert.Null(result.Policy);
        var problem = result.Problems.First(problem => problem.Code == code);
        Assert.True(problem.Line >= 1 && problem.Column >= 1 && problem.Remedy.Length > 0);
    }

    [Fact]
    public void A_kind_by_which_no_dataset_names_a_person_is_worth_a_look()
    {
        var result = PolicyDocument.Load(Good.Replace("kind: customer-id, assurance", "kind: phone, assurance", StringComparison.Ordinal), "odd");

        Assert.NotNull(result.Policy);
        Assert.Equal("kind-unused", Assert.Single(result.Problems).Code);
    }
}
