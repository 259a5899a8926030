using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Items of Azure Cosmos DB for NoSQL. Requests have low priority: an account that tells priorities apart throttles them
/// before those of its owner. Items carry their ids and partition keys in their addresses, so that the service logs of the
/// account may hold them.
/// </summary>
public sealed class CosmosRecordStore(string store, CosmosAccount account) : IRecordStore
{
    private const int ReadManyAtOnce = 100;
    private const int PointReads = 8;

    /// <summary>Empty pages are passed over, but not without end within one call.</summary>
    private const int EmptyPages = 16;

    private readonly ItemReads items = new(account);

    /// <inheritdoc/>
    public string Consistency => account.Consistency;

    /// <inheritdoc/>
    public long Spent => (long)Math.Ceiling(account.Units.Total);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecordRange>> ListRangesAsync(DatasetLocation location, int atMost, CancellationToken cancel) =>
        CallAsync(location, CosmosOperation.Metadata, async container =>
            CosmosRange.Spread(await container.Container.GetFeedRangesAsync(cancel), atMost), cancel);

    /// <inheritdoc/>
    public Task<RecordPage> ReadPageAsync(PageQuery query, CancellationToken cancel) =>
        CallAsync(query.Location, CosmosOperation.Scan, async container =>
        {
            var feeds = CosmosRange.Parse(query.Range).Feeds;
            var projection = new Projection(container, query.Location.StageField, query.Fields);
            var snapshots = new List<RecordSnapshot>();
            var next = (CosmosPosition?)CosmosPosition.Parse(query.Position);
            for (var read = 0; next is not null && snapshots.Count == 0 && read < EmptyPages; read++)
            {
                using var pages = container.Container.GetItemQueryStreamIterator(
                    FeedRange.FromJsonString(feeds[next.Feed]), projection.Query, next.Token,
                    new QueryRequestOptions { MaxItemCount = query.MaxRecords, MaxConcurrency = 1, PriorityLevel = PriorityLevel.Low });
                using var page = await pages.ReadNextAsync(cancel);
                CosmosCalls.Check(page);
                snapshots = Documents(page, projection.Snapshot);
                next = page.ContinuationToken is { } token ? next with { Token = token }
                    : next.Feed + 1 < feeds.Count ? new CosmosPosition(next.Feed + 1, null)
                    : null;
            }

            return new RecordPage(snapshots, next?.Encode());
        }, cancel);

    /// <inheritdoc/>
    public Task<RecordSnapshot?> ReadAsync(
        DatasetLocation location, RecordKey key, IReadOnlyCollection<string> fields, CancellationToken cancel) =>
        CallAsync(location, CosmosOperation.Read, async container =>
        {
            using var item = await FindAsync(location.Container, container, key, cancel);
            return item is null ? null : CosmosFields.Snapshot(item.RootElement, key, fields, location.StageField);
        }, cancel);

