using Azure;
using Azure.Data.Tables;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Tables;

/// <summary>The two clients of a table account.</summary>
/// <param name="Reads">Retries as the SDK does by default.</param>
/// <param name="Acts">Never retries: the second try of a delete would find the record gone and not know by whom.</param>
/// <param name="Count">Counts the requests of both.</param>
public sealed record TableClients(TableServiceClient Reads, TableServiceClient Acts, RequestCount Count);

/// <summary>Entities of Azure Table storage. Strongly consistent; no soft delete, no versions: no residual of its own.</summary>
public sealed class TableRecordStore(string store, TableClients clients) : IRecordStore
{
    private const int ReadBackPages = 3;
    private const int PointReads = 8;

    /// <inheritdoc/>
    public string Consistency => "strong";

    /// <inheritdoc/>
    public long Spent => clients.Count.Sent;

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecordRange>> ListRangesAsync(
        DatasetLocation location, int atMost, CancellationToken cancel) => StoreCalls.ReadAsync(store, location, async () =>
        {
            var table = Reads(location);
            var splits = atMost > 1 ? await new PartitionProbe(table).FindSplitsAsync(atMost, cancel) : [];
            if (splits.Count == 0)
            {
                // Also the check that the table is there.
                await FirstAsync(table, cancel);
            }

            string?[] bounds = [null, .. splits, null];
            return (IReadOnlyList<RecordRange>)[.. bounds.Zip(bounds.Skip(1), (from, to) => new TableRange(from, to).ToRange())];
        });

    /// <inheritdoc/>
    public Task<RecordPage> ReadPageAsync(PageQuery query, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, query.Location, async () =>
        {
            var range = TableRange.Parse(query.Range);
            var pages = Reads(query.Location).QueryAsync<TableEntity>(
                range.Filter(), query.MaxRecords, Select(query.Location, query.Fields), cancel)
                .AsPages(query.Position, query.MaxRecords);
            await foreach (var page in pages.WithCancellation(cancel))
            {
                return new RecordPage(
                    [.. page.Values.Select(entity => EntityFields.Snapshot(entity, query.Location.StageField))],
                    string.IsNullOrEmpty(page.ContinuationToken) ? null : page.ContinuationToken);
            }

            return new RecordPage([], null);
        });

