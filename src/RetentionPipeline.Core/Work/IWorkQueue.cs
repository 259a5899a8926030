namespace RetentionPipeline.Core.Work;

/// <summary>
/// Queues with the semantics of Azure Service Bus: a message is delivered at least once under a lock (peek-lock), comes
/// back when the lock ends unsettled, counts its deliveries, and goes to the dead-letter queue after too many. Order is
/// not promised. Safe for concurrent use by several processes; durable when a task ends.
/// </summary>
public interface IWorkQueue : IMessageLocks
{
    /// <summary>
    /// Sends messages; all are durable when the task ends. A message whose id the queue saw within its duplicate window
    /// is dropped silently, whatever became of the first copy. An exception leaves it open whether some, all or none
    /// were sent; sending again with the same ids is right.
    /// </summary>
    Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel);

    /// <summary>
    /// Takes up to <paramref name="atMost"/> messages under a lock each, waiting up to <paramref name="wait"/> for the
    /// first. Empty if there was none.
    /// </summary>
    Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(
        string queue, int atMost, TimeSpan wait, CancellationToken cancel);
}

/// <summary>What may be done with a delivery for as long as its lock is held. Safe for concurrent use.</summary>
public interface IMessageLocks
{
    /// <summary>Removes the message. Throws <see cref="MessageLockLostException"/> if the lock is no longer held.</summary>
    Task CompleteAsync(ReceivedMessage message, CancellationToken cancel);

    /// <summary>Gives the message back at once; its delivery counts. Throws as <see cref="CompleteAsync"/> does.</summary>
    Task AbandonAsync(ReceivedMessage message, CancellationToken cancel);

    /// <summary>Moves it to the dead-letter queue. Throws as <see cref="CompleteAsync"/> does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="reason">Constant code.</param>
    /// <param name="cancel">Stops the call, not the effect.</param>
    Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel);

    /// <summary>Renews the lock for its full length; returns until when it holds. Throws as above.</summary>
    Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel);
}

/// <summary>A message to send.</summary>
/// <param name="Id">At most 128 characters, for duplicate detection; ids of work only.</param>
/// <param name="Body">At most 256 KiB; ids of work only.</param>
/// <param name="NotBefore">Delivered from then on; null for at once.</param>
public sealed record OutgoingMessage(string Id, ReadOnlyMemory<byte> Body, DateTimeOffset? NotBefore);

/// <summary>A delivery.</summary>
/// <param name="Queue">The queue it came from.</param>
/// <param name="Id">As sent.</param>
/// <param name="Body">As sent.</param>
/// <param name="LockToken">Names this delivery.</param>
/// <param name="LockedUntil">When the lock ends unless renewed.</param>
/// <param name="DeliveryCount">1 for the first.</param>
/// <param name="EnqueuedAt">When it became available first.</param>
/// <param name="DeadLetterReason">On dead-letter queues: the reason, or the queue's own.</param>
public sealed record ReceivedMessage(
    string Queue, string Id, ReadOnlyMemory<byte> Body, Guid LockToken, DateTimeOffset LockedUntil,
    int DeliveryCount, DateTimeOffset EnqueuedAt, string? DeadLetterReason);

/// <summary>The queues of the pipeline.</summary>
public static class QueueNames
{
    /// <summary>Slices: planning and releasing.</summary>
    public const string Slices = "slices";

    /// <summary>Operations: the acts.</summary>
    public const string Operations = "operations";

    /// <summary>A source's entrance.</summary>
    public static string RequestsOf(string source) => RequestsPrefix + source;

    /// <summary>Where a source is answered.</summary>
    public static string RepliesOf(string source) => "replies-" + source;

    /// <summary>The source whose entrance (or its dead-letter queue) this is; null for any other queue.</summary>
    public static string? SourceOf(string queue) => queue.StartsWith(RequestsPrefix, StringComparison.Ordinal)
        ? queue[RequestsPrefix.Length..].Split('/')[0]
        : null;

    private const string RequestsPrefix = "requests-";

    /// <summary>The dead-letter queue of a queue, as Service Bus names it.</summary>
    public static string DeadLetterOf(string queue) => queue + "/$deadletterqueue";
}

/// <summary>The lock of a delivery is gone: another delivery of the message may be under way.</summary>
public sealed class MessageLockLostException(string queue)
    : Exception($"The lock on a message of queue '{queue}' is no longer held; it will be delivered again.");
