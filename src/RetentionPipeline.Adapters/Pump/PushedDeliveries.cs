using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Pump;

/// <summary>
/// Deliveries that a host received by itself, one at a time: handled, renewed and settled by the very code of the pump.
/// </summary>
public sealed class PushedDeliveries(MessageRouter router, StopSwitch stops, TimeProvider time, ILogger<PushedDeliveries> logger)
{
    /// <summary>Ends when the message is settled, or left to its lock; throws nothing of the handler's.</summary>
    /// <param name="message">The message, under the pipeline's own name of its queue.</param>
    /// <param name="locks">Settles it.</param>
    /// <param name="cancel">The host ends: a stop for the handler, never for the settlement.</param>
    public Task HandleAsync(ReceivedMessage message, IMessageLocks locks, CancellationToken cancel) =>
        new Deliveries(locks, router, stops, time, logger).HandleAsync(message, cancel);
}
