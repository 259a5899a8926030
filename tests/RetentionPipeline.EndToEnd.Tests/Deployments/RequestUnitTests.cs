using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Deployments;

/// <summary>
/// What an erased record costs in request units, by container. The floor is the table of <c>docs/ru.md</c> for items of
/// 1 KB that are all due: the record's share of a page (2.3 for 250 items, and 0.05), its delete (5, with an index 10),
/// and its read-back (1).
/// </summary>
public sealed class RequestUnitTests(ITestOutputHelper output)
{
    private const int Items = 2_000;
    private const int PageSize = 250;
    private const double MostOfFloor = 1.25;

    private static readonly SampleContainer Plain = new("shop/Plain", ["customer"], SampleIndexing.Off, null);
    private static readonly SampleContainer Indexed = new("shop/Indexed", ["customer"], SampleIndexing.Default, null);

    private const string PolicyText = """
        version: 1
        name: shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: cosmos, requests-per-second: 1000000}
        datasets:
          plain:
            store: shop
            container: shop/Plain
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: customer, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: seenAt}
          indexed:
            store: shop
            container: shop/Indexed
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: customer, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: seenAt}
        rules:
          - {name: plain-end, dataset: plain, clock: seen, period: P1Y, action: delete, mode: enforce, cap: {records: 100000, percent: 100}, schedule: 0 0 3 * * *}
          - {name: indexed-end, dataset: indexed, clock: seen, period: P1Y, action: delete, mode: enforce, cap: {records: 100000, percent: 100}, schedule: 0 0 3 * * *}
        """;

    [Fact]
    public async Task An_erased_record_costs_at_most_a_quarter_more_than_the_floor()
    {
        await using var cosmos = await CosmosCompany.StartAsync();
        foreach (var container in new[] { Plain, Indexed })
        {
            await cosmos.CreateAsync(container);
            await cosmos.PutAsync(Enumerable.Range(0, Items).Select(number => Item(container, number)));
        }

        using var simulation = new SimulatedPipeline(Shop.Now, "shop");
        simulation.Instead["shop"] = cosmos.StoreNamed("shop");
        simulation.Restart();
        await simulation.StorePolicyAsync(PolicyText);

        await simulation.RunOnceAsync();

        Assert.Equal(2 * Items, (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Erased]);
        AssertCost(cosmos.Account.Units, Plain, delete: 5);
        AssertCost(cosmos.Account.Units, Indexed, delete: 10);
    }

    private void AssertCost(RequestUnits units, SampleContainer container, double delete)
    {
        var floor = (2.3 / PageSize) + 0.05 + delete + 1;
        var each = Enum.GetValues<CosmosOperation>().ToDictionary(kind => kind, kind => units.Of(container.Name, kind) / Items);
        var cost = each.Values.Sum();
        output.WriteLine(
            $"{container.Name}: {cost:F2} RU for each erased record, floor {floor:F2}, {cost / floor:P0}; "
            + string.Join(", ", each.Select(pair => $"{pair.Key} {pair.Value:F3}")));

        // A record that was neither found nor deleted would cost less than its delete alone.
        Assert.InRange(cost, delete, floor * MostOfFloor);
        Assert.InRange(each[CosmosOperation.Scan], 0.05, 0.2);
        Assert.Equal(delete, each[CosmosOperation.Delete], 2);
        Assert.True(each[CosmosOperation.ReadBack] > 0.02);
    }

    /// <summary>A KB as the table counts it: 1,024 bytes at most.</summary>
    private static SampleRecord Item(SampleContainer container, int number) => container.Item($"item-{number:D6}", new Dictionary<string, object>
    {
        ["customer"] = $"customer-{number % 97:D3}",
        ["seenAt"] = "2020-01-01T00:00:00.000Z",
        ["text"] = new string('x', 880),
    });
}
