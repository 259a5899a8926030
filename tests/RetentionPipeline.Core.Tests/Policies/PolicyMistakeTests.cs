using System.Text.Json;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Tests.Policies;

/// <summary>The sample is well, and every kind of mistake is found, all at once, with its place.</summary>
public sealed class PolicyMistakeTests
{
    private const string Good = """
        version: 1
        name: shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: 100}
          logs: {kind: blob, requests-per-second: 100}
          items: {kind: cosmos, requests-per-second: 400}
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
          carts:
            store: items
            container: shop/carts
            category: purchase-history
            purposes: [service]
            controller: Shop
            subjects: [{path: customerId, kind: customer-id}]
            clocks:
              left: {kind: last-activity, field: leftAt}
              ended: {kind: event, field: endedAt, link: {dataset: orders, partition: '["{tenant}", "{customerId}", 0]', id: '{order}'}}
          orders:
            store: items
            container: shop/orders
            category: purchase-history
            purposes: [service]
            controller: Shop
            clocks:
              shipped: {kind: event, field: shippedAt}
        rules:
          - name: visits-ip
            dataset: visits
            clock: seen
            period: P30D
            action: anonymise
            operators: [{field: Ip, operator: truncate-ip}]
            mode: enforce
            cap: {records: 100, percent: 50}
            schedule: 0 0 2 * * *
          - name: carts-short
            dataset: carts
            clock: left
            period: P10D
            action: anonymise
            operators: [{field: note, operator: 'null'}]
            mode: enforce
            cap: {records: 100, percent: 50}
            schedule: 0 0 2 * * *
        """;

