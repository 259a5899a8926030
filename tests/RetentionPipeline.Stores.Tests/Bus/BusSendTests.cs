using System.Security.Cryptography;
using Azure.Messaging.ServiceBus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>The official .NET SDK as judge of the local endpoint: what is sent, and when it comes.</summary>
[Collection(BusCollection.Name)]
public sealed class BusSendTests(BusFixture bus)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Nothing = TimeSpan.FromMilliseconds(400);
    private readonly string queue = bus.NewQueue();

    [Fact]
    public async Task All_that_a_sender_says_arrives()
    {
        var body = RandomNumberGenerator.GetBytes(70_000);
        await SendAsync(new ServiceBusMessage(body)
        {
            MessageId = "id-1",
            CorrelationId = "correlation-1",
            Subject = "subject-1",
            ContentType = "application/cloudevents+json",
            To = "to-1",
            ReplyTo = "replies",
            PartitionKey = "partition-1",
            TimeToLive = TimeSpan.FromHours(3),
            ApplicationProperties = { ["text"] = "täxt", ["number"] = 42, ["time"] = bus.Time.GetUtcNow(), ["none"] = null, ["guid"] = Guid.Empty },
        });

        var got = await ReceiveAsync();

        Assert.Equal(body, got!.Body.ToArray());
        Assert.Equal(
            ("id-1", "correlation-1", "subject-1", "application/cloudevents+json", "to-1", "replies", "partition-1"),
            (got.MessageId, got.CorrelationId, got.Subject, got.ContentType, got.To, got.ReplyTo, got.PartitionKey));
        Assert.Equal(TimeSpan.FromHours(3), got.TimeToLive);
        Assert.Equal(
            ["täxt", 42, bus.Time.GetUtcNow(), null, Guid.Empty],
            new[] { "text", "number", "time", "none", "guid" }.Select(name => got.ApplicationProperties[name]));
        Assert.Equal(1, got.DeliveryCount);
        Assert.Equal(bus.Time.GetUtcNow(), got.EnqueuedTime);
        Assert.Equal(bus.Time.GetUtcNow().AddSeconds(60), got.LockedUntil);
        Assert.True(got.SequenceNumber > 0);
    }

    [Fact]
    public async Task A_batch_is_as_many_messages_as_were_put_in()
    {
        await using var sender = bus.Client.CreateSender(queue);
        using (var batch = await sender.CreateMessageBatchAsync())
        {
            Assert.Equal(256 * 1024, batch.MaxSizeInBytes);
            for (var number = 0; number < 300; number++)
            {
                Assert.True(batch.TryAddMessage(
                    new ServiceBusMessage($"body {number}") { MessageId = $"{number}", Subject = $"s{number}" }));
            }

            await sender.SendMessagesAsync(batch);
        }

        await using var receiver = bus.Client.CreateReceiver(queue);
        var got = new List<ServiceBusReceivedMessage>();
        for (var attempt = 0; got.Count < 300 && attempt < 50; attempt++)
        {
            got.AddRange(await receiver.ReceiveMessagesAsync(500, Soon));
        }

        // The SDK gives back what came after its first few; that shuffles them, and counts for nothing.
        Assert.Equal(
            Enumerable.Range(0, 300).Select(number => ($"{number}", $"body {number}", $"s{number}", 1)),
            got.OrderBy(message => message.SequenceNumber)
                .Select(message => (message.MessageId, message.Body.ToString(), message.Subject, message.DeliveryCount)));
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_and_the_next_is_not()
    {
        await using var sender = bus.Client.CreateSender(queue);
        var failure = await Assert.ThrowsAsync<ServiceBusException>(() => sender.SendMessageAsync(new ServiceBusMessage(new byte[300_000])));
        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, failure.Reason);
        await sender.SendMessageAsync(new ServiceBusMessage("small"));
        Assert.Equal("small", (await ReceiveAsync())!.Body.ToString());
    }

    [Fact]
    public async Task A_queue_that_is_not_there_is_not_found()
    {
        await using var sender = bus.Client.CreateSender("nowhere");
        await using var receiver = bus.Client.CreateReceiver("nowhere");
        Assert.Equal(
            ServiceBusFailureReason.MessagingEntityNotFound,
            (await Assert.ThrowsAsync<ServiceBusException>(() => sender.SendMessageAsync(new ServiceBusMessage("x")))).Reason);
        Assert.Equal(
            ServiceBusFailureReason.MessagingEntityNotFound,
            (await Assert.ThrowsAsync<ServiceBusException>(() => receiver.ReceiveMessageAsync(Soon))).Reason);
    }

    [Fact]
    public async Task Who_has_another_key_is_let_nowhere()
    {
        var other = bus.ConnectionString.Replace("SharedAccessKey=", "SharedAccessKey=x", StringComparison.Ordinal);
        await using var client = new ServiceBusClient(other, new ServiceBusClientOptions { RetryOptions = { MaxRetries = 0 } });
        await using var sender = client.CreateSender(queue);
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => sender.SendMessageAsync(new ServiceBusMessage("x")));
        Assert.Null(await ReceiveAsync(Nothing));
    }

    [Fact]
    public async Task What_is_not_there_is_refused_by_name()
    {
        var session = await Assert.ThrowsAnyAsync<Exception>(() => bus.Client.AcceptSessionAsync(queue, "session"));
        Assert.Contains("no sessions", session.Message, StringComparison.Ordinal);
        await SendAsync(new ServiceBusMessage("x"));
        await using var receiver = bus.Client.CreateReceiver(queue);
        var message = await receiver.ReceiveMessageAsync(Soon);
        var deferral = await Assert.ThrowsAnyAsync<Exception>(() => receiver.DeferMessageAsync(message));
        Assert.Contains("deferred", deferral.Message, StringComparison.Ordinal);
        await receiver.CompleteMessageAsync(message);
    }

    [Fact]
    public async Task A_scheduled_message_comes_at_its_time_and_not_when_it_was_cancelled()
    {
        await using var sender = bus.Client.CreateSender(queue);
        var at = bus.Time.GetUtcNow().AddMinutes(30);
        var numbers = await sender.ScheduleMessagesAsync([new ServiceBusMessage("1"), new ServiceBusMessage("2")], at);
        await sender.SendMessageAsync(new ServiceBusMessage("3") { ScheduledEnqueueTime = at });
        await sender.CancelScheduledMessageAsync(numbers[0]);
        Assert.Null(await ReceiveAsync(Nothing));

        bus.Time.Advance(TimeSpan.FromMinutes(29.9));
        Assert.Null(await ReceiveAsync(Nothing));
        bus.Time.Advance(TimeSpan.FromMinutes(0.2));
        var first = await ReceiveAsync();
        Assert.Equal(("2", numbers[1], at), (first!.Body.ToString(), first.SequenceNumber, first.EnqueuedTime));
        Assert.Equal("3", (await ReceiveAsync())!.Body.ToString());
        Assert.Null(await ReceiveAsync(Nothing));

        var late = await Assert.ThrowsAsync<ServiceBusException>(() => sender.CancelScheduledMessageAsync(numbers[1]));
        Assert.Equal(ServiceBusFailureReason.MessageNotFound, late.Reason);
    }

    [Fact]
    public async Task A_duplicate_is_dropped_within_the_window_and_not_after_it()
    {
        await using var sender = bus.Client.CreateSender(queue);
        await using var receiver = bus.Client.CreateReceiver(queue);
        await sender.SendMessageAsync(new ServiceBusMessage("first") { MessageId = "1" });
        await receiver.CompleteMessageAsync(await receiver.ReceiveMessageAsync(Soon));
        await sender.SendMessageAsync(new ServiceBusMessage("second") { MessageId = "1" });
        await sender.SendMessagesAsync([new ServiceBusMessage("third") { MessageId = "1" }, new ServiceBusMessage("other") { MessageId = "2" }]);
        var other = await receiver.ReceiveMessageAsync(Soon);
        Assert.Equal("other", other.Body.ToString());
        await receiver.CompleteMessageAsync(other);
        Assert.Null(await receiver.ReceiveMessageAsync(Nothing));

        bus.Time.Advance(TimeSpan.FromMinutes(11));
        await sender.SendMessageAsync(new ServiceBusMessage("fourth") { MessageId = "1" });
        Assert.Equal("fourth", (await receiver.ReceiveMessageAsync(Soon)).Body.ToString());
    }

    [Fact]
    public async Task A_schedule_that_is_sent_again_is_the_same_one_and_can_be_cancelled()
    {
        await using var sender = bus.Client.CreateSender(queue);
        var at = bus.Time.GetUtcNow().AddMinutes(5);
        var first = await sender.ScheduleMessageAsync(new ServiceBusMessage("1") { MessageId = "1" }, at);
        Assert.Equal(first, await sender.ScheduleMessageAsync(new ServiceBusMessage("1") { MessageId = "1" }, at));
        await sender.CancelScheduledMessageAsync(first);
        bus.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Null(await ReceiveAsync(Nothing));
    }

    private async Task SendAsync(ServiceBusMessage message)
    {
        await using var sender = bus.Client.CreateSender(queue);
        await sender.SendMessageAsync(message);
    }

    private async Task<ServiceBusReceivedMessage?> ReceiveAsync(TimeSpan? wait = null)
    {
        await using var receiver = bus.Client.CreateReceiver(queue);
        return await receiver.ReceiveMessageAsync(wait ?? Soon);
    }
}
