using Azure;
using Azure.Data.Tables;
using RetentionPipeline.Adapters.Composition;

namespace RetentionPipeline.Local.Runs;

/// <summary>
/// What the official SDK alone reaches on this machine: conditional point deletes of throw-away entities, of the sample's
/// size and partitions, at the best concurrency of a sweep.
/// </summary>
public sealed class RawDeletes(string address, TimeProvider time)
{
    private const string Table = "RawDeletes";
    private static readonly int[] Sweep = [1, 4, 8, 16, 32, 64];
    private static readonly TimeSpan SweepTime = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongTime = TimeSpan.FromSeconds(10);
    private readonly TableClient table = DeployedPorts.TableService(address, retries: 0).GetTableClient(Table);
    private readonly Queue<TableEntity> ready = new();
    private int made;

    /// <summary>Deletes a second, measured for at least ten seconds.</summary>
    public async Task<double> MeasureAsync(CancellationToken cancel)
    {
        await table.CreateIfNotExistsAsync(cancel);
        var (best, rate) = (1, 0.0);
        foreach (var concurrency in Sweep)
        {
            var found = await RunAsync(concurrency, SweepTime, 1_500, cancel);
            (best, rate) = found > rate ? (concurrency, found) : (best, rate);
        }

        var measured = await RunAsync(best, LongTime, (int)(rate * LongTime.TotalSeconds * 1.3), cancel);
        await table.DeleteAsync(cancel);
        return measured;
    }

    private async Task<double> RunAsync(int concurrency, TimeSpan length, int entities, CancellationToken cancel)
    {
        await PrepareAsync(entities, cancel);
        var startedAt = time.GetTimestamp();
        var deleted = 0;
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            while (time.GetElapsedTime(startedAt) < length && Take() is { } entity)
            {
                await table.DeleteEntityAsync(entity.PartitionKey, entity.RowKey, entity.ETag, cancel);
                Interlocked.Increment(ref deleted);
            }
        }));
        return deleted / time.GetElapsedTime(startedAt).TotalSeconds;
    }

    private TableEntity? Take()
    {
        lock (ready)
        {
            return ready.TryDequeue(out var entity) ? entity : null;
        }
    }

    private async Task PrepareAsync(int entities, CancellationToken cancel)
    {
        while (ready.Count < entities)
        {
            var partition = $"customer-{made++:D6}";
            var batch = Enumerable.Range(0, 20).Select(row => new TableEntity(partition, $"{row:D8}")
            {
                ["SeenAt"] = time.GetUtcNow(),
                ["Ip"] = "203.0.113.7",
                ["Url"] = "https://shop.example/item/123?who=nobody",
                ["Feature"] = "search",
            }).ToList();
            var written = await table.SubmitTransactionAsync(
                batch.Select(entity => new TableTransactionAction(TableTransactionActionType.Add, entity)), cancel);
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].ETag = written.Value[i].Headers.ETag ?? ETag.All;
                ready.Enqueue(batch[i]);
            }
        }
    }
}
