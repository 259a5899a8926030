using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Adapters.ServiceBus;
using RetentionPipeline.Core.Work;

// The flavour with triggers, all of it: this file is compiled only where ServiceBusTriggers=true is published.
namespace RetentionPipeline.Functions.Triggers;

/// <summary>Plans and releases slices.</summary>
public sealed class SlicesFunction(PushedDeliveries deliveries, TimeProvider time)
{
    /// <summary>One message at a time; settled when the task ends.</summary>
    [Function(QueueNames.Slices)]
    public Task RunAsync(
        [ServiceBusTrigger("%Retention_slicesQueue%", Connection = "ServiceBus", AutoCompleteMessages = false)] ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions, CancellationToken cancel) => deliveries.HandleAsync(
            ServiceBusWorkQueue.ToReceived(QueueNames.Slices, message), new ActionLocks(message, actions, time), cancel);
}

/// <summary>Carries out operations.</summary>
public sealed class OperationsFunction(PushedDeliveries deliveries, TimeProvider time)
{
    /// <summary>One message at a time; settled when the task ends.</summary>
    [Function(QueueNames.Operations)]
    public Task RunAsync(
        [ServiceBusTrigger("%Retention_operationsQueue%", Connection = "ServiceBus", AutoCompleteMessages = false)] ServiceBusReceivedMessage message,
        ServiceBusMessageActions actions, CancellationToken cancel) => deliveries.HandleAsync(
            ServiceBusWorkQueue.ToReceived(QueueNames.Operations, message), new ActionLocks(message, actions, time), cancel);
}

/// <summary>Settles through the host, which holds the lock. A call that fails means that the lock is lost.</summary>
internal sealed class ActionLocks(ServiceBusReceivedMessage delivery, ServiceBusMessageActions actions, TimeProvider time) : IMessageLocks
{
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) => actions.CompleteMessageAsync(delivery, cancel);

    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) => actions.AbandonMessageAsync(delivery, null, cancel);

    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) =>
        actions.DeadLetterMessageAsync(delivery, null, reason, null, cancel);

    public async Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel)
    {
        // The host does not say until when; the template says for how long.
        await actions.RenewMessageLockAsync(delivery, cancel);
        return time.GetUtcNow() + QueueBehaviour.Default.LockLength;
    }
}
