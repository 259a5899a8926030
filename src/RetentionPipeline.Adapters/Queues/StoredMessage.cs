namespace RetentionPipeline.Adapters.Queues;

/// <summary>A message to store.</summary>
/// <param name="Id">For duplicate detection; null for none.</param>
/// <param name="Content">Bytes that the store does not look into.</param>
/// <param name="NotBefore">Delivered from then on; null for at once.</param>
public sealed record MessageToStore(string? Id, ReadOnlyMemory<byte> Content, DateTimeOffset? NotBefore);

/// <summary>A message as it lies in its queue.</summary>
/// <param name="Sequence">Its number; each one is given once in a file, and grows.</param>
/// <param name="Id">As sent; empty for none.</param>
/// <param name="Content">As sent.</param>
/// <param name="Deliveries">How often it was delivered.</param>
/// <param name="AvailableAt">When it becomes available, or did first.</param>
/// <param name="DeadLetter">On dead-letter queues: why it is there.</param>
public sealed record StoredMessage(
    long Sequence, string Id, ReadOnlyMemory<byte> Content, int Deliveries, DateTimeOffset AvailableAt,
    DeadLetterCause? DeadLetter);

/// <summary>Why a message is dead.</summary>
/// <param name="Reason">Constant code.</param>
/// <param name="Description">More, for people.</param>
public sealed record DeadLetterCause(string Reason, string? Description)
{
    /// <summary>The queue's own, as Service Bus names it.</summary>
    public const string TooManyDeliveries = "MaxDeliveryCountExceeded";
}

/// <summary>A delivery.</summary>
/// <param name="Message">The message; this delivery is counted in it.</param>
/// <param name="Token">Names the delivery.</param>
/// <param name="LockedUntil">When the lock ends unless renewed.</param>
public sealed record LockedMessage(StoredMessage Message, Guid Token, DateTimeOffset LockedUntil);
