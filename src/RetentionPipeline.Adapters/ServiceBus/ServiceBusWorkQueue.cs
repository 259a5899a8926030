using System.Collections.Concurrent;
using Azure.Core;
using Azure.Messaging.ServiceBus;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.ServiceBus;

/// <summary>
/// The pipeline's queues on Azure Service Bus, over AMQP. The queues are there already, with duplicate detection on.
/// A failure of Service Bus is let through (<see cref="ServiceBusException"/>), but for lost locks.
/// </summary>
public sealed class ServiceBusWorkQueue : IWorkQueue, IAsyncDisposable
{
    private const int MaxId = 128;

    /// <summary>
    /// The shortest wait for a first message. A receive is a question over the network; without a while for the answer it
    /// would find every queue empty.
    /// </summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    private readonly ServiceBusClient client;
    private readonly ConcurrentDictionary<string, Lazy<ServiceBusSender>> senders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<ServiceBusReceiver>> receivers = new(StringComparer.Ordinal);

    /// <summary>Connects when it is first used.</summary>
    /// <param name="connectionString">Of the namespace, or of the local endpoint.</param>
    public ServiceBusWorkQueue(string connectionString) => client = new ServiceBusClient(connectionString);

    /// <summary>Connects when it is first used, as the given identity.</summary>
    /// <param name="fullyQualifiedNamespace">As in name.servicebus.windows.net.</param>
    /// <param name="credential">May send to and receive from the queues.</param>
    public ServiceBusWorkQueue(string fullyQualifiedNamespace, TokenCredential credential) =>
        client = new ServiceBusClient(fullyQualifiedNamespace, credential);

    /// <inheritdoc/>
    public async Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel)
    {
        foreach (var message in messages)
        {
            Check(queue, message);
        }

        var sender = senders.GetOrAdd(queue, name => new(() => client.CreateSender(name))).Value;
        var next = 0;
        while (next < messages.Count)
        {
            // The link says how much one transfer holds; a batch is sent as one, and each message is its own afterwards.
            using var batch = await sender.CreateMessageBatchAsync(cancel);
            while (next < messages.Count && batch.TryAddMessage(ToServiceBus(messages[next])))
            {
                next++;
            }

            if (batch.Count == 0)
            {
                throw new ArgumentException(
                    $"A message for queue '{queue}' has {messages[next].Body.Length} bytes; with what goes around it, "
                    + $"{batch.MaxSizeInBytes} are allowed. Send a name of the data.");
            }

            await sender.SendMessagesAsync(batch, cancel);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(
        string queue, int atMost, TimeSpan wait, CancellationToken cancel)
    {
        var messages = await ReceiverOf(queue).ReceiveMessagesAsync(
            atMost, wait > ShortestWait ? wait : ShortestWait, cancel);
        return [.. messages.Select(message => ToReceived(queue, message))];
    }

    /// <inheritdoc/>
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) => SettleAsync(
        message, (receiver, locked) => receiver.CompleteMessageAsync(locked, cancel));

    /// <inheritdoc/>
    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) => SettleAsync(
        message, (receiver, locked) => receiver.AbandonMessageAsync(locked, cancellationToken: cancel));

    /// <inheritdoc/>
    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) => SettleAsync(
        message, (receiver, locked) => receiver.DeadLetterMessageAsync(locked, reason, cancellationToken: cancel));

    /// <inheritdoc/>
    public async Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel)
    {
        var until = message.LockedUntil;
        await SettleAsync(message, async (receiver, locked) =>
        {
            await receiver.RenewMessageLockAsync(locked, cancel);
            until = locked.LockedUntil;
        });
        return until;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => client.DisposeAsync();

    private static void Check(string queue, OutgoingMessage message)
    {
        if (message.Id.Length is 0 or > MaxId)
        {
            throw new ArgumentException(
                $"A message for queue '{queue}' has an id of {message.Id.Length} characters; 1 to {MaxId} are allowed.");
        }
    }

    private static ServiceBusMessage ToServiceBus(OutgoingMessage message)
    {
        var made = new ServiceBusMessage(message.Body) { MessageId = message.Id };
        if (message.NotBefore is { } notBefore)
        {
            made.ScheduledEnqueueTime = notBefore;
        }

        return made;
    }

    /// <summary>A delivery as the SDK gives it.</summary>
    public static ReceivedMessage ToReceived(string queue, ServiceBusReceivedMessage message) => new(
        queue, message.MessageId, message.Body.ToMemory(), Guid.Parse(message.LockToken), message.LockedUntil,
        message.DeliveryCount, message.EnqueuedTime, message.DeadLetterReason);

    /// <summary>
    /// Settles by the lock's token alone, so that nothing of a delivery is kept here; the SDK asks for no more of it. One
    /// that came over a link that is gone is settled over the queue's management.
    /// </summary>
    private async Task SettleAsync(ReceivedMessage message, Func<ServiceBusReceiver, ServiceBusReceivedMessage, Task> settle)
    {
        try
        {
            await settle(
                ReceiverOf(message.Queue),
                ServiceBusModelFactory.ServiceBusReceivedMessage(lockTokenGuid: message.LockToken));
        }
        catch (ServiceBusException failure) when (failure.Reason == ServiceBusFailureReason.MessageLockLost)
        {
            throw new MessageLockLostException(message.Queue);
        }
    }

    private ServiceBusReceiver ReceiverOf(string queue) =>
        receivers.GetOrAdd(queue, name => new(() => client.CreateReceiver(name))).Value;
}
