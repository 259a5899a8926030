using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class RedeliveryTests
{
    private const int Visits = 60;

    [Fact]
    public async Task A_message_that_comes_again_after_its_scan_has_closed_does_nothing()
    {
        using var simulation = await StartAsync();
        await simulation.RunOnceAsync();
        var acts = simulation.Stores[Shop.Store].Acts.Count;
        var logged = simulation.Ledger.AllBytes().Sum(bytes => bytes.Length);
        var old = simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.Operations).ToList();

        simulation.Time.Advance(TimeSpan.FromHours(1));
        foreach (var (queue, message) in old)
        {
            await simulation.Queue.SendAsync(queue, [message], CancellationToken.None);
        }

        await simulation.DrainAsync();

        Assert.True(old.Count > 0);
        Assert.Equal(acts, simulation.Stores[Shop.Store].Acts.Count);
        Assert.Equal(logged, simulation.Ledger.AllBytes().Sum(bytes => bytes.Length));
        Assert.Equal(0, simulation.Queue.Count(QueueNames.Operations));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_message_that_comes_again_after_its_results_asks_nothing_of_the_store()
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        await simulation.DrainAsync();
        var spent = simulation.Stores[Shop.Store].Spent;
        var done = simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.Operations).ToList();

        // The scan is not closed yet: only the results say that the work is done.
        foreach (var (queue, message) in done)
        {
            await simulation.Get<MessageRouter>().HandleAsync(
                new ReceivedMessage(queue, message.Id, message.Body, Guid.Empty, DateTimeOffset.MaxValue, 2, Shop.Now, null),
                CancellationToken.None);
        }

        Assert.True(done.Count > 0);
        Assert.Equal(spent, simulation.Stores[Shop.Store].Spent);
        await simulation.RunUntilQuietAsync();
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_message_that_is_older_than_its_attempt_never_acts()
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        while (await simulation.HandleOneAsync(QueueNames.Slices))
        {
        }

        var released = simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.Operations).Select(sent => sent.Message).ToList();
        Assert.NotEmpty(released);
        var spent = simulation.Stores[Shop.Store].Spent;
        foreach (var message in released)
        {
            var work = WorkMessage.Decode(message.Body);
            await simulation.Get<Attempts>().SendAgainAsync(
                WorkAddress.OfOperation(work.Id), simulation.Time.GetUtcNow().AddMinutes(5), attempt => attempt, CancellationToken.None);
            await simulation.Get<MessageRouter>().HandleAsync(
                new ReceivedMessage(QueueNames.Operations, message.Id, message.Body, Guid.Empty, DateTimeOffset.MaxValue, 1, Shop.Now, null),
                CancellationToken.None);
        }

        Assert.Equal(spent, simulation.Stores[Shop.Store].Spent);
        Assert.Empty(simulation.Stores[Shop.Store].Acts);
        await simulation.RunUntilQuietAsync();
        Assert.Equal(Shop.GoneCount(Visits), (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Erased]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_doubled_timer_makes_the_same_scan_and_two_runners_of_one_slice_the_same_batches()
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        using var other = simulation.Another();
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        await other.GetRequiredService<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        var slices = simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.Slices).Select(sent => sent.Message).ToList();

        foreach (var slice in slices)
        {
            var delivery = new ReceivedMessage(
                QueueNames.Slices, slice.Id, slice.Body, Guid.Empty, DateTimeOffset.MaxValue, 1, Shop.Now, null);
            await Task.WhenAll(
                Task.Run(() => simulation.Get<MessageRouter>().HandleAsync(delivery, CancellationToken.None)),
                Task.Run(() => other.GetRequiredService<MessageRouter>().HandleAsync(delivery, CancellationToken.None)));
        }

        await simulation.RunUntilQuietAsync();

        Assert.Equal(Shop.GoneCount(Visits), (await EvidenceCheck.ResultsAsync(simulation))[OutcomeResult.Erased]);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Work_sent_again_inside_the_duplicate_window_is_delivered()
    {
        using var simulation = await StartAsync();
        var address = WorkAddress.OfOperation(new Guid("22222222-2222-5222-8222-222222222222"));
        await simulation.Get<Attempts>().SendFirstAsync(address, null, CancellationToken.None);
        var first = Assert.Single(await simulation.Queue.ReceiveAsync(QueueNames.Operations, 1, TimeSpan.Zero, CancellationToken.None));
        await simulation.Queue.DeadLetterAsync(first, "planted", CancellationToken.None);

        await simulation.Get<Attempts>().SendAgainAsync(address, null, attempt => attempt, CancellationToken.None);

        Assert.Single(await simulation.Queue.ReceiveAsync(QueueNames.Operations, 1, TimeSpan.Zero, CancellationToken.None));
    }

    [Theory]
    [InlineData("{", "message-unreadable")]
    [InlineData("{\"v\":2,\"kind\":\"operation\",\"id\":\"22222222-2222-5222-8222-222222222222\",\"slice\":0,\"attempt\":1}", "message-version")]
    [InlineData("{\"v\":1,\"kind\":\"operation\",\"id\":\"22222222-2222-5222-8222-222222222222\",\"slice\":0,\"attempt\":1}", "operation-unknown")]
    [InlineData(null, "message-too-large")]
    public async Task A_message_that_can_never_be_processed_becomes_a_row_and_leaves_the_queues(string? body, string reason)
    {
        using var simulation = await StartAsync();
        var bytes = body is null ? new byte[300 * 1024] : System.Text.Encoding.UTF8.GetBytes(body);
        await simulation.Queue.SendAsync(QueueNames.Operations, [new OutgoingMessage("foreign", bytes, null)], CancellationToken.None);

        await simulation.DrainAsync();

        Assert.Equal(0, simulation.Queue.Count(QueueNames.Operations));
        Assert.Equal(0, simulation.Queue.Count(QueueNames.DeadLetterOf(QueueNames.Operations)));
        var row = Assert.Single(simulation.Rows.Snapshot(), row => row.Partition == DeadLetterDrain.Partition);
        Assert.Contains(reason, row.Text, StringComparison.Ordinal);
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        return simulation;
    }
}
