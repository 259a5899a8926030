using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Tests.Starting;
using RetentionPipeline.Functions.Triggers;

namespace RetentionPipeline.Functions.Tests.Triggers;

/// <summary>Each function of the flavour with triggers, called with everything that can become of a message.</summary>
public sealed class QueueFunctionTests
{
    public static TheoryData<string> Queues => [QueueNames.Slices, QueueNames.Operations];

    [Fact]
    public async Task The_two_functions_do_a_whole_scan_and_the_evidence_is_well()
    {
        using var shop = await TriggeredShop.StartAsync();
        var queue = shop.Pipeline.Queue;
        for (var left = 200; queue.Count(QueueNames.Slices) + queue.Count(QueueNames.Operations) > 0; left--)
        {
            Assert.True(left > 0);
            var name = queue.Count(QueueNames.Slices) > 0 ? QueueNames.Slices : QueueNames.Operations;
            Assert.Equal(["complete"], await shop.DeliverAsync(name));
        }

        Assert.NotEmpty(shop.Pipeline.Stores[Shop.Store].Acts);
        await shop.Pipeline.RunUntilQuietAsync();
        await EvidenceCheck.AssertWellAsync(shop.Pipeline);
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task What_can_never_succeed_is_a_dead_letter_with_the_routers_reason(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        var strange = new OutgoingMessage("strange", "{}"u8.ToArray(), null);
        var reason = (await Assert.ThrowsAsync<UnprocessableWorkException>(() => shop.Pipeline.Get<MessageRouter>().HandleAsync(
            new ReceivedMessage(queue, strange.Id, strange.Body, Guid.Empty, DateTimeOffset.MaxValue, 1, Shop.Now, null), CancellationToken.None))).Reason;
        while (shop.Pipeline.Queue.Count(queue) > 0)
        {
            await shop.DeliverAsync(queue);
        }

        await shop.Pipeline.Queue.SendAsync(queue, [strange], CancellationToken.None);
        Assert.Equal([$"dead-letter {reason}"], await shop.DeliverAsync(queue));
        Assert.Equal(1, shop.Pipeline.Queue.Count(QueueNames.DeadLetterOf(queue)));
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task A_transient_failure_gives_the_message_back_and_it_succeeds_the_next_time(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(queue);
        var left = 1;
        shop.Pipeline.Faults.Choose = (_, call) =>
            call.StartsWith("objects.", StringComparison.Ordinal) && left-- > 0 ? FaultKind.FailedAndNotWritten : null;
        Assert.Equal(["abandon"], await shop.DeliverAsync(queue));
        Assert.Equal(["complete"], await shop.DeliverAsync(queue));
        await EndWellAsync(shop);
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task After_a_lost_lock_nothing_more_is_tried_and_the_message_finds_its_work_done(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(queue);
        var actions = await shop.ReceiveAsync(queue);
        actions.Before = () => throw new InvalidOperationException("The lock supplied is invalid.");
        await shop.FunctionOf(queue)(actions.Message, actions, CancellationToken.None);
        Assert.Equal(["complete"], actions.Settled);

        var acts = shop.Pipeline.Stores[Shop.Store].Acts.Count;
        shop.Pipeline.Time.Advance(shop.Pipeline.Queue.LockLength);
        Assert.Equal(["complete"], await shop.DeliverAsync(queue));
        Assert.Equal(acts, shop.Pipeline.Stores[Shop.Store].Acts.Count);
        await EndWellAsync(shop);
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task At_the_time_out_before_anything_was_done_the_message_is_given_back(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(queue);
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        Assert.Equal(["abandon"], await shop.DeliverAsync(queue, ended.Token));
        Assert.Equal(["complete"], await shop.DeliverAsync(queue));
        await EndWellAsync(shop);
    }

    [Fact]
    public async Task At_the_time_out_amid_the_acts_what_was_done_is_written_and_the_message_is_completed()
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(QueueNames.Operations);
        using var ended = new CancellationTokenSource();
        shop.Pipeline.Faults.Before = call =>
        {
            if (call is "records.delete" or "records.commit")
            {
                ended.Cancel();
            }
        };
        var settled = new List<string>();
        while (!ended.IsCancellationRequested)
        {
            settled.AddRange(await shop.DeliverAsync(QueueNames.Operations, ended.Token));
        }

        shop.Pipeline.Faults.Before = null;
        Assert.Equal("complete", settled[^1]);
        await EndWellAsync(shop);
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task A_message_that_comes_again_after_its_success_is_completed_and_does_nothing(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(queue);
        while (shop.Pipeline.Queue.Count(queue) > 0)
        {
            await shop.DeliverAsync(queue);
        }

        var acts = shop.Pipeline.Stores[Shop.Store].Acts.Count;
        var again = shop.Pipeline.Queue.Sent.First(sent => sent.Queue == queue).Message;
        await shop.Pipeline.Queue.SendAsync(queue, [again with { Id = again.Id + "-again" }], CancellationToken.None);
        Assert.Equal(["complete"], await shop.DeliverAsync(queue));
        Assert.Equal(acts, shop.Pipeline.Stores[Shop.Store].Acts.Count);
        await EndWellAsync(shop);
    }

    [Theory, MemberData(nameof(Queues))]
    public async Task The_function_returns_after_its_settlement(string queue)
    {
        using var shop = await TriggeredShop.StartAsync();
        await shop.BringToAsync(queue);
        Assert.True(await ReturnsAfterSettlementAsync(await shop.ReceiveAsync(queue), shop.FunctionOf(queue)));
    }

    [Fact]
    public async Task A_settlement_after_the_return_is_seen()
    {
        using var shop = await TriggeredShop.StartAsync();
        Assert.False(await ReturnsAfterSettlementAsync(await shop.ReceiveAsync(QueueNames.Slices), SettlingLateAsync));

        static Task SettlingLateAsync(ServiceBusReceivedMessage message, ServiceBusMessageActions actions, CancellationToken cancel)
        {
            _ = actions.CompleteMessageAsync(message, CancellationToken.None);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task The_pump_of_this_flavour_leaves_the_two_queues_and_keeps_their_dead_letters()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(TrialSettings.Needed
            .Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value))).Build();
        PumpBounds BoundsOf(params IEnumerable<Type> classes)
        {
            var services = new ServiceCollection().AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>));
            using var provider = services.AddFunctionsHost(PipelineOptions.Read(configuration, PublishedApp.Folder), [.. classes]).BuildServiceProvider(FunctionsHost.Container);
            return provider.GetRequiredService<PumpBounds>();
        }

        Assert.Equal(new PumpBounds(4, 4), BoundsOf(FunctionsHost.FunctionClasses));
        var bounds = BoundsOf([.. FunctionsHost.FunctionClasses, typeof(SlicesFunction), typeof(OperationsFunction)]);

        using var shop = await TriggeredShop.StartAsync();
        var queue = shop.Pipeline.Queue;
        await queue.SendAsync(QueueNames.Operations, [new OutgoingMessage("strange", "{}"u8.ToArray(), null)], CancellationToken.None);
        await shop.DeliverAsync(QueueNames.Operations);
        var waiting = queue.Count(QueueNames.Slices);
        Assert.Equal((true, 1), (waiting > 0, queue.Count(QueueNames.DeadLetterOf(QueueNames.Operations))));

        var pump = new WorkPump(
            queue, shop.Pipeline.Get<MessageRouter>(), shop.Pipeline.Get<StopSwitch>(), TimeProvider.System, bounds, NullLogger<WorkPump>.Instance);
        await pump.RunWhileBusyAsync(new PumpVisit(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)), CancellationToken.None);
        Assert.Equal((waiting, 0), (queue.Count(QueueNames.Slices), queue.Count(QueueNames.DeadLetterOf(QueueNames.Operations))));
    }

    private static async Task<bool> ReturnsAfterSettlementAsync(QueueActions actions, TriggeredFunction function)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        actions.Before = () =>
        {
            asked.SetResult();
            return answered.Task;
        };
        var returned = function(actions.Message, actions, CancellationToken.None);
        await asked.Task;
        var isLate = returned.IsCompleted;
        answered.SetResult();
        await returned;
        return !isLate;
    }

    private static async Task EndWellAsync(TriggeredShop shop)
    {
        await shop.Pipeline.RunUntilQuietAsync();
        await EvidenceCheck.AssertWellAsync(shop.Pipeline);
    }
}
