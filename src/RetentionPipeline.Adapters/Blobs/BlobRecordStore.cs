using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>The two clients of a blob account.</summary>
/// <param name="Reads">Retries as the SDK does by default.</param>
/// <param name="Acts">Never retries.</param>
/// <param name="Count">Counts the requests of both.</param>
public sealed record BlobClients(BlobServiceClient Reads, BlobServiceClient Acts, RequestCount Count);

/// <summary>
/// Blobs of Azure Blob storage: whole, or rewritten in place. Strongly consistent. Soft delete is read from the account
/// where the identity may; versions are the account's and are declared in the policy.
/// </summary>
public sealed class BlobRecordStore(string store, BlobClients clients) : IContentStore
{
    /// <summary>Memory of all rewrites under way at once: content is streamed, but each has its buffers.</summary>
    public const long RewriteMemoryBytes = 128L * 1024 * 1024;

    private readonly SemaphoreSlim rewrites = new((int)(RewriteMemoryBytes / BlobRewrite.MemoryBytes));
    private readonly ConcurrentDictionary<string, Regex> patterns = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Consistency => "strong";

    /// <inheritdoc/>
    public long Spent => clients.Count.Sent;

    /// <inheritdoc/>
    public Task<IReadOnlyList<RecordRange>> ListRangesAsync(
        DatasetLocation location, int atMost, CancellationToken cancel) => StoreCalls.ReadAsync(store, location, async () =>
        {
            // One listing at a time is what the service offers below a prefix: one range. The call is the check that the
            // container is there.
            var there = await Reads(location).GetPropertiesAsync(cancellationToken: cancel);
            if (location.Options.AppendBlobs is AppendBlobHandling.ConvertClosed)
            {
                await TemporaryBlobs.SweepAsync(Reads(location), BlobState.ClockOf(there.GetRawResponse()), cancel);
            }

            return (IReadOnlyList<RecordRange>)[new RecordRange("all")];
        });

    /// <inheritdoc/>
    public Task<RecordPage> ReadPageAsync(PageQuery query, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, query.Location, async () =>
        {
            var options = new GetBlobsOptions { Traits = BlobTraits.Metadata, Prefix = query.Location.Prefix };
            var pages = Reads(query.Location).GetBlobsAsync(options, cancel).AsPages(query.Position, query.MaxRecords);
            await foreach (var page in pages.WithCancellation(cancel))
            {
                var position = string.IsNullOrEmpty(page.ContinuationToken) ? null : page.ContinuationToken;
                return new RecordPage(
                    [.. page.Values.Where(blob => !TemporaryBlobs.IsOne(blob.Name)).Select(blob => Snapshot(
                        query.Location, query.Fields, blob.Name, new BlobFacts(
                            blob.Properties.ETag!.Value, blob.Properties.CreatedOn, blob.Properties.LastModified,
                            blob.Properties.ContentLength ?? 0, blob.Metadata)))],
                    position);
            }

            return new RecordPage([], null);
        });

    /// <inheritdoc/>
    public Task<RecordSnapshot?> ReadAsync(
        DatasetLocation location, RecordKey key, IReadOnlyCollection<string> fields, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
            await FindAsync(location, key, cancel) is { } found
                ? Snapshot(location, fields, key.Id, Facts(found.Properties))
                : null);

    /// <inheritdoc/>
    public Task<ActResult> DeleteAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        StoreCalls.ActAsync(store, location, async () =>
        {
            var snapshots = location.Options.Snapshots is SnapshotHandling.Remove
                ? DeleteSnapshotsOption.IncludeSnapshots
                : DeleteSnapshotsOption.None;
            var conditions = new BlobRequestConditions { IfMatch = new ETag(version) };
            await Acts(location).GetBlobClient(key.Id).DeleteAsync(snapshots, conditions, cancel);
            return new ActResult.Done(null);
        });

    /// <inheritdoc/>
    public Task<PreparedRewrite> PrepareRewriteAsync(
        DatasetLocation location, RecordKey key, string version, RecordRewrite rewrite, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var state = await FindAsync(location, key, cancel);
            if (state is null || state.Properties.ETag.ToString() != version)
            {
                return new PreparedRewrite.Ended(
                    state is null ? new ActResult.NotFound() : new ActResult.VersionMismatch());
            }

            if (await WhyNotAsync(location, key, state, cancel) is { } reason)
            {
                return new PreparedRewrite.Ended(new ActResult.Refused(reason));
            }

            await rewrites.WaitAsync(cancel);
            try
            {
                return await new BlobRewrite(store, location, clients, key.Id, state).PrepareAsync((RecordRewrite.OfContent)rewrite, cancel);
            }
            finally
            {
                rewrites.Release();
            }
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadBack>> ReadBackAsync(
        DatasetLocation location, IReadOnlyList<RecordKey> keys, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var seen = new ReadBack[keys.Count];
            await Parallel.ForAsync(
                0, keys.Count, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel },
                async (place, token) =>
                {
                    var found = (await FindAsync(location, keys[place], token))?.Properties;
                    seen[place] = new ReadBack(keys[place], found is null ? null : new ObservedRecord(
                        found.ETag.ToString(), found.ContentLength, Stage(location, found.Metadata)));
                });
            return (IReadOnlyList<ReadBack>)seen;
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ResidualCopy>> ListResidualsAsync(DatasetLocation location, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            var residuals = new List<ResidualCopy>();
            try
            {
                var account = await clients.Reads.GetPropertiesAsync(cancel);
                if (account.Value.DeleteRetentionPolicy is { Enabled: true, Days: { } days })
                {
                    residuals.Add(new ResidualCopy("soft-delete", TimeSpan.FromDays(days)));
                }
            }
            catch (RequestFailedException refused) when (refused.Status is 401 or 403)
            {
                // A data-plane identity may not read the account's settings: the longest window that they can have.
                residuals.Add(new ResidualCopy("soft-delete-unknown", TimeSpan.FromDays(365)));
            }

            return (IReadOnlyList<ResidualCopy>)residuals;
        });

