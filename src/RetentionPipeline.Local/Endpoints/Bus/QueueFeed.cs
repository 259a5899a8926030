using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// Takes messages of one queue for the receivers that ask, in turn. One loop does it all for the queue, so that between
/// "there are none" and the end of a drain no message slips through. It wakes for sends, credit and settlements, and
/// looks again every little while as long as somebody waits: locks end and schedules begin without a word.
/// </summary>
internal sealed class QueueFeed : IAsyncDisposable
{
    private const int MostAtOnce = 100;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);
    private readonly Lock gate = new();
    private readonly List<QueueReader> readers = [];
    private readonly SemaphoreSlim signal = new(0);
    private readonly CancellationTokenSource stop = new();
    private readonly string queue;
    private readonly MessageStore store;
    private readonly TimeProvider time;
    private readonly Task loop;
    private int turn;

    /// <summary>Starts at once.</summary>
    public QueueFeed(string queue, MessageStore store, TimeProvider time)
    {
        (this.queue, this.store, this.time) = (queue, store, time);
        loop = Task.Run(RunAsync);
    }

    /// <summary>Looks again soon.</summary>
    public void Wake()
    {
        if (signal.CurrentCount == 0)
        {
            signal.Release();
        }
    }

    /// <summary>From now on it gets its share, until its link goes.</summary>
    public void Add(QueueReader reader)
    {
        lock (gate)
        {
            readers.Add(reader);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var somebodyWaits = await ServeAllAsync();
                await signal.WaitAsync(somebodyWaits ? LookEvery : Timeout.InfiniteTimeSpan, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task<bool> ServeAllAsync()
    {
        var somebodyWaits = false;
        foreach (var reader in InTurn())
        {
            try
            {
                somebodyWaits |= await ServeAsync(reader);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // The store does not answer: the receiver hears it, and comes again.
                await reader.FailAsync(failure);
            }
        }

        return somebodyWaits;
    }

    private async Task<bool> ServeAsync(QueueReader reader)
    {
        var (wanted, draining, flow) = reader.Wants();
        var asked = Math.Min(wanted, MostAtOnce);
        var taken = asked > 0 ? await store.TakeAsync(queue, asked, stop.Token) : [];
        foreach (var message in taken)
        {
            // Not cancelled half-way: each message that was taken is sent or given back.
            await reader.SendAsync(message, time.GetUtcNow(), CancellationToken.None);
        }

        if (taken.Count > 0)
        {
            Wake();
        }
        else if (draining)
        {
            reader.EndDrain(flow);
        }

        return wanted > taken.Count;
    }

    private List<QueueReader> InTurn()
    {
        lock (gate)
        {
            readers.RemoveAll(reader => reader.Closed);
            turn = readers.Count == 0 ? 0 : (turn + 1) % readers.Count;
            return [.. readers[turn..], .. readers[..turn]];
        }
    }
}
