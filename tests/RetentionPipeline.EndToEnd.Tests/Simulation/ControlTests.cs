using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class ControlTests
{
    private const int Visits = 60;
    private const string SmallCap = "{records: 3, percent: 100}";

    [Fact]
    public async Task A_runaway_parks_before_the_first_change_and_the_first_message()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));

        await simulation.RunOnceAsync();

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        Assert.DoesNotContain(simulation.Queue.Sent, sent => sent.Queue == QueueNames.Operations);
        Assert.Equal(3, (await simulation.Get<OpenScans>().ListAsync(CancellationToken.None)).Count);
    }

    [Fact]
    public async Task A_message_for_a_scan_that_is_not_released_does_nothing_and_alarms()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        var operation = DerivedId.Operation(DerivedId.CommandedScan("visits-end", "visits", "once"), 0, 0);
        await simulation.Get<Attempts>().SendFirstAsync(WorkAddress.OfOperation(operation), null, CancellationToken.None);

        await simulation.DrainAsync();

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        Assert.Empty(await EvidenceCheck.LeavesAsync(simulation, "intent"));
        Assert.Contains(simulation.Logs, line => line.Contains($"{operation}", StringComparison.Ordinal) && line.Contains("not released", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Approved_after_a_restart_exactly_the_parked_set_is_released()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        var late = new Core.Records.RecordKey("customer-000", "came-later");
        simulation.Stores[Shop.Store].Put(Shop.Visits, late, new Dictionary<string, object?>
        {
            ["PartitionKey"] = late.Partition,
            ["SeenAt"] = Shop.Now.AddYears(-9),
            ["Ip"] = "203.0.113.8",
        });
        simulation.Restart();

        await DecideAsync(simulation, "visits-end", CommandVerb.Approve);
        await simulation.RunUntilQuietAsync();

        Assert.Equal(Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Acts.Count(act => act.Act == "delete"));
        Assert.NotNull(simulation.Stores[Shop.Store].Find(Shop.Visits, late));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Refused_after_a_restart_nothing_is_released_and_a_later_approval_changes_nothing()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        simulation.Restart();

        await DecideAsync(simulation, "visits-end", CommandVerb.Refuse);
        await DecideAsync(simulation, "visits-end", CommandVerb.Approve);
        await simulation.RunUntilQuietAsync();

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        Assert.Contains(await EvidenceCheck.FiguresAsync(simulation), figures => figures.Status == "refused");
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_parked_scan_that_nobody_decides_on_lapses_after_seven_days()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();

        simulation.Time.Advance(TimeSpan.FromDays(7.1));
        await simulation.Get<PipelineTimers>().CloseAsync(CancellationToken.None);

        var figures = await EvidenceCheck.FiguresAsync(simulation);
        Assert.Equal(3, figures.Count(scan => scan is { Status: "refused", Reason: "lapsed" }));
        Assert.Empty(simulation.Stores[Shop.Store].Acts);
    }

    [Fact]
    public async Task A_stop_in_the_middle_of_a_batch_finishes_the_record_in_flight_and_no_other()
    {
        using var simulation = await StartAsync(Shop.Policy());
        var stopped = false;
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete" && !stopped)
            {
                stopped = true;
                Task.Run(() => simulation.Get<StopSwitch>().StopAsync(StopScope.Everything, "tester", CancellationToken.None))
                    .GetAwaiter().GetResult();
                simulation.Time.Advance(TimeSpan.FromSeconds(4));
            }
        };
        await simulation.AskForAllAsync("once");

        await RunRoundsAsync(simulation, 40);
        Assert.Equal(1, simulation.Stores[Shop.Store].Acts.Count(act => act.Act == "delete"));

        await simulation.Get<StopSwitch>().ResumeAsync(StopScope.Everything, CancellationToken.None);
        simulation.Time.Advance(TimeSpan.FromSeconds(4));
        await simulation.RunUntilQuietAsync();

        Assert.Equal(Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Acts.Count(act => act.Act == "delete"));
        Assert.Equal(0, (await EvidenceCheck.ResultsAsync(simulation)).GetValueOrDefault(OutcomeResult.Failed));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_stopped_rule_waits_for_days_without_failing_and_then_is_done_once()
    {
        using var simulation = await StartAsync(Shop.Policy());
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        await simulation.Get<StopSwitch>().StopAsync(StopScope.OfStore(Shop.Store), "tester", CancellationToken.None);
        simulation.Time.Advance(TimeSpan.FromSeconds(4));

        await RunRoundsAsync(simulation, 60);
        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        await simulation.Get<StopSwitch>().ResumeAsync(StopScope.OfStore(Shop.Store), CancellationToken.None);
        simulation.Time.Advance(TimeSpan.FromSeconds(4));
        await simulation.RunUntilQuietAsync();

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(Shop.GoneCount(Visits), results[OutcomeResult.Erased]);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Failed));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task An_instance_that_loses_the_stop_rows_behaves_as_stopped_within_ten_seconds_and_empties_no_queue()
    {
        using var simulation = await StartAsync(Shop.Policy());
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        await simulation.Get<StopSwitch>().CurrentAsync(CancellationToken.None);
        var waiting = simulation.Queue.Count(QueueNames.Slices);
        simulation.Faults.Choose = (_, call) => call == "rows.list" ? Fakes.FaultKind.FailedAndNotWritten : null;
        simulation.Time.Advance(TimeSpan.FromSeconds(10.1));

        Assert.True((await simulation.Get<StopSwitch>().CurrentAsync(CancellationToken.None)).StopsEverything);
        Assert.False(await simulation.HandleOneAsync(QueueNames.Slices));
        Assert.Equal(waiting, simulation.Queue.Count(QueueNames.Slices));
    }

    [Theory]
    [InlineData(QueueNames.Slices)]
    [InlineData(QueueNames.Operations)]
    public async Task A_queue_that_nobody_reads_for_days_makes_nothing_fail(string queue)
    {
        using var simulation = await StartAsync(Shop.Policy());
        await simulation.AskForAllAsync("once");
        var timers = simulation.Get<PipelineTimers>();
        for (var round = 0; round < 200; round++)
        {
            await timers.ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
            while (queue != QueueNames.Slices && await simulation.HandleOneAsync(QueueNames.Slices))
            {
            }

            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
            await timers.ReconcileAsync(CancellationToken.None);

            // Planning may take a day; what was released may wait for as long as it must.
            simulation.Time.Advance(queue == QueueNames.Slices ? TimeSpan.FromMinutes(7) : TimeSpan.FromMinutes(30));
        }

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        await simulation.RunUntilQuietAsync();

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(Shop.GoneCount(Visits), results[OutcomeResult.Erased]);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Failed));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_longer_period_stored_between_plan_and_release_keeps_what_it_keeps()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Shop.Policy(visitsPeriod: "P15M", cap: SmallCap));

        await DecideAsync(simulation, "visits-end", CommandVerb.Approve);
        await simulation.RunUntilQuietAsync();

        var kept = Enumerable.Range(0, Visits).Where(number => Shop.Now.AddDays(-Shop.AgeOf(number)).AddMonths(15) > Shop.Now);
        Assert.All(kept, number => Assert.NotNull(simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(number))));
        Assert.True((await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Changed] > 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_shorter_period_stored_between_plan_and_release_erases_no_more_than_the_plan()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Shop.Policy(visitsPeriod: "P2M", cap: SmallCap));

        await DecideAsync(simulation, "visits-end", CommandVerb.Approve);
        await simulation.RunUntilQuietAsync();

        Assert.Equal(Visits - Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);
    }

    [Fact]
    public async Task A_rule_that_the_new_policy_only_reports_acts_no_more()
    {
        using var simulation = await StartAsync(Shop.Policy(cap: SmallCap));
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Shop.Policy(cap: SmallCap, mode: "report"));

        await DecideAsync(simulation, "visits-end", CommandVerb.Approve);
        await simulation.RunUntilQuietAsync();

        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Undated_records_are_counted_by_reason_and_the_scan_shows_as_failed_and_still_acts()
    {
        using var simulation = await StartAsync(Shop.Policy());
        (string Id, object? Value)[] undated =
        [
            ("null", null), ("seconds", 1_700_000_000L), ("milliseconds", 1_700_000_000_000L), ("local", "2024-05-01T10:00:00"),
            ("future", Shop.Now.AddDays(3)), ("type", true), ("text", "soon"),
        ];
        foreach (var (id, value) in undated)
        {
            simulation.Stores[Shop.Store].Put(Shop.Visits, new("customer-000", id), new Dictionary<string, object?> { ["SeenAt"] = value });
        }

        simulation.Stores[Shop.Store].Put(Shop.Visits, new("customer-000", "missing"), new Dictionary<string, object?>());
        await simulation.RunOnceAsync();

        var scan = await simulation.Get<ScanBook>().FindClosingAsync(DerivedId.CommandedScan("visits-end", "visits", "once"), CancellationToken.None);
        Assert.Equal(8, scan!.Figures.Totals.Undated);
        Assert.Equal(3, scan.Figures.Totals.UndatedBy["wrong-type"]);
        Assert.True(scan.Figures.ShowsAsFailed);
        Assert.Equal(Shop.GoneCount(Visits), scan.Figures.Results[OutcomeResult.Erased]);
    }

    private static async Task DecideAsync(SimulatedPipeline simulation, string rule, CommandVerb verb)
    {
        var scan = DerivedId.CommandedScan(rule, "visits", "once");
        await simulation.Get<CommandTable>().SubmitAsync($"{verb}", verb, scan.ToString("D"), "tester", CancellationToken.None);
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
    }

    private static async Task RunRoundsAsync(SimulatedPipeline simulation, int rounds)
    {
        var timers = simulation.Get<PipelineTimers>();
        for (var round = 0; round < rounds; round++)
        {
            await timers.ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
            await simulation.DrainAsync();
            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
            await timers.ReconcileAsync(CancellationToken.None);
            simulation.Time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    private static async Task<SimulatedPipeline> StartAsync(string policy)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(policy);
        return simulation;
    }
}
