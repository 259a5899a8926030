using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class HoldTests
{
    private const int Visits = 60;
    private const int FewVisits = 10;

    public static TheoryData<string> Scopes => new("dataset", "subject", "record");

    [Theory]
    [MemberData(nameof(Scopes))]
    public async Task Placed_before_the_run_nothing_it_covers_is_touched(string kind)
    {
        using var simulation = await StartAsync();
        var held = Held(kind).ToList();
        await PlaceAsync(simulation, kind);

        await simulation.RunOnceAsync();

        Assert.All(held, number => AssertUntouched(simulation, number));
        Assert.True((await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Retained] > 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Theory, Trait("Category", "Long")]
    [MemberData(nameof(Scopes))]
    public async Task Placed_at_every_step_of_a_run_nothing_is_touched_once_it_is_effective(string kind)
    {
        for (var step = 1; ; step += Sweep.Stride)
        {
            using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
            Shop.SeedSmall(simulation, FewVisits);
            await simulation.StorePolicyAsync(Shop.Policy());
            var (calls, placed) = (0, false);
            simulation.Faults.Before = _ =>
            {
                if (++calls == step && !placed)
                {
                    placed = true;
                    Task.Run(() => PlaceAsync(simulation, kind)).GetAwaiter().GetResult();
                }
            };

            await simulation.RunOnceAsync();
            simulation.Faults.Before = null;
            if (!placed)
            {
                Assert.True(step > 300, $"Only {step} steps.");
                break;
            }

            // Everything that was acted on was acted on before the hold was effective; the next run must touch nothing.
            Assert.Equal(HoldState.Effective, await StateAsync(simulation));
            var before = simulation.Stores[Shop.Store].Acts.Count;
            await simulation.AskForAllAsync("again");
            await simulation.RunUntilQuietAsync();
            Assert.DoesNotContain(
                simulation.Stores[Shop.Store].Acts.Skip(before), act => Held(kind).Any(number => Shop.Visit(number) == act.Key));
            var verdict = await EvidenceCheck.VerifyAsync(simulation);
            Assert.True(verdict.IsWell, $"step {step}: {string.Join("; ", verdict.Problems)}");
        }
    }

    [Fact]
    public async Task What_began_before_a_hold_and_was_touched_is_listed_on_it()
    {
        using var simulation = await StartAsync();
        var acts = 0;
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete" && ++acts == 3)
            {
                Task.Run(() => PlaceAsync(simulation, "dataset")).GetAwaiter().GetResult();
            }
        };

        await simulation.RunOnceAsync();
        simulation.Faults.Before = null;

        var hold = await FindAsync(simulation);
        Assert.Equal(HoldState.Effective, hold.State);
        Assert.Contains(hold.Progress, line => line.Contains("had ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hold_is_not_shown_as_effective_while_an_act_may_rest_on_an_older_reading()
    {
        using var simulation = await StartAsync();
        await PlaceAsync(simulation, "record");
        var timers = simulation.Get<Adapters.Composition.PipelineTimers>();
        for (var until = simulation.Time.GetUtcNow() + PipelineTimes.Local.BarrierWait; simulation.Time.GetUtcNow() < until;)
        {
            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
            Assert.Equal(HoldState.Pending, await StateAsync(simulation));
            simulation.Time.Advance(TimeSpan.FromSeconds(2.5));
        }

        await SettleHoldAsync(simulation);
        Assert.Equal(HoldState.Effective, await StateAsync(simulation));
    }

    [Theory]
    [InlineData("dataset")]
    [InlineData("subject")]
    [InlineData("record")]
    public async Task A_pipeline_that_never_looks_at_the_holds_is_reported_by_the_verifier_by_name(string kind)
    {
        using var simulation = await StartAsync();
        await PlaceAsync(simulation, kind);
        await SettleHoldAsync(simulation);
        Assert.Equal(HoldState.Effective, await StateAsync(simulation));

        // The planted bug: what the handlers read is the table as it was before the hold.
        simulation.HideHolds = true;
        simulation.Restart();
        await simulation.RunOnceAsync();
        simulation.HideHolds = false;
        simulation.Restart();

        Assert.Contains(simulation.Stores[Shop.Store].Acts, act => Held(kind).Any(number => Shop.Visit(number) == act.Key));
        var hold = await FindAsync(simulation);
        var verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.Contains(verdict.Problems, problem =>
            problem.Rule == "act-under-hold" && problem.Message.Contains(hold.Id.ToString("D"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_the_release_the_next_scan_finds_what_was_held()
    {
        using var simulation = await StartAsync();
        await PlaceAsync(simulation, "dataset");
        await simulation.RunOnceAsync();
        Assert.Equal(Visits, simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);

        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);
        await simulation.AskForAllAsync("again");
        await simulation.RunUntilQuietAsync();

        Assert.Equal(Visits - Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_subject_hold_keeps_the_log_that_names_the_person_and_no_other()
    {
        using var simulation = await StartAsync();
        await simulation.Get<HoldDesk>().PlaceAsync(
            "matter-2", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", "customer-003")]), "litigation", "tester",
            CancellationToken.None);

        await simulation.RunOnceAsync();

        // The logs of weeks 3 and 10 (3 mod 7) name customer-003 in a line; only week 3 is there.
        foreach (var key in simulation.Stores[Shop.Logs].Keys("logs"))
        {
            var text = System.Text.Encoding.UTF8.GetString(simulation.Stores[Shop.Logs].Find("logs", key)!.Value.Content!);
            var isDue = string.CompareOrdinal(key.Id, $"access/{Shop.Now.AddDays(-7):yyyy-MM-dd}.log") <= 0;
            var named = text.Contains("customer-003", StringComparison.Ordinal);
            Assert.Equal(named || !isDue, text.Contains("203.0.113.77", StringComparison.Ordinal));
        }

        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_stuck_message_of_other_records_blocks_no_hold()
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        await simulation.Get<Adapters.Composition.PipelineTimers>().ScanAsync(Core.Scanning.ScheduleUse.CommandsOnly, CancellationToken.None);
        // Both visit scans run one after the other; the logs' operation is delivered and dies after its intent for ever.
        simulation.Stores[Shop.Logs].Answer = _ => throw new Fakes.InjectedFaultException("stuck");
        await PlaceAsync(simulation, "record");

        for (var round = 0; round < 60 && await StateAsync(simulation) is not HoldState.Effective; round++)
        {
            await simulation.DrainAsync();
            var timers = simulation.Get<Adapters.Composition.PipelineTimers>();
            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
            simulation.Time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(HoldState.Effective, await StateAsync(simulation));
    }

    [Fact]
    public async Task Two_placings_under_one_name_are_one_hold_and_a_released_name_is_taken()
    {
        using var simulation = await StartAsync();
        await PlaceAsync(simulation, "dataset");
        await PlaceAsync(simulation, "dataset");
        Assert.Equal(1, (await simulation.Get<HoldTable>().ReadAsync(CancellationToken.None)).Version);
        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);
        await Assert.ThrowsAsync<HoldNameTakenException>(() => PlaceAsync(simulation, "dataset"));
        Assert.Null(await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None));
    }

    private static IEnumerable<int> Held(string kind) => kind switch
    {
        "dataset" => Enumerable.Range(0, Visits),
        "subject" => Enumerable.Range(0, Visits).Where(number => Shop.Visit(number).Partition == "customer-002"),
        _ => Enumerable.Range(0, Visits).Where(Shop.IsGone).Take(1),
    };

    private static async Task PlaceAsync(SimulatedPipeline simulation, string kind)
    {
        HoldScope scope = kind switch
        {
            "dataset" => new HoldScope.OfDataset("visits"),
            "subject" => new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", "customer-002")]),
            _ => new HoldScope.OfRecord("visits", Shop.Visit(Held("record").First())),
        };
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", scope, "litigation", "tester", CancellationToken.None);
    }

    private static async Task<HoldState> StateAsync(SimulatedPipeline simulation) => (await FindAsync(simulation)).State;

    private static async Task<Hold> FindAsync(SimulatedPipeline simulation)
    {
        await foreach (var hold in simulation.Get<HoldTable>().ListAsync(CancellationToken.None))
        {
            return hold;
        }

        throw new InvalidOperationException("There is no hold.");
    }

    private static void AssertUntouched(SimulatedPipeline simulation, int number)
    {
        var found = simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(number));
        Assert.NotNull(found);
        Assert.Equal($"203.0.113.{1 + (number % 250)}", found.Value.Fields["Ip"]);
    }

    private static async Task SettleHoldAsync(SimulatedPipeline simulation)
    {
        var timers = simulation.Get<Adapters.Composition.PipelineTimers>();
        for (var round = 0; round < 30; round++)
        {
            await timers.IntegrateAsync(CancellationToken.None);
            await timers.CloseAsync(CancellationToken.None);
            simulation.Time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        return simulation;
    }
}
