using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Functions.Tests.Triggers;

/// <summary>The host's settlements of one delivery, on a queue in memory, written down.</summary>
internal sealed class QueueActions(MemoryWorkQueue queue, ReceivedMessage delivery) : ServiceBusMessageActions
{
    /// <summary>What was asked for, in order; renewals are none.</summary>
    public List<string> Settled { get; } = [];

    /// <summary>What stands before each settlement: a lock that is lost throws here.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    /// <summary>The delivery as the worker's converter hands it to a function.</summary>
    public ServiceBusReceivedMessage Message { get; } = ServiceBusModelFactory.ServiceBusReceivedMessage(
        BinaryData.FromBytes(delivery.Body), delivery.Id, lockTokenGuid: delivery.LockToken, lockedUntil: delivery.LockedUntil,
        deliveryCount: delivery.DeliveryCount, enqueuedTime: delivery.EnqueuedAt);

    public override Task CompleteMessageAsync(ServiceBusReceivedMessage message, CancellationToken cancel) =>
        SettleAsync("complete", message, () => queue.CompleteAsync(delivery, cancel), cancel);

    public override Task AbandonMessageAsync(
        ServiceBusReceivedMessage message, IDictionary<string, object>? propertiesToModify, CancellationToken cancel) =>
        SettleAsync("abandon", message, () => queue.AbandonAsync(delivery, cancel), cancel);

    public override Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message, Dictionary<string, object>? propertiesToModify, string? deadLetterReason,
        string? deadLetterErrorDescription, CancellationToken cancel) =>
        SettleAsync($"dead-letter {deadLetterReason}", message, () => queue.DeadLetterAsync(delivery, deadLetterReason!, cancel), cancel);

    public override Task RenewMessageLockAsync(ServiceBusReceivedMessage message, CancellationToken cancel) =>
        queue.RenewLockAsync(delivery, cancel);

    private async Task SettleAsync(string what, ServiceBusReceivedMessage message, Func<Task> settle, CancellationToken cancel)
    {
        // By the delivery that came, and with no token: a host that ends stops the handler, never the settlement.
        Assert.Same(Message, message);
        Assert.False(cancel.CanBeCanceled);
        Settled.Add(what);
        await Before();
        await settle();
    }
}
