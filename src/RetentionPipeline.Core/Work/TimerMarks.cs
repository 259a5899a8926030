namespace RetentionPipeline.Core.Work;

/// <summary>When each timer last ended well: one row each, since timers run on whichever instance they like.</summary>
public sealed class TimerMarks(IRowStore rows, TimeProvider time)
{
    private const string Partition = "timers";

    /// <summary>Says that a run of the timer ended well just now. Of two at once either stands.</summary>
    public async Task MarkAsync(string timer, CancellationToken cancel)
    {
        var row = await rows.ReadAsync(Partition, timer, cancel);
        await rows.CommitAsync(
            Partition, [row is null ? new RowWrite.Insert(timer, Now()) : new RowWrite.Replace(timer, Now(), row.Version)], cancel);
    }

    /// <summary>
    /// When each of the timers last ended well. One that was never seen counts from now on: a new deployment is not late.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> LastAsync(IEnumerable<string> timers, CancellationToken cancel)
    {
        var last = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var timer in timers)
        {
            if (await rows.ReadAsync(Partition, timer, cancel) is { } row)
            {
                last[timer] = DateTimeOffset.ParseExact(row.Text, "O", CultureInfo.InvariantCulture);
            }
            else
            {
                await rows.CommitAsync(Partition, [new RowWrite.Insert(timer, Now())], cancel);
                last[timer] = time.GetUtcNow();
            }
        }

        return last;
    }

    private string Now() => time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
}
