using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A clock that stands in another record moves without the record's own version moving with it.</summary>
public sealed class LinkTests
{
    private const string Accounts = "Accounts";

    private static readonly string Policy = """
        version: 1
        name: desk
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: 1000000}
          logs: {kind: table, requests-per-second: 1000000}
        datasets:
          accounts:
            store: logs
            container: Accounts
            category: name-contact
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              closed: {kind: end-of-relationship, field: ClosedAt}
          tickets:
            store: shop
            container: Visits
            category: support
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              closed:
                kind: end-of-relationship
                field: ClosedAt
                link: {dataset: accounts, partition: '{PartitionKey}', id: account}
        rules:
          - name: tickets-end
            dataset: tickets
            clock: closed
            period: P1M
            action: delete
            mode: enforce
            cap: {records: 1000, percent: 100}
            schedule: 0 0 3 * * *
        """;

    [Fact]
    public async Task A_linked_clock_that_moves_between_scan_and_act_keeps_the_record()
    {
        using var simulation = await StartAsync();
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete")
            {
                // The first act is on its way: the customer of the others comes back.
                simulation.Faults.Before = null;
                PutAccount(simulation, 2, Shop.Now.AddDays(-1));
            }
        };

        await simulation.RunOnceAsync();

        var left = simulation.Stores[Shop.Store].Keys(Shop.Visits);
        Assert.All(Enumerable.Range(0, 3), ticket => Assert.Contains(Ticket(2, ticket), left));
        Assert.Equal(3, left.Count);
        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(3, results[OutcomeResult.Changed]);
        Assert.Equal(6, results[OutcomeResult.Erased]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("undated")]
    [InlineData("future")]
    public async Task A_linked_clock_that_no_longer_says_anything_keeps_the_record(string becomes)
    {
        using var simulation = await StartAsync();
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete")
            {
                simulation.Faults.Before = null;
                object? at = becomes switch { "gone" => null, "undated" => "soon", _ => Shop.Now.AddYears(1) };
                PutAccount(simulation, 2, at);
            }
        };

        await simulation.RunOnceAsync();

        Assert.Equal(3, simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_store_of_links_that_fails_while_acting_costs_no_record_its_decision()
    {
        using var simulation = await StartAsync();
        var failures = 0;
        simulation.Faults.Choose = (_, call) =>
            call == "records.read" && failures++ % 7 == 0 ? Fakes.FaultKind.FailedAndNotWritten : null;

        await simulation.RunOnceAsync();

        simulation.Faults.Choose = null;
        Assert.True(failures > 7);
        Assert.Empty(simulation.Stores[Shop.Store].Keys(Shop.Visits));
        Assert.Equal(9, (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Erased]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static RecordKey Ticket(int customer, int ticket) => new($"customer-{customer:D3}", $"ticket-{ticket}");

    private static void PutAccount(SimulatedPipeline simulation, int customer, object? closedAt) =>
        simulation.Stores[Shop.Logs].Put(Accounts, new RecordKey($"customer-{customer:D3}", "account"), new Dictionary<string, object?>
        {
            ["PartitionKey"] = $"customer-{customer:D3}",
            ["ClosedAt"] = closedAt,
        });

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        for (var customer = 0; customer < 3; customer++)
        {
            PutAccount(simulation, customer, Shop.Now.AddYears(-1));
            for (var ticket = 0; ticket < 3; ticket++)
            {
                simulation.Stores[Shop.Store].Put(Shop.Visits, Ticket(customer, ticket), new Dictionary<string, object?>
                {
                    ["PartitionKey"] = $"customer-{customer:D3}",
                });
            }
        }

        await simulation.StorePolicyAsync(Policy);
        return simulation;
    }
}
