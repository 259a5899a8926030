using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Work;

/// <summary>What is late, and since when: timers, the published log, and the watch itself.</summary>
public sealed class FreshnessTests
{
    private const string Origin = "freshness.example/log";
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    private static readonly FreshnessLimits Limits = new(
        new Dictionary<string, TimeSpan> { ["scan"] = Limit, ["pump"] = 2 * Limit, [FreshnessWatch.Watch] = Limit }, Limit);

    private readonly SimulatedTime time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryRowStore rows = new(new Faults());
    private readonly MemoryLedger ledger = new(new Faults());
    private readonly TimerMarks marks;
    private readonly FreshnessWatch watch;

    public FreshnessTests()
    {
        marks = new TimerMarks(rows, time);
        watch = new FreshnessWatch(marks, new LedgerLag(new LogReader(ledger, ledger, ledger), ledger, rows, time), rows, time);
    }

    [Fact]
    public async Task A_new_deployment_is_not_late_until_its_timers_had_their_time()
    {
        Assert.Equal([], await LateAsync());
        time.Advance(Limit);
        Assert.Equal([], await LateAsync());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["scan"], await LateAsync());
        time.Advance(Limit);
        Assert.Equal(["pump", "scan"], await LateAsync());
    }

    [Fact]
    public async Task A_timer_that_ended_well_is_not_late_and_is_again_when_it_stops()
    {
        var first = time.GetUtcNow();
        await LateAsync();
        time.Advance(Limit + TimeSpan.FromSeconds(1));
        Assert.Equal(new LateWork("scan", first), Assert.Single((await watch.LookAsync(Limits, None)).Late));
        await marks.MarkAsync("scan", None);
        Assert.Equal([], await LateAsync());
        await marks.MarkAsync("pump", None);
        var marked = time.GetUtcNow();
        time.Advance(Limit + TimeSpan.FromSeconds(1));
        Assert.Equal(new LateWork("scan", marked), Assert.Single((await watch.LookAsync(Limits, None)).Late));
    }

    [Fact]
    public async Task A_leaf_that_waits_too_long_for_the_log_is_late_and_an_old_log_alone_is_not()
    {
        await AppendAsync("1");
        await IntegrateAsync();
        await PassAsync(10 * Limit);
        Assert.Equal([], await LateAsync());

        await AppendAsync("2");
        var seen = time.GetUtcNow();
        Assert.Equal([], await LateAsync());
        await PassAsync(Limit);
        await AppendAsync("3");
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new LateWork(FreshnessWatch.Checkpoint, seen), Assert.Single((await watch.LookAsync(Limits, None)).Late));

        // What came later waits from when it was seen, not from when the first did.
        await IntegrateAsync();
        await AppendAsync("4");
        Assert.Equal([], await LateAsync());
        await PassAsync(Limit);
        Assert.Equal([], await LateAsync());
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal([FreshnessWatch.Checkpoint], await LateAsync());
    }

    [Fact]
    public async Task The_health_is_the_last_look_and_a_look_that_is_missing_or_old_is_late_itself()
    {
        Assert.Equal([FreshnessWatch.Watch], await HealthAsync());
        await LateAsync();
        Assert.Equal([], await HealthAsync());
        time.Advance(Limit + TimeSpan.FromSeconds(1));
        Assert.Equal([FreshnessWatch.Watch], await HealthAsync());
        await LateAsync();
        Assert.Equal(["scan"], await HealthAsync());
    }

    private async Task<IEnumerable<string>> LateAsync() => (await watch.LookAsync(Limits, None)).Late.Select(late => late.What).Order(StringComparer.Ordinal);

    private async Task<IEnumerable<string>> HealthAsync() => (await watch.LateAsync(Limits, None)).Select(late => late.What);

    private Task AppendAsync(string id) => new LaneWriter(ledger).AppendAsync(
        [Leaf.Encode("intent", id, "", time.GetUtcNow(), new JsonObject { ["id"] = id })], None);

    private async Task IntegrateAsync()
    {
        var integrator = new Integrator(ledger.Stores, new NoteSigner(Origin, new byte[32]), Origin);
        for (var run = 0; run < 3; run++)
        {
            await integrator.RunOnceAsync(None);
        }
    }

    /// <summary>Time passes and every timer runs.</summary>
    private async Task PassAsync(TimeSpan by)
    {
        time.Advance(by);
        await marks.MarkAsync("scan", None);
        await marks.MarkAsync("pump", None);
    }
}
