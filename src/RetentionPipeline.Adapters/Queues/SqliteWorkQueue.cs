using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Queues;

/// <summary>The pipeline's queues in one SQLite file, used directly by each process.</summary>
public sealed class SqliteWorkQueue(string file, QueueBehaviour behaviour, TimeProvider time) : IWorkQueue, IDisposable
{
    private const int MaxBody = 256 * 1024;
    private const int MaxId = 128;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);
    private readonly MessageStore store = new(file, _ => behaviour, time);

    /// <inheritdoc/>
    public Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel)
    {
        foreach (var message in messages)
        {
            Check(queue, message);
        }

        return store.SendAsync(
            queue, [.. messages.Select(message => new MessageToStore(message.Id, message.Body, message.NotBefore))], cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(
        string queue, int atMost, TimeSpan wait, CancellationToken cancel)
    {
        var giveUpAt = time.GetUtcNow() + wait;
        while (true)
        {
            if (await store.TakeAsync(queue, atMost, cancel) is { Count: > 0 } taken)
            {
                return [.. taken.Select(locked => ToReceived(queue, locked))];
            }

            if (time.GetUtcNow() >= giveUpAt)
            {
                return [];
            }

            await Task.Delay(PollEvery, time, cancel);
        }
    }

    /// <inheritdoc/>
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) =>
        store.CompleteAsync(message.Queue, message.LockToken, cancel);

    /// <inheritdoc/>
    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) =>
        store.AbandonAsync(message.Queue, message.LockToken, cancel);

    /// <inheritdoc/>
    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) =>
        store.DeadLetterAsync(message.Queue, message.LockToken, new DeadLetterCause(reason, null), cancel);

    /// <inheritdoc/>
    public Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel) =>
        store.RenewLockAsync(message.Queue, message.LockToken, cancel);

    /// <summary>Messages of a queue, those under lock and those scheduled included.</summary>
    public Task<long> CountAsync(string queue, CancellationToken cancel) => store.CountAsync(queue, cancel);

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    private static void Check(string queue, OutgoingMessage message)
    {
        if (message.Id.Length is 0 or > MaxId)
        {
            throw new ArgumentException(
                $"A message for queue '{queue}' has an id of {message.Id.Length} characters; 1 to {MaxId} are allowed.");
        }

        if (message.Body.Length > MaxBody)
        {
            throw new ArgumentException(
                $"A message for queue '{queue}' has {message.Body.Length} bytes; {MaxBody} are allowed. Send a name of the data.");
        }
    }

    private static ReceivedMessage ToReceived(string queue, LockedMessage locked) => new(
        queue, locked.Message.Id, locked.Message.Content, locked.Token, locked.LockedUntil, locked.Message.Deliveries,
        locked.Message.AvailableAt, locked.Message.DeadLetter?.Reason);
}
