using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Queues;

/// <summary>
/// Queues under other names than the pipeline's: a namespace may have rules for names. Dead-letter queues go with theirs;
/// everything else is as the queue inside says.
/// </summary>
/// <param name="inner">The queues, by their names there.</param>
/// <param name="names">Their names there, by the pipeline's names. What is not named keeps its name.</param>
public sealed class RenamedQueue(IWorkQueue inner, IReadOnlyDictionary<string, string> names) : IWorkQueue, IAsyncDisposable
{
    /// <inheritdoc/>
    public Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel) =>
        inner.SendAsync(There(queue), messages, cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(string queue, int atMost, TimeSpan wait, CancellationToken cancel) =>
        [.. (await inner.ReceiveAsync(There(queue), atMost, wait, cancel)).Select(message => message with { Queue = queue })];

    /// <inheritdoc/>
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) => inner.CompleteAsync(There(message), cancel);

    /// <inheritdoc/>
    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) => inner.AbandonAsync(There(message), cancel);

    /// <inheritdoc/>
    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) =>
        inner.DeadLetterAsync(There(message), reason, cancel);

    /// <inheritdoc/>
    public Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel) =>
        inner.RenewLockAsync(There(message), cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (inner is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
        else if (inner is IDisposable closing)
        {
            closing.Dispose();
        }
    }

    private ReceivedMessage There(ReceivedMessage message) => message with { Queue = There(message.Queue) };

    private string There(string queue)
    {
        var end = queue.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? slash : queue.Length;
        return names.GetValueOrDefault(queue[..end], queue[..end]) + queue[end..];
    }
}
