namespace RetentionPipeline.Adapters.Queues;

/// <summary>How a queue behaves.</summary>
/// <param name="LockLength">How long a delivery is locked.</param>
/// <param name="DuplicateWindow">How long an id is remembered; zero for a queue that does not look for duplicates.</param>
/// <param name="MaxDeliveries">Deliveries before a message is dead.</param>
public sealed record QueueBehaviour(TimeSpan LockLength, TimeSpan DuplicateWindow, int MaxDeliveries)
{
    /// <summary>The defaults of Azure Service Bus.</summary>
    public static readonly QueueBehaviour Default = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), 10);
}