    /// <inheritdoc/>
    public Task<RecordSnapshot?> ReadAsync(
        DatasetLocation location, RecordKey key, IReadOnlyCollection<string> fields, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var entity = await FindAsync(location, key, Select(location, fields), cancel);
            return entity is null ? null : EntityFields.Snapshot(entity, location.StageField);
        });

    /// <inheritdoc/>
    public Task<ActResult> DeleteAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        StoreCalls.ActAsync(store, location, async () =>
        {
            // The SDK's DeleteEntity reports a missing entity by its status, not by an exception.
            var response = await Acts(location).DeleteEntityAsync(key.Partition, key.Id, new ETag(version), cancel);
            return response.Status == 404 ? new ActResult.NotFound() : new ActResult.Done(null);
        });

    /// <inheritdoc/>
    public Task<PreparedRewrite> PrepareRewriteAsync(
        DatasetLocation location, RecordKey key, string version, RecordRewrite rewrite, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var transform = ((RecordRewrite.OfFields)rewrite).Transform;
            var entity = await FindAsync(location, key, null, cancel);
            if (entity is null || entity.ETag.ToString() != version)
            {
                return (PreparedRewrite)new PreparedRewrite.Ended(
                    entity is null ? new ActResult.NotFound() : new ActResult.VersionMismatch());
            }

            var changes = transform(EntityFields.Read(entity));
            var removes = changes.Values.Any(value => value is RemovedField or null);
            var written = EntityFields.Write(entity, changes, removes, location.StageField, rewrite.Stage);
            var mode = removes ? TableUpdateMode.Replace : TableUpdateMode.Merge;
            return new PreparedRewrite.Ready(null, token => StoreCalls.ActAsync(store, location, async () =>
            {
                var response = await Acts(location).UpdateEntityAsync(written, new ETag(version), mode, token);
                return new ActResult.Done(response.Headers.ETag?.ToString());
            }));
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadBack>> ReadBackAsync(
        DatasetLocation location, IReadOnlyList<RecordKey> keys, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var wanted = keys.ToHashSet();
            var found = new Dictionary<RecordKey, ObservedRecord>();
            var passed = await ReadStretchAsync(location, keys, wanted, found, cancel);
            var rest = keys.Where(key => !found.ContainsKey(key) && !passed(key)).Distinct();
            await Parallel.ForEachAsync(
                rest, new ParallelOptions { MaxDegreeOfParallelism = PointReads, CancellationToken = cancel },
                async (key, token) =>
                {
                    if (await FindAsync(location, key, Select(location, []), token) is { } entity)
                    {
                        lock (found)
                        {
                            found[key] = Observe(entity, location);
                        }
                    }
                });
            return (IReadOnlyList<ReadBack>)[.. keys.Select(key => new ReadBack(key, found.GetValueOrDefault(key)))];
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ResidualCopy>> ListResidualsAsync(DatasetLocation location, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<ResidualCopy>>([]);

    /// <summary>
    /// The records of a batch lie side by side, as the scan read them: one walk over their stretch observes most of them
    /// in a few requests. Answers which keys the walk has passed; the others are read one by one, so that a stretch with
    /// few due records among many costs no more than those.
    /// </summary>
    private async Task<Func<RecordKey, bool>> ReadStretchAsync(
        DatasetLocation location, IReadOnlyList<RecordKey> keys, HashSet<RecordKey> wanted,
        Dictionary<RecordKey, ObservedRecord> found, CancellationToken cancel)
    {
        if (keys.Count == 1)
        {
            return _ => false;
        }

        var (first, last) = (keys.MinBy(key => key.Partition, StringComparer.Ordinal)!, keys.MaxBy(key => key.Partition, StringComparer.Ordinal)!);
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {first.Partition} and PartitionKey le {last.Partition}");
        var read = 0;
        TableEntity? at = null;
        await foreach (var page in Reads(location)
            .QueryAsync<TableEntity>(filter, 1000, Select(location, []), cancel).AsPages().WithCancellation(cancel))
        {
            foreach (var entity in page.Values)
            {
                at = entity;
                var key = new RecordKey(entity.PartitionKey, entity.RowKey);
                if (wanted.Contains(key))
                {
                    found[key] = Observe(entity, location);
                }
            }

            if (string.IsNullOrEmpty(page.ContinuationToken))
            {
                return _ => true;
            }

            if (++read == ReadBackPages)
            {
                break;
            }
        }

        // Only whole partitions before the last one seen: within it the service's order of rows is its own.
        return at is null ? _ => true : key => string.CompareOrdinal(key.Partition, at.PartitionKey) < 0;
    }

    private static ObservedRecord Observe(TableEntity entity, DatasetLocation location) =>
        new(entity.ETag.ToString(), 0, StageMark.Decode(entity.TryGetValue(location.StageField, out var mark) ? mark as string : null));

    private static async Task FirstAsync(TableClient table, CancellationToken cancel)
    {
        await foreach (var page in table.QueryAsync<TableEntity>(maxPerPage: 1, select: ["PartitionKey"], cancellationToken: cancel).AsPages())
        {
            return;
        }
    }

    private async Task<TableEntity?> FindAsync(
        DatasetLocation location, RecordKey key, IReadOnlyList<string>? select, CancellationToken cancel)
    {
        try
        {
            return await Reads(location).GetEntityAsync<TableEntity>(key.Partition, key.Id, select, cancel);
        }
        catch (RequestFailedException missing) when (missing.Status == 404 && missing.ErrorCode != "TableNotFound")
        {
            return null;
        }
    }

    private TableClient Reads(DatasetLocation location) => clients.Reads.GetTableClient(location.Container);

    private TableClient Acts(DatasetLocation location) => clients.Acts.GetTableClient(location.Container);

    private static IReadOnlyList<string> Select(DatasetLocation location, IReadOnlyCollection<string> fields) =>
        [.. fields.Append("PartitionKey").Append("RowKey").Append(location.StageField).Distinct(StringComparer.Ordinal)];
}
