using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Fakes;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>What a scan says at its end, and that it says no more than was seen.</summary>
public sealed class ClosingTests
{
    private const int Visits = 60;

    [Fact]
    public async Task Its_leaf_says_how_many_were_examined_due_and_done_and_which_is_the_oldest_left()
    {
        using var simulation = await StartAsync();

        await simulation.RunOnceAsync();

        var leaf = await ClosingOfAsync(simulation, "visits-end");
        Assert.Equal(Visits, (long)leaf["examined"]!);
        Assert.Equal(Shop.GoneCount(Visits), (long)leaf["due"]!);
        Assert.Equal(Shop.GoneCount(Visits), (long)leaf["done"]!);
        Assert.Equal(LeafTime.Text(OldestOf(number => !Shop.IsGone(number))), (string)leaf["oldestRemaining"]!);
    }

    /// <summary>
    /// The process that plans dies before it can append anything; the reconciler comes before another planner does, and
    /// before it for a scan that failed before its first slice.
    /// </summary>
    [Theory]
    [InlineData("lanes.append")]
    [InlineData("records.ranges")]
    public async Task It_has_a_start_also_where_the_planner_died_before_that_leaf(string failing)
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        simulation.Faults.Choose = (_, call) => call == "lanes.append" || call == failing
            ? FaultKind.FailedAndNotWritten
            : null;
        for (var run = 0; run < 3; run++)
        {
            await Record.ExceptionAsync(() => simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None));
        }

        simulation.Faults.Choose = null;
        simulation.Restart();

        var timers = simulation.Get<PipelineTimers>();
        while (await simulation.Get<OpenScans>().ListAsync(CancellationToken.None) is { Count: > 0 })
        {
            await timers.ReconcileAsync(CancellationToken.None);
            await simulation.DrainAsync();
            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
        }

        Assert.Equal(failing == "records.ranges", simulation.Stores[Shop.Store].Acts.Count == 0);
        Assert.Empty((await EvidenceCheck.VerifyAsync(simulation)).Problems);
        var scans = await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Scan);
        Assert.NotEmpty(scans);
        Assert.Equal(
            scans.Where(leaf => leaf.Part == "close").Select(leaf => leaf.Id).Order(),
            scans.Where(leaf => leaf.Part == "start").Select(leaf => leaf.Id).Order());
    }

    [Fact]
    public async Task What_a_hold_keeps_is_due_and_not_done_and_may_be_the_oldest_left()
    {
        using var simulation = await StartAsync();
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", new HoldScope.OfDataset("visits"), "litigation", "tester", CancellationToken.None);

        await simulation.RunOnceAsync();

        var leaf = await ClosingOfAsync(simulation, "visits-end");
        Assert.Equal(Shop.GoneCount(Visits), (long)leaf["due"]!);
        Assert.Equal(0, (long)leaf["done"]!);
        Assert.Equal(LeafTime.Text(OldestOf(_ => true)), (string)leaf["oldestRemaining"]!);
    }

    [Fact]
    public async Task A_store_that_says_done_and_did_nothing_is_found_out()
    {
        using var simulation = await StartAsync();
        simulation.Stores[Shop.Store].Answer = _ => new ActResult.Done(null);

        await simulation.RunOnceAsync();

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Erased));
        Assert.True(results[OutcomeResult.Failed] >= Shop.GoneCount(Visits));
        Assert.Equal(Visits, simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);
    }

    [Fact]
    public async Task Above_the_cap_in_per_cent_a_scan_parks_before_the_first_change()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: "{records: 100000, percent: 5}"));

        await simulation.RunOnceAsync();

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        Assert.DoesNotContain(simulation.Queue.Sent, sent => sent.Queue == QueueNames.Operations);
        Assert.NotEmpty(await simulation.Get<OpenScans>().ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Before_each_act_every_intent_that_was_made_is_in_the_ledger()
    {
        using var simulation = await StartAsync();
        var acts = new List<(int Made, int Durable)>();
        simulation.Faults.Before = call =>
        {
            if (call is "records.delete" or "records.commit")
            {
                var intents = simulation.Objects.Snapshot().Where(pair => pair.Key.EndsWith("/intent", StringComparison.Ordinal)).ToList();
                acts.Add((intents.Count, intents.Count(intent => simulation.Ledger.AllBytes().Any(bytes => bytes.AsSpan().IndexOf(intent.Value) >= 0))));
            }
        };

        await simulation.RunOnceAsync();
        simulation.Faults.Before = null;

        Assert.NotEmpty(acts);
        Assert.All(acts, act => Assert.True(act.Made > 0 && act.Durable == act.Made, $"{act.Made} intents made, {act.Durable} in the ledger"));
    }

    [Fact]
    public async Task A_dead_letter_keeps_its_body_sealed()
    {
        using var simulation = await StartAsync();
        await simulation.Queue.SendAsync(
            QueueNames.Operations, [new("foreign", Encoding.UTF8.GetBytes($"{{\"who\":\"{SampleCompany.Canary}\"}}"), null)], CancellationToken.None);
        simulation.Queue.Sent.Clear();

        await simulation.DrainAsync();

        Assert.Contains(simulation.Rows.Snapshot(), row => row.Partition == DeadLetterDrain.Partition);
        Assert.Empty(CanarySearch.Find(simulation));
    }

    private static DateTimeOffset OldestOf(Func<int, bool> counts) =>
        Enumerable.Range(0, Visits).Where(counts).Min(number => Shop.Now.AddDays(-Shop.AgeOf(number)));

    private static async Task<JsonObject> ClosingOfAsync(SimulatedPipeline simulation, string rule)
    {
        var leaves = await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Scan);
        return Assert.Single(leaves, leaf => leaf.Part == "close" && (string)leaf.Body["rule"]! == rule).Body;
    }

    private static async Task<SimulatedPipeline> StartAsync(string? policy = null)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(policy ?? Shop.Policy());
        return simulation;
    }
}