    /// <inheritdoc/>
    public Task<Stream?> OpenContentAsync(
        DatasetLocation location, RecordKey key, string version, CancellationToken cancel) =>
        StoreCalls.ReadAsync(store, location, async () =>
        {
            try
            {
                return await Reads(location).GetBlobClient(key.Id).OpenReadAsync(
                    new BlobOpenReadOptions(allowModifications: false)
                    {
                        Conditions = new BlobRequestConditions { IfMatch = new ETag(version) },
                        BufferSize = 1024 * 1024,
                    },
                    cancel);
            }
            catch (RequestFailedException moved) when (moved.Status is 412 || moved.ErrorCode == BlobErrorCode.BlobNotFound)
            {
                return null;
            }
        });

    private async Task<string?> WhyNotAsync(
        DatasetLocation location, RecordKey key, BlobState state, CancellationToken cancel)
    {
        var properties = state.Properties;
        if (properties.BlobType is BlobType.Append && location.Options.AppendBlobs is AppendBlobHandling.ConvertClosed)
        {
            if (!AppendReplacement.IsClosed(properties, state.ReadAt))
            {
                return RefusalReasons.AppendBlobOpen;
            }
        }
        else if (properties.BlobType is not BlobType.Block)
        {
            return RefusalReasons.AppendBlob;
        }

        if (properties.AccessTier == "Archive")
        {
            return RefusalReasons.Archived;
        }

        if (properties.LeaseStatus is LeaseStatus.Locked)
        {
            return RefusalReasons.Leased;
        }

        return await HasSnapshotsAsync(location, key, cancel) && location.Options.Snapshots is SnapshotHandling.Refuse
            ? RefusalReasons.HasSnapshots
            : null;
    }

    private async Task<bool> HasSnapshotsAsync(DatasetLocation location, RecordKey key, CancellationToken cancel)
    {
        var options = new GetBlobsOptions { States = BlobStates.Snapshots, Prefix = key.Id };
        await foreach (var blob in Reads(location).GetBlobsAsync(options, cancel))
        {
            if (blob.Name == key.Id && blob.Snapshot is not null)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<BlobState?> FindAsync(DatasetLocation location, RecordKey key, CancellationToken cancel)
    {
        try
        {
            var answer = await Reads(location).GetBlobClient(key.Id).GetPropertiesAsync(cancellationToken: cancel);
            return new BlobState(answer.Value, BlobState.ClockOf(answer.GetRawResponse()));
        }
        catch (RequestFailedException missing) when (missing.Status == 404 && missing.ErrorCode != "ContainerNotFound")
        {
            return null;
        }
    }

    private static BlobFacts Facts(BlobProperties properties) => new(
        properties.ETag, properties.CreatedOn, properties.LastModified, properties.ContentLength, properties.Metadata);

    private RecordSnapshot Snapshot(
        DatasetLocation location, IReadOnlyCollection<string> wanted, string name, BlobFacts facts)
    {
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var field in wanted)
        {
            object? value = field switch
            {
                PseudoFields.Name => name,
                PseudoFields.NameDate => NameDate(location, name),
                PseudoFields.CreatedAt => facts.CreatedAt,
                PseudoFields.LastModified => facts.LastModified,
                _ when field.StartsWith("metadata.", StringComparison.Ordinal)
                    && facts.Metadata.TryGetValue(field["metadata.".Length..], out var text) => text,
                _ => null,
            };
            if (value is not null)
            {
                fields[field] = value;
            }
        }

        return new RecordSnapshot(
            new RecordKey("", name), facts.Version.ToString(), fields, Stage(location, facts.Metadata), facts.Bytes);
    }

    /// <summary>The date in the name as text, so that a name with an impossible date makes the record undated.</summary>
    private string? NameDate(DatasetLocation location, string name)
    {
        if (location.NameDate is not { } pattern)
        {
            return null;
        }

        var regex = patterns.GetOrAdd(
            pattern, static text => new Regex(text, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
        var match = regex.Match(name);
        if (!match.Success)
        {
            return null;
        }

        var date = $"{match.Groups["y"].Value}-{match.Groups["m"].Value}-{match.Groups["d"].Value}";
        return match.Groups["h"] is { Success: true } hour
            ? string.Create(CultureInfo.InvariantCulture, $"{date}T{hour.Value}:00:00Z")
            : date;
    }

    private static StageMark? Stage(DatasetLocation location, IDictionary<string, string> metadata) =>
        StageMark.Decode(metadata.TryGetValue(location.StageField, out var mark) ? mark : null);

    private BlobContainerClient Reads(DatasetLocation location) => clients.Reads.GetBlobContainerClient(location.Container);

    private BlobContainerClient Acts(DatasetLocation location) => clients.Acts.GetBlobContainerClient(location.Container);

    private sealed record BlobFacts(
        ETag Version, DateTimeOffset? CreatedAt, DateTimeOffset? LastModified, long Bytes,
        IDictionary<string, string> Metadata);
}