    /// <inheritdoc/>
    public Task<ActResult> DeleteAsync(DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        ActAsync(location, CosmosOperation.Delete, key, container => container.Container.DeleteItemStreamAsync(
            key.Id, CosmosKeys.Read(key.Partition), Conditional(version), cancel), cancel);

    /// <inheritdoc/>
    public Task<PreparedRewrite> PrepareRewriteAsync(
        DatasetLocation location, RecordKey key, string version, RecordRewrite rewrite, CancellationToken cancel) =>
        CallAsync<PreparedRewrite>(location, CosmosOperation.Read, async container =>
        {
            var transform = ((RecordRewrite.OfFields)rewrite).Document;
            using var item = await FindAsync(location.Container, container, key, cancel);
            if (item is null || item.RootElement.GetProperty("_etag").GetString() != version)
            {
                return new PreparedRewrite.Ended(item is null ? new ActResult.NotFound() : new ActResult.VersionMismatch());
            }

            var written = ItemRewriter.Write(JsonMarshal.GetRawUtf8Value(item.RootElement), transform, location.StageField, rewrite.Stage);
            return new PreparedRewrite.Ready(null, token => ActAsync(
                location, CosmosOperation.Rewrite, key, there => there.Container.ReplaceItemStreamAsync(
                    written, key.Id, CosmosKeys.Read(key.Partition), Conditional(version), token), token));
        }, cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadBack>> ReadBackAsync(DatasetLocation location, IReadOnlyList<RecordKey> keys, CancellationToken cancel) =>
        CallAsync<IReadOnlyList<ReadBack>>(location, CosmosOperation.ReadBack, async container =>
        {
            var found = new ConcurrentDictionary<RecordKey, ObservedRecord>();
            var (together, alone) = Split(container, keys.Distinct());
            foreach (var some in together.Chunk(ReadManyAtOnce))
            {
                using var many = await container.Container.ReadManyItemsStreamAsync(
                    [.. some.Select(key => (key.Id, CosmosKeys.Read(key.Partition)))],
                    new ReadManyRequestOptions { PriorityLevel = PriorityLevel.Low }, cancel);
                CosmosCalls.Check(many);
                foreach (var (key, record) in Documents(many, item => (CosmosKeys.Of(item, container), CosmosFields.Observe(item, location.StageField))))
                {
                    found[key] = record;
                }
            }

            await Parallel.ForEachAsync(
                alone, new ParallelOptions { MaxDegreeOfParallelism = PointReads, CancellationToken = cancel },
                async (key, token) =>
                {
                    using var item = await FindAloneAsync(container, key, token);
                    if (item is not null)
                    {
                        found[key] = CosmosFields.Observe(item.RootElement, location.StageField);
                    }
                });
            return [.. keys.Select(key => new ReadBack(key, found.GetValueOrDefault(key)))];
        }, cancel);

    /// <summary>
    /// None that the data plane tells: how far back an account can be restored stands in its management plane. The policy
    /// declares it (<c>residuals</c>, kind <c>continuous-backup</c>), and who asks adds what is declared.
    /// </summary>
    public Task<IReadOnlyList<ResidualCopy>> ListResidualsAsync(DatasetLocation location, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<ResidualCopy>>([]);

    /// <summary>
    /// Which keys one query may ask for together. Without an index such a query would look at every record of a partition;
    /// and what the SDK may ask for by address must have one.
    /// </summary>
    private static (List<RecordKey> Together, List<RecordKey> Alone) Split(CosmosContainer container, IEnumerable<RecordKey> keys)
    {
        var parts = keys.ToLookup(key => !container.IndexingOff && CosmosKeys.CanAddress(key.Id));
        return ([.. parts[true]], [.. parts[false]]);
    }

    /// <summary>The whole item, or null; in one request with others that are wanted at the same time.</summary>
    private async Task<JsonDocument?> FindAsync(string name, CosmosContainer container, RecordKey key, CancellationToken cancel) =>
        container.IndexingOff || !CosmosKeys.CanAddress(key.Id)
            ? await FindAloneAsync(container, key, cancel)
            : await items.FindAsync(name, key, cancel) is { } item
                ? JsonDocument.Parse(item, new JsonDocumentOptions { MaxDepth = 128 })
                : null;

    private static async Task<JsonDocument?> FindAloneAsync(CosmosContainer container, RecordKey key, CancellationToken cancel)
    {
        if (!CosmosKeys.CanAddress(key.Id))
        {
            return await QueryOneAsync(container, key, cancel);
        }

        using var response = await container.Container.ReadItemStreamAsync(
            key.Id, CosmosKeys.Read(key.Partition), new ItemRequestOptions { PriorityLevel = PriorityLevel.Low }, cancel);
        if (CosmosCalls.IsMissing(response))
        {
            return null;
        }

        CosmosCalls.Check(response);
        return await JsonDocument.ParseAsync(response.Content, new JsonDocumentOptions { MaxDepth = 128 }, cancel);
    }

    private static async Task<JsonDocument?> QueryOneAsync(CosmosContainer container, RecordKey key, CancellationToken cancel)
    {
        using var pages = container.Container.GetItemQueryStreamIterator(
            new QueryDefinition("SELECT * FROM c WHERE c.id = @id").WithParameter("@id", key.Id), null,
            new QueryRequestOptions
            {
                PartitionKey = CosmosKeys.Read(key.Partition),
                EnableScanInQuery = container.IndexingOff,
                PriorityLevel = PriorityLevel.Low,
            });
        while (pages.HasMoreResults)
        {
            using var page = await pages.ReadNextAsync(cancel);
            CosmosCalls.Check(page);
            if (Documents(page, item => item.GetRawText()) is [var text, ..])
            {
                return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 128 });
            }
        }

        return null;
    }

    private static List<T> Documents<T>(ResponseMessage page, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(page.Content, new JsonDocumentOptions { MaxDepth = 128 });
        return [.. document.RootElement.GetProperty("Documents").EnumerateArray().Select(read)];
    }

    private static ItemRequestOptions Conditional(string version) => new()
    {
        IfMatchEtag = version,
        EnableContentResponseOnWrite = false,
        PriorityLevel = PriorityLevel.Low,
    };

    private Task<T> CallAsync<T>(
        DatasetLocation location, CosmosOperation operation, Func<CosmosContainer, Task<T>> call, CancellationToken cancel) =>
        CosmosCalls.ReadAsync(store, location, async () =>
        {
            var container = await account.ContainerAsync(location.Container, cancel);
            return await account.RunAsync(operation, location.Container, () => call(container));
        }, cancel);

    private Task<ActResult> ActAsync(
        DatasetLocation location, CosmosOperation operation, RecordKey key, Func<CosmosContainer, Task<ResponseMessage>> act,
        CancellationToken cancel) => CosmosKeys.CanAddress(key.Id)
            ? CosmosCalls.ActAsync(store, location, async () =>
            {
                var container = await account.ContainerAsync(location.Container, cancel);
                return await account.RunAsync(operation, location.Container, () => act(container));
            }, cancel)
            : Task.FromResult<ActResult>(new ActResult.Refused(RefusalReasons.Unaddressable));
}