    /// <summary>What to replace in the good policy, by what, and the code of the problem that it makes.</summary>
    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "store: shop\n    container", "store: shpo\n    container", "store-unknown" }, { "category: network", "category: networks", "category-unknown" },
        { "purposes: [service]\n    controller", "purposes: [sales]\n    controller", "purpose-unknown" }, { "controller: Shop", "controler: Shop", "key-unknown" },
        { "controller: Shop", "recipients: []", "key-missing" }, { "kind: collection", "kind: collected", "value-unknown" },
        { "field: SeenAt", "field: Timestamp", "clock-moves" }, { "field: SeenAt", "field: SeenAt, open-while-missing: true", "open-clock" },
        { "field: SeenAt", "field: '@name-date'", "clock-never-starts" },
        { "field: SeenAt}", "field: SeenAt, link: {dataset: none, partition: a, id: b}}", "clock-never-starts" },
        { "clock: seen", "clock: saw", "clock-unknown" }, { "dataset: visits\n    clock", "dataset: visit\n    clock", "dataset-unknown" },
        { "period: P30D", "period: 30 days", "period-invalid" }, { "period: P30D", "max-undated: 0", "period-or-periods" },
        { "operator: truncate-ip", "operator: sha256", "operator-unknown" }, { "operator: truncate-ip", "operator: mask, keep: 3", "parameter-unknown" },
        { "operator: truncate-ip", "operator: truncate-ip, v4: 33", "parameter-invalid" }, { "operator: truncate-ip", "operator: round-number", "parameter-missing" },
        { "field: Ip,", "", "operator-field-missing" }, { "field: Ip", "field: PartitionKey", "operator-on-key" },
        { "mode: enforce", "mode: ramp", "ramp-mismatch" }, { "mode: enforce", "mode: ramp\n    ramp: {from: today, percent-per-day: 1}", "date-invalid" },
        { "mode: enforce", "mode: ramp\n    ramp: {from: 2026-01-01, percent-per-day: 0.001}", "rate-invalid" },
        { "percent: 50", "percent: 0", "number-out-of-range" }, { "schedule: 0 0 2 * * *", "schedule: 0 2 * * *", "schedule-invalid" },
        { "action: anonymise", "action: delete", "operators-on-delete" }, { "name: visits-ip", "name: self", "name-invalid" },
        { "name: visits-ip", "name: request", "name-invalid" },
        { "version: 1", "version: 2", "number-out-of-range" }, { "effective-from: 2026-01-01T00:00:00Z", "effective-from: 2026-01-01", "instant-invalid" },
        { "name: shop\neff", "name: &a shop\neff", "anchor" }, { "purposes: [service]\nstores", "purposes: [service\nstores", "yaml-broken" },
        { "clocks:", "exceptions: [{code: because, field: A, value: b}]\n    clocks:", "exception-unknown" },
        { "clocks:", "format: text\n    clocks:", "only-for-blobs" }, { "clocks:", "prefix: a/\n    clocks:", "only-for-blobs" },
        { "clocks:", "name-date: '(?<y>.)(?<m>.)(?<d>.)'\n    clocks:", "only-for-blobs" },
        { "container: shop/carts", "container: carts", "container-form" }, { "container: shop/carts", "container: shop/carts/2", "container-form" },
        { "container: shop/carts", "container: shop/", "container-form" }, { "field: leftAt", "field: _ts, format: unix-seconds", "clock-moves" },
        { "field: note", "field: id", "operator-on-key" }, { "field: note", "field: customerId", "operator-on-key" },
        { "'[\"{tenant}\", \"{customerId}\", 0]'", "'{customerId}'", "link-partition" }, { "'[\"{tenant}\", \"{customerId}\", 0]'", "'[]'", "link-partition" },
        { "clocks:", "keep-at-least: [{name: tax, clock: seen, period: P10Y}]\n    clocks:", "key-missing" },
    };

    [Fact]
    public void The_good_policy_is_well() => Assert.Empty(PolicyDocument.Load(Good, "good").Problems);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_found_with_its_place_and_what_to_do(string good, string bad, string code)
    {
        var at = Good.IndexOf(good, StringComparison.Ordinal);
        var text = Good[..at] + bad + Good[(at + good.Length)..];

        var result = PolicyDocument.Load(text, "bad");

        Assert.Null(result.Policy);
        var problem = Assert.Single(result.Problems, problem => problem.Code == code);
        Assert.True(problem.Line >= 1 && problem.Column >= 1 && problem.Remedy.Length > 0);
    }

    [Fact]
    public void Many_mistakes_are_found_at_once()
    {
        var text = Good.Replace("category: network", "category: x", StringComparison.Ordinal)
            .Replace("period: P30D", "period: soon", StringComparison.Ordinal)
            .Replace("schedule: 0 0 2 * * *", "schedule: never", StringComparison.Ordinal)
            .Replace("controller: Shop", "colour: red", StringComparison.Ordinal);

        var codes = PolicyDocument.Load(text, "bad").Problems.Select(problem => problem.Code).ToHashSet();

        Assert.Superset(new HashSet<string> { "category-unknown", "period-invalid", "schedule-invalid", "key-unknown", "key-missing" }, codes);
    }

    [Fact]
    public void The_sample_is_well_and_covers_every_category()
    {
        var result = PolicyDocument.Load(File.ReadAllText(PathOf("samples", "policies", "contoso-outdoor.yaml")), "sample");
        Assert.NotNull(result.Policy);
        var covered = result.Policy.Datasets.Values.Select(dataset => dataset.Category).ToHashSet();
        Assert.Empty(Categories.All.Except(covered));
        Assert.Equal(3, result.Policy.Rules.Select(rule => rule.Mode).Distinct().Count());
        Assert.Contains(result.Policy.Datasets.Values, dataset => dataset.Clocks.Values.Any(clock => clock.Link is not null));
    }

    [Fact]
    public void The_published_schema_has_exactly_the_keys_of_the_reader()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(PathOf("docs", "schema", "policy.schema.json")));
        foreach (var (place, keys) in PolicyKeys.ByPlace)
        {
            var at = place == "policy" ? schema.RootElement : schema.RootElement.GetProperty("$defs").GetProperty(place);
            Assert.False(at.GetProperty("additionalProperties").GetBoolean());
            Assert.Equal(keys.Order(StringComparer.Ordinal), at.GetProperty("properties").EnumerateObject().Select(key => key.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void The_published_schema_knows_exactly_the_operators()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(PathOf("docs", "schema", "policy.schema.json")));
        var named = schema.RootElement.GetProperty("$defs").GetProperty("rule").GetProperty("properties").GetProperty("operators")
            .GetProperty("items").GetProperty("properties").GetProperty("operator").GetProperty("enum").EnumerateArray().Select(name => name.GetString()!);
        Assert.Equal(OperatorCatalogue.FieldOperators.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_policies_in_the_documents_load()
    {
        var text = File.ReadAllText(PathOf("docs", "policy.md"));
        var blocks = text.Split("```yaml policy\n").Skip(1).Select(rest => rest.Split("```")[0]).ToList();
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.NotNull(PolicyDocument.Load(block, "docs/policy.md").Policy));
    }

    private static string PathOf(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine([folder.FullName, .. parts]);
    }
}
