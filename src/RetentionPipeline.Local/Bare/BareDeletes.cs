namespace RetentionPipeline.Local.Bare;

/// <summary>
/// What the official SDK alone reaches on this machine: conditional point deletes of throw-away records at the best
/// concurrency of a sweep.
/// </summary>
internal sealed class BareDeletes(IThrowaways records, TimeProvider time)
{
    private static readonly int[] Sweep = [1, 4, 8, 16, 32, 64];
    private static readonly TimeSpan SweepTime = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongTime = TimeSpan.FromSeconds(10);
    private readonly Queue<Func<CancellationToken, Task>> ready = new();

    /// <summary>Deletes a second, measured for at least ten seconds.</summary>
    public async Task<double> MeasureAsync(CancellationToken cancel)
    {
        await records.OpenAsync(cancel);
        var (best, rate) = (1, 0.0);
        foreach (var concurrency in Sweep)
        {
            var found = await RunAsync(concurrency, SweepTime, 1_500, cancel);
            (best, rate) = found > rate ? (concurrency, found) : (best, rate);
        }

        var measured = await RunAsync(best, LongTime, (int)(rate * LongTime.TotalSeconds * 1.3), cancel);
        await records.CloseAsync(cancel);
        return measured;
    }

    private async Task<double> RunAsync(int concurrency, TimeSpan length, int count, CancellationToken cancel)
    {
        if (ready.Count < count)
        {
            foreach (var delete in await records.MakeAsync(count - ready.Count, cancel))
            {
                ready.Enqueue(delete);
            }
        }

        var startedAt = time.GetTimestamp();
        var deleted = 0;
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            while (time.GetElapsedTime(startedAt) < length && Take() is { } delete)
            {
                await delete(cancel);
                Interlocked.Increment(ref deleted);
            }
        }));
        return deleted / time.GetElapsedTime(startedAt).TotalSeconds;
    }

    private Func<CancellationToken, Task>? Take()
    {
        lock (ready)
        {
            return ready.TryDequeue(out var delete) ? delete : null;
        }
    }
}
