using System.Text;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>Anonymised at P30D, deleted at P13M: the same entity, the same log, by the clock that it had at first.</summary>
public sealed class StageTests
{
    private const string LogsEnd = """
          - name: logs-end
            dataset: access-logs
            clock: day
            period: P13M
            action: delete
            mode: enforce
            cap: {records: 1000, percent: 100}
            schedule: 0 0 5 * * *
        """;

    [Fact]
    public async Task An_entity_is_anonymised_at_its_first_stage_and_deleted_at_its_second_by_its_first_clock()
    {
        using var simulation = await StartAsync();
        var key = new RecordKey("customer-001", "visit");
        var seenAt = Shop.Now.AddDays(-29);
        simulation.Stores[Shop.Store].Put(Shop.Visits, key, new Dictionary<string, object?>
        {
            ["PartitionKey"] = key.Partition,
            ["SeenAt"] = seenAt,
            ["Ip"] = "203.0.113.7",
        });

        await RunAtAsync(simulation, Shop.Now);
        Assert.Equal("203.0.113.7", Find()!.Value.Fields["Ip"]);
        await RunAtAsync(simulation, seenAt.AddDays(30));
        Assert.Equal("203.0.113.0", Find()!.Value.Fields["Ip"]);
        Assert.Equal(seenAt, Find()!.Value.Stage!.ClockAt);
        await RunAtAsync(simulation, seenAt.AddMonths(13).AddSeconds(-10));
        Assert.NotNull(Find());
        await RunAtAsync(simulation, seenAt.AddMonths(13));
        Assert.Null(Find());
        Assert.Equal(["rewrite", "delete"], simulation.Stores[Shop.Store].Acts.Select(act => act.Act));
        await EvidenceCheck.AssertWellAsync(simulation);

        (IReadOnlyDictionary<string, object?> Fields, byte[]? Content, StageMark? Stage)? Find() =>
            simulation.Stores[Shop.Store].Find(Shop.Visits, key);
    }

    [Fact]
    public async Task A_log_is_anonymised_at_its_first_stage_and_deleted_at_its_second_by_the_day_in_its_name()
    {
        using var simulation = await StartAsync();
        var day = new DateTimeOffset(Shop.Now.AddDays(-6).Date, TimeSpan.Zero);
        var key = new RecordKey("", $"access/{day:yyyy-MM-dd}.log");
        simulation.Stores[Shop.Logs].Put(
            "logs", key, new Dictionary<string, object?> { ["@name-date"] = $"{day:yyyy-MM-dd}" },
            Encoding.UTF8.GetBytes("203.0.113.77 - - GET /\n"));

        await RunAtAsync(simulation, Shop.Now);
        Assert.Equal("203.0.113.77 - - GET /\n", Text());
        await RunAtAsync(simulation, day.AddDays(7));
        Assert.Equal("203.0.113.0 - - GET /\n", Text());
        await RunAtAsync(simulation, day.AddMonths(13).AddSeconds(-10));
        Assert.NotNull(Text());
        await RunAtAsync(simulation, day.AddMonths(13));
        Assert.Null(Text());
        Assert.Equal(["rewrite", "delete"], simulation.Stores[Shop.Logs].Acts.Select(act => act.Act));
        await EvidenceCheck.AssertWellAsync(simulation);

        string? Text() => simulation.Stores[Shop.Logs].Find("logs", key) is { } found ? Encoding.UTF8.GetString(found.Content!) : null;
    }

    [Fact]
    public async Task What_is_due_for_the_later_stage_is_not_anonymised_first()
    {
        using var simulation = await StartAsync();
        var key = new RecordKey("customer-001", "visit");
        simulation.Stores[Shop.Store].Put(Shop.Visits, key, new Dictionary<string, object?>
        {
            ["PartitionKey"] = key.Partition,
            ["SeenAt"] = Shop.Now.AddYears(-2),
            ["Ip"] = "203.0.113.7",
        });

        await RunAtAsync(simulation, Shop.Now);

        Assert.Equal(["delete"], simulation.Stores[Shop.Store].Acts.Select(act => act.Act));
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        await simulation.StorePolicyAsync(Shop.Policy(extra: LogsEnd));
        return simulation;
    }

    private static async Task RunAtAsync(SimulatedPipeline simulation, DateTimeOffset at)
    {
        simulation.Time.AdvanceTo(at);
        await simulation.AskForAllAsync($"at-{at.UtcTicks}");
        await simulation.RunUntilQuietAsync();
    }
}
