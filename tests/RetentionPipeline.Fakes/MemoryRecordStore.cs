using System.Globalization;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Fakes;

/// <summary>
/// Records in memory, under the fault switch: entities with fields and, where a record has content, blobs. One object is
/// one store of the policy.
/// </summary>
public sealed class MemoryRecordStore(Faults faults) : IContentStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, SortedDictionary<string, Item>> containers = new(StringComparer.Ordinal);
    private long versions;
    private long spent;

    /// <summary>Records of a page at most, to make pages small in tests.</summary>
    public int PageLimit { get; init; } = int.MaxValue;

    /// <summary>Ranges that a dataset is cut into at most.</summary>
    public int RangeLimit { get; init; } = 1;

    /// <summary>How long each call is on its way, on the real clock.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>Asked before each act; an answer is returned instead of acting.</summary>
    public Func<RecordKey, ActResult?>? Answer { get; set; }

    /// <summary>Set to make every call fail as if the store were away.</summary>
    public bool Unreachable { get; set; }

    /// <summary>Residuals to declare.</summary>
    public IReadOnlyList<ResidualCopy> Residuals { get; set; } = [];

    /// <summary>Acts that changed something, in order.</summary>
    public List<(string Container, RecordKey Key, string Act)> Acts { get; } = [];

    /// <inheritdoc/>
    public string Consistency => "strong";

    /// <inheritdoc/>
    public long Spent => Interlocked.Read(ref spent);

    /// <summary>Writes a record, as its owner would; a content makes it a blob.</summary>
    public void Put(
        string container, RecordKey key, IReadOnlyDictionary<string, object?> fields, byte[]? content = null,
        StageMark? stage = null)
    {
        lock (gate)
        {
            Of(container)[key.Canonical] = new Item(
                key, NextVersion(), new Dictionary<string, object?>(fields, StringComparer.Ordinal), content, stage);
        }
    }

    /// <summary>Removes a record, as its owner would.</summary>
    public void Remove(string container, RecordKey key)
    {
        lock (gate)
        {
            Of(container).Remove(key.Canonical);
        }
    }

    /// <summary>The record as it is; null if it is not there.</summary>
    public (IReadOnlyDictionary<string, object?> Fields, byte[]? Content, StageMark? Stage)? Find(string container, RecordKey key)
    {
        lock (gate)
        {
            return Of(container).GetValueOrDefault(key.Canonical) is { } item
                ? (item.Fields, item.Content, item.Stage)
                : null;
        }
    }

    /// <summary>Keys of a container.</summary>
    public IReadOnlyList<RecordKey> Keys(string container)
    {
        lock (gate)
        {
            return [.. Of(container).Values.Select(item => item.Key)];
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecordRange>> ListRangesAsync(DatasetLocation location, int atMost, CancellationToken cancel) =>
        Call("records.ranges", cancel, () =>
        {
            var count = Math.Min(atMost, RangeLimit);
            return (IReadOnlyList<RecordRange>)[.. Enumerable.Range(0, count)
                .Select(part => new RecordRange($"{part}/{count}"))];
        });

    /// <inheritdoc/>
    public Task<RecordPage> ReadPageAsync(PageQuery query, CancellationToken cancel) =>
        Call("records.page", cancel, () =>
        {
            var parts = query.Range.Range.Split('/').Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();

            // A container is in the order of its keys.
            var items = Of(query.Location.Container).Values
                .SkipWhile(item => query.Position is { } after && string.CompareOrdinal(item.Key.Canonical, after) <= 0)
                .Where(item => item.Key.Id.StartsWith(query.Location.Prefix, StringComparison.Ordinal))
                .Where(item => (int)((uint)StringComparer.Ordinal.GetHashCode(item.Key.Canonical) % parts[1]) == parts[0])
                .Take(Math.Min(PageLimit, query.MaxRecords) + 1).ToList();
            var page = items.Take(Math.Min(PageLimit, query.MaxRecords)).ToList();
            return new RecordPage(
                [.. page.Select(item => Snapshot(item, query.Fields))],
                items.Count > page.Count ? page[^1].Key.Canonical : null);
        });

    /// <inheritdoc/>
    public Task<RecordSnapshot?> ReadAsync(
        DatasetLocation location, RecordKey key, IReadOnlyCollection<string> fields, CancellationToken cancel) =>
        Call("records.read", cancel, () => Of(location.Container).GetValueOrDefault(key.Canonical) is { } item
            ? Snapshot(item, fields)
            : null);

    /// <inheritdoc/>
    public Task<ActResult> DeleteAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        Call("records.delete", cancel, () => Act(location, key, version, "delete", _ =>
        {
            Of(location.Container).Remove(key.Canonical);
            return new ActResult.Done(null);
        }));

    /// <inheritdoc/>
    public async Task<PreparedRewrite> PrepareRewriteAsync(
        DatasetLocation location, RecordKey key, string version, RecordRewrite rewrite, CancellationToken cancel)
    {
        var item = await Call("records.prepare", cancel, () => Of(location.Container).GetValueOrDefault(key.Canonical));
        if (item is null || item.Version != version)
        {
            return new PreparedRewrite.Ended(item is null ? new ActResult.NotFound() : new ActResult.VersionMismatch());
        }

        if (rewrite is RecordRewrite.OfFields fields)
        {
            var after = new Dictionary<string, object?>(item.Fields, StringComparer.Ordinal);
            foreach (var (field, value) in fields.Transform(item.Fields))
            {
                if (value is RemovedField)
                {
                    after.Remove(field);
                }
                else
                {
                    after[field] = value;
                }
            }

            return new PreparedRewrite.Ready(
                null, token => CommitAsync(location, item with { Fields = after, Stage = rewrite.Stage }, token));
        }

        using var output = new MemoryStream();
        try
        {
            var change = await ((RecordRewrite.OfContent)rewrite).Transform(
                new MemoryStream(item.Content ?? []), output, cancel);
            var rewritten = item with { Content = output.ToArray(), Stage = rewrite.Stage };
            return new PreparedRewrite.Ready(change, token => CommitAsync(location, rewritten, token));
        }
        catch (RecordRefusedException refused)
        {
            return new PreparedRewrite.Ended(new ActResult.Refused(refused.Reason));
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadBack>> ReadBackAsync(
        DatasetLocation location, IReadOnlyList<RecordKey> keys, CancellationToken cancel) =>
        Call("records.read-back", cancel, () => (IReadOnlyList<ReadBack>)[.. keys.Select(key =>
            new ReadBack(key, Of(location.Container).GetValueOrDefault(key.Canonical) is { } item
                ? new ObservedRecord(item.Version, item.Content?.Length ?? 0, item.Stage)
                : null))]);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ResidualCopy>> ListResidualsAsync(DatasetLocation location, CancellationToken cancel) =>
        Call("records.residuals", cancel, () => Residuals);

    /// <inheritdoc/>
    public Task<Stream?> OpenContentAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        Call("records.open", cancel, () => Of(location.Container).GetValueOrDefault(key.Canonical) is { } item
            && item.Version == version && item.Content is { } content
            ? new MemoryStream(content)
            : (Stream?)null);

    private Task<ActResult> CommitAsync(DatasetLocation location, Item after, CancellationToken cancel) =>
        Call("records.commit", cancel, () => Act(location, after.Key, after.Version, "rewrite", _ =>
        {
            var written = after with { Version = NextVersion() };
            Of(location.Container)[after.Key.Canonical] = written;
            return new ActResult.Done(written.Version);
        }));

    private ActResult Act(
        DatasetLocation location, RecordKey key, string version, string act, Func<Item, ActResult> effect)
    {
        if (Answer?.Invoke(key) is { } planted)
        {
            return planted;
        }

        if (Of(location.Container).GetValueOrDefault(key.Canonical) is not { } item)
        {
            return new ActResult.NotFound();
        }

        if (item.Version != version)
        {
            return new ActResult.VersionMismatch();
        }

        Acts.Add((location.Container, key, act));
        return effect(item);
    }

    private static RecordSnapshot Snapshot(Item item, IReadOnlyCollection<string> fields) => new(
        item.Key, item.Version,
        item.Fields.Where(field => fields.Contains(field.Key)).ToDictionary(field => field.Key, field => field.Value),
        item.Stage, item.Content?.Length ?? 0);

    private SortedDictionary<string, Item> Of(string container)
    {
        if (!containers.TryGetValue(container, out var items))
        {
            containers[container] = items = new(StringComparer.Ordinal);
        }

        return items;
    }

    private string NextVersion() => $"v{++versions}";

    private async Task<T> Call<T>(string call, CancellationToken cancel, Func<T> effect)
    {
        // Not even a wait of nothing where there is none: the simulations are deterministic.
        if (Latency > TimeSpan.Zero)
        {
            await Task.Delay(Latency, cancel);
        }

        return await CallNow(call, cancel, effect);
    }

    private Task<T> CallNow<T>(string call, CancellationToken cancel, Func<T> effect)
    {
        Interlocked.Increment(ref spent);
        if (Unreachable)
        {
            return Task.FromException<T>(new StoreUnavailableException("store", "it is away."));
        }

        try
        {
            cancel.ThrowIfCancellationRequested();
            return Task.FromResult(faults.Run(call, () =>
            {
                // What stands still before the call reaches the wire finds its time over, as in an SDK.
                cancel.ThrowIfCancellationRequested();
                lock (gate)
                {
                    return effect();
                }
            }));
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }

    private sealed record Item(
        RecordKey Key, string Version, IReadOnlyDictionary<string, object?> Fields, byte[]? Content, StageMark? Stage);
}

/// <summary>Stores by name.</summary>
public sealed class MemoryRecordStores(IReadOnlyDictionary<string, IRecordStore> stores) : IRecordStores
{
    /// <inheritdoc/>
    public IRecordStore Get(string store) => stores.TryGetValue(store, out var found)
        ? found
        : throw new StoreUnavailableException(store, "no address is configured for it.");
}
