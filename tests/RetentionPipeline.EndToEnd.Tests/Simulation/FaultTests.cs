using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class FaultTests
{
    private const int Visits = 120;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task With_five_per_cent_of_all_calls_failing_without_effect_nothing_is_ever_absent(int seed)
    {
        using var simulation = await StartAsync();
        var random = new Random(seed);
        simulation.Faults.Choose = (_, _) => random.Next(100) < 5 ? FaultKind.FailedAndNotWritten : null;

        await RunAsync(simulation);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Absent));
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Failed));
        Assert.Equal(Shop.GoneCount(Visits), results.GetValueOrDefault(OutcomeResult.Erased));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Absent_are_exactly_the_deletes_whose_answer_was_lost()
    {
        using var simulation = await StartAsync();
        var (random, lost) = (new Random(7), 0);
        simulation.Faults.Choose = (_, call) =>
        {
            if (call != "records.delete" || random.Next(100) >= 20)
            {
                return null;
            }

            lost++;
            return FaultKind.FailedButWritten;
        };

        await RunAsync(simulation);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.True(lost > 0);
        Assert.Equal(lost, results.GetValueOrDefault(OutcomeResult.Absent));
        Assert.Equal(Shop.GoneCount(Visits) - lost, results.GetValueOrDefault(OutcomeResult.Erased));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_rewrite_whose_answer_was_lost_is_known_by_its_stage()
    {
        using var simulation = await StartAsync();
        simulation.Faults.Choose = (_, call) => call == "records.commit" ? FaultKind.FailedButWritten : null;

        await RunAsync(simulation);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Failed));
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Changed));
        Assert.True(results[OutcomeResult.Anonymised] > 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Throttled_records_go_on_in_a_child_not_before_the_store_asked_for()
    {
        using var simulation = await StartAsync();
        var throttled = 0;
        simulation.Stores[Shop.Store].Answer = _ => throttled++ < 10 ? new ActResult.Throttled(TimeSpan.FromSeconds(90)) : null;

        await RunAsync(simulation);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(Shop.GoneCount(Visits), results[OutcomeResult.Erased]);
        Assert.Contains(simulation.Queue.Sent, sent =>
            sent.Queue == QueueNames.Operations && sent.Message.NotBefore is { } at && at >= Shop.Now.AddSeconds(90));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_store_that_only_throttles_ends_in_failed_after_twenty_children()
    {
        using var simulation = await StartAsync();
        simulation.Stores[Shop.Store].Answer = _ => new ActResult.Throttled(null);

        await simulation.AskForAllAsync("once");
        await simulation.RunUntilQuietAsync(rounds: 4000);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(0, results.GetValueOrDefault(OutcomeResult.Erased));
        Assert.True(results[OutcomeResult.Failed] > 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_the_store_refuses_fails_with_its_reason_and_is_left_alone()
    {
        using var simulation = await StartAsync();
        simulation.Stores[Shop.Logs].Answer = _ => new ActResult.Refused(RefusalReasons.Leased);

        await RunAsync(simulation);

        var results = await EvidenceCheck.ResultsAsync(simulation);
        Assert.Equal(9, results[OutcomeResult.Failed]);
        Assert.All(simulation.Stores[Shop.Logs].Keys("logs"), key =>
            Assert.Contains("203.0.113.77", System.Text.Encoding.UTF8.GetString(simulation.Stores[Shop.Logs].Find("logs", key)!.Value.Content!), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_that_cannot_be_reached_is_a_failed_scan_that_shows_and_the_others_go_on()
    {
        using var simulation = await StartAsync();
        simulation.Stores[Shop.Logs].Unreachable = true;

        await RunAsync(simulation);

        var figures = await EvidenceCheck.FiguresAsync(simulation);
        Assert.Equal(FailureReasons.StoreUnreachable, Assert.Single(figures, scan => scan.ShowsAsFailed).Reason);
        Assert.Equal(Shop.GoneCount(Visits), (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Erased]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_store_that_goes_away_while_a_slice_is_read_is_a_failed_scan_that_shows()
    {
        using var simulation = await StartAsync();
        simulation.Faults.Before = call => simulation.Stores[Shop.Logs].Unreachable |= call == "records.page";

        await RunAsync(simulation);

        var failed = Assert.Single(await EvidenceCheck.FiguresAsync(simulation), scan => scan.Status == "failed");
        Assert.Equal(FailureReasons.StoreUnreachable, failed.Reason);
    }

    [Fact]
    public async Task An_entity_changed_between_scan_and_act_is_decided_again()
    {
        using var simulation = await StartAsync();
        var due = Enumerable.Range(0, Visits).Where(Shop.IsGone).Take(2).ToArray();
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete")
            {
                simulation.Faults.Before = null;
                Touch(simulation, due[0], Shop.Now.AddDays(-1));
                Touch(simulation, due[1], Shop.Now.AddYears(-5));
            }
        };

        await RunAsync(simulation);

        Assert.NotNull(simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(due[0])));
        Assert.Null(simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(due[1])));
        Assert.Equal(1, (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Changed]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static void Touch(SimulatedPipeline simulation, int number, DateTimeOffset seenAt) =>
        simulation.Stores[Shop.Store].Put(Shop.Visits, Shop.Visit(number), new Dictionary<string, object?>
        {
            ["PartitionKey"] = Shop.Visit(number).Partition,
            ["SeenAt"] = seenAt,
            ["Ip"] = "203.0.113.9",
        });

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.AskForAllAsync("once");
        return simulation;
    }

    private static async Task RunAsync(SimulatedPipeline simulation)
    {
        await simulation.RunUntilQuietAsync(rounds: 2000);
        simulation.Faults.Choose = null;
        simulation.Faults.Before = null;
    }
}
