using Azure.Messaging.ServiceBus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>The official .NET SDK as judge of the local endpoint: locks, what settles them, dead letters, looks.</summary>
[Collection(BusCollection.Name)]
public sealed class BusReceiveTests(BusFixture bus) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Nothing = TimeSpan.FromMilliseconds(400);
    private readonly string queue = bus.NewQueue();
    private ServiceBusSender sender = null!;
    private ServiceBusReceiver receiver = null!;
    private ServiceBusReceiver dead = null!;

    public Task InitializeAsync()
    {
        sender = bus.Client.CreateSender(queue);
        receiver = bus.Client.CreateReceiver(queue);
        dead = bus.Client.CreateReceiver(queue, new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter });
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await sender.DisposeAsync();
        await receiver.DisposeAsync();
        await dead.DisposeAsync();
    }

    [Fact]
    public async Task A_locked_message_is_nobody_elses_and_a_completed_one_is_gone()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        var message = await receiver.ReceiveMessageAsync(Soon);
        await using var other = bus.Client.CreateReceiver(queue);
        Assert.Null(await other.ReceiveMessageAsync(Nothing));
        await receiver.CompleteMessageAsync(message);
        bus.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Null(await other.ReceiveMessageAsync(Nothing));
        Assert.Null(await receiver.PeekMessageAsync());
    }

    [Fact]
    public async Task A_renewed_lock_holds_for_its_full_length_again()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        var message = await receiver.ReceiveMessageAsync(Soon);
        bus.Time.Advance(TimeSpan.FromSeconds(50));
        await receiver.RenewMessageLockAsync(message);
        Assert.Equal(bus.Time.GetUtcNow().AddSeconds(60), message.LockedUntil);
        bus.Time.Advance(TimeSpan.FromSeconds(50));
        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));
        await receiver.CompleteMessageAsync(message);
        Assert.Null(await receiver.PeekMessageAsync());
    }

    [Fact]
    public async Task When_a_lock_ends_the_message_comes_back_and_the_old_lock_settles_nothing()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        var first = await receiver.ReceiveMessageAsync(Soon);
        bus.Time.Advance(TimeSpan.FromSeconds(61));
        var second = await receiver.ReceiveMessageAsync(Soon);

        Assert.Equal((first.SequenceNumber, 2), (second.SequenceNumber, second.DeliveryCount));
        foreach (var late in new Func<Task>[]
        {
            () => receiver.CompleteMessageAsync(first), () => receiver.AbandonMessageAsync(first),
            () => receiver.DeadLetterMessageAsync(first), () => receiver.RenewMessageLockAsync(first),
        })
        {
            Assert.Equal(ServiceBusFailureReason.MessageLockLost, (await Assert.ThrowsAsync<ServiceBusException>(late)).Reason);
        }

        await receiver.CompleteMessageAsync(second);
        Assert.Null(await receiver.PeekMessageAsync());
        Assert.Null(await dead.PeekMessageAsync());
    }

    [Fact]
    public async Task An_abandoned_message_comes_again_at_once_and_dies_after_ten_deliveries()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        for (var delivery = 1; delivery <= 10; delivery++)
        {
            var message = await receiver.ReceiveMessageAsync(Soon);
            Assert.Equal(delivery, message.DeliveryCount);
            await receiver.AbandonMessageAsync(message);
        }

        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));
        Assert.Equal("MaxDeliveryCountExceeded", (await dead.ReceiveMessageAsync(Soon)).DeadLetterReason);
    }

    [Fact]
    public async Task A_dead_letter_says_why_and_keeps_the_rest()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("body") { MessageId = "1", ApplicationProperties = { ["own"] = 7 } });
        await receiver.DeadLetterMessageAsync(await receiver.ReceiveMessageAsync(Soon), "bad-work", "It has no rule.");
        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));

        var letter = await dead.ReceiveMessageAsync(Soon);
        Assert.Equal(("bad-work", "It has no rule.", "1", "body", 7), (letter.DeadLetterReason, letter.DeadLetterErrorDescription, letter.MessageId, letter.Body.ToString(), letter.ApplicationProperties["own"]));
        await Assert.ThrowsAnyAsync<Exception>(() => dead.DeadLetterMessageAsync(letter));
        await dead.CompleteMessageAsync(letter);
        Assert.Null(await dead.PeekMessageAsync());
    }

    [Fact]
    public async Task A_lock_outlives_its_link_and_is_settled_over_another()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        var early = bus.Client.CreateReceiver(queue);
        var message = await early.ReceiveMessageAsync(Soon);
        await early.DisposeAsync();
        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));
        await receiver.RenewMessageLockAsync(message);
        await receiver.CompleteMessageAsync(message);
        Assert.Null(await receiver.PeekMessageAsync());
        bus.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));
    }

    [Fact]
    public async Task An_empty_queue_is_drained_and_what_comes_later_is_delivered_once()
    {
        for (var round = 0; round < 5; round++)
        {
            Assert.Empty(await receiver.ReceiveMessagesAsync(10, Nothing));
            await sender.SendMessagesAsync(Enumerable.Range(0, 7).Select(number => new ServiceBusMessage($"{round} {number}")));
            var got = new List<ServiceBusReceivedMessage>();
            for (var attempt = 0; got.Count < 7 && attempt < 7; attempt++)
            {
                got.AddRange(await receiver.ReceiveMessagesAsync(3, Soon));
            }

            Assert.Equal(7, got.Count);
            Assert.All(got, message => Assert.Equal(1, message.DeliveryCount));
            await Task.WhenAll(got.Select(message => receiver.CompleteMessageAsync(message)));
        }

        Assert.Null(await receiver.PeekMessageAsync());
    }

    [Fact]
    public async Task A_receive_that_is_cancelled_leaves_the_message_to_the_next()
    {
        using (var cancel = new CancellationTokenSource(Nothing))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiver.ReceiveMessageAsync(Soon, cancel.Token));
        }

        await sender.SendMessageAsync(new ServiceBusMessage("1"));
        await receiver.CompleteMessageAsync(await receiver.ReceiveMessageAsync(Soon));
        Assert.Null(await receiver.PeekMessageAsync());
    }

    [Fact]
    public async Task A_look_shows_what_is_locked_and_scheduled_and_takes_nothing()
    {
        await sender.SendMessageAsync(new ServiceBusMessage("locked"));
        await receiver.ReceiveMessageAsync(Soon);
        await sender.SendMessageAsync(new ServiceBusMessage("ready") { Subject = "s" });
        await sender.ScheduleMessageAsync(new ServiceBusMessage("scheduled"), bus.Time.GetUtcNow().AddHours(1));

        var seen = await receiver.PeekMessagesAsync(10);

        Assert.Equal(["locked", "ready", "scheduled"], seen.Select(message => message.Body.ToString()));
        Assert.Equal([ServiceBusMessageState.Active, ServiceBusMessageState.Active, ServiceBusMessageState.Scheduled], seen.Select(message => message.State));
        Assert.Equal(bus.Time.GetUtcNow().AddHours(1), seen[2].ScheduledEnqueueTime);
        Assert.Equal(["ready"], (await receiver.PeekMessagesAsync(1, seen[1].SequenceNumber)).Select(message => message.Body.ToString()));
        Assert.Equal((1, "s"), ((await receiver.ReceiveMessageAsync(Soon)).DeliveryCount, seen[1].Subject));
    }

    [Fact]
    public async Task A_receiver_that_deletes_gets_each_message_and_leaves_none()
    {
        await sender.SendMessagesAsync(Enumerable.Range(0, 20).Select(number => new ServiceBusMessage($"{number}")));
        await using var deleting = bus.Client.CreateReceiver(queue, new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete });
        var got = new List<string>();
        for (var number = 0; number < 20; number++)
        {
            // One by one: of several, the SDK drops those that come after its first few, and they are deleted by then.
            var message = await deleting.ReceiveMessageAsync(Soon);
            Assert.NotNull(message);
            got.Add(message.Body.ToString());
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(number => $"{number}"), got);
        Assert.Null(await deleting.PeekMessageAsync());
    }
}
