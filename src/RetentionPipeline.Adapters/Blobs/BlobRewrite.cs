using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>A blob as it was read, and the service's clock then.</summary>
internal sealed record BlobState(BlobProperties Properties, DateTimeOffset ReadAt)
{
    /// <summary>Ages of blobs are told by no other clock.</summary>
    public static DateTimeOffset ClockOf(Response answer) => answer.Headers.Date
        ?? throw new StoreCallException("blobs", "", answer.Status, "an answer without a date");
}

/// <summary>
/// Rewrites one blob: reads it at its version, stages the result as blocks, and commits under the version that was read, so
/// that a concurrent writer is never overwritten. Uncommitted blocks are shared by all writers of a blob: the ids hold a
/// random write id, or a commit could publish somebody else's stale bytes. An append blob is replaced
/// (<see cref="AppendReplacement"/>).
/// </summary>
internal sealed class BlobRewrite(string store, DatasetLocation location, BlobClients clients, string name, BlobState state)
{
    /// <summary>What one rewrite holds in memory at most: what is read ahead, a block, and the engine's windows.</summary>
    public const int MemoryBytes = 16 * 1024 * 1024;

    private const int ReadSize = 4 * 1024 * 1024;
    private readonly BlobProperties properties = state.Properties;
    private readonly BlobContainerClient reads = clients.Reads.GetBlobContainerClient(location.Container);
    private readonly BlobContainerClient acts = clients.Acts.GetBlobContainerClient(location.Container);

    public async Task<PreparedRewrite> PrepareAsync(RecordRewrite.OfContent rewrite, CancellationToken cancel)
    {
        var conditions = new BlobRequestConditions { IfMatch = properties.ETag };
        var tags = properties.TagCount > 0
            ? (await reads.GetBlobClient(name).GetTagsAsync(cancellationToken: cancel)).Value.Tags
            : null;
        var isAppend = properties.BlobType is BlobType.Append;
        var target = reads.GetBlockBlobClient(isAppend ? TemporaryBlobs.NewName(state.ReadAt) : name);
        await using var input = await reads.GetBlobClient(name).OpenReadAsync(
            new BlobOpenReadOptions(allowModifications: false) { Conditions = conditions, BufferSize = ReadSize }, cancel);
        await using var staged = new StagingStream(target);
        try
        {
            var change = await rewrite.Transform(input, staged, cancel);
            var blocks = await staged.EndAsync(cancel);
            var options = OptionsOf(tags, rewrite.Stage);
            if (!isAppend)
            {
                return Ready(change, async token => (await acts.GetBlockBlobClient(name).CommitBlockListAsync(blocks, options, token)).Value.ETag);
            }

            var replacement = new AppendReplacement(clients, reads, target);
            return await replacement.BuildAsync(blocks, cancel)
                ? Ready(change, token => replacement.ReplaceAsync(acts.GetBlockBlobClient(name), options, state.ReadAt, token))
                : new PreparedRewrite.Ended(new ActResult.Refused(RefusalReasons.TooLarge));
        }
        catch (RecordRefusedException refused)
        {
            // The staged blocks lapse by themselves after a week, or with the next commit.
            return new PreparedRewrite.Ended(new ActResult.Refused(refused.Reason));
        }
    }

    private PreparedRewrite.Ready Ready(ContentChange change, Func<CancellationToken, Task<ETag>> commit) =>
        new(change, token => StoreCalls.ActAsync(store, location, async () =>
        {
            var version = await commit(token);
            if (location.Options.Snapshots is SnapshotHandling.Remove)
            {
                await DeleteSnapshotsAsync(token);
            }

            return new ActResult.Done(version.ToString());
        }));

    private CommitBlockListOptions OptionsOf(IDictionary<string, string>? tags, StageMark stage) => new()
    {
        Conditions = new BlobRequestConditions { IfMatch = properties.ETag },
        Metadata = new Dictionary<string, string>(properties.Metadata, StringComparer.OrdinalIgnoreCase)
        {
            [location.StageField] = stage.Encode(),
        },
        Tags = tags,
        AccessTier = properties.AccessTierInferred || string.IsNullOrEmpty(properties.AccessTier)
            ? (AccessTier?)null
            : new AccessTier(properties.AccessTier),
        HttpHeaders = new BlobHttpHeaders
        {
            CacheControl = properties.CacheControl,
            ContentDisposition = properties.ContentDisposition,
            ContentEncoding = properties.ContentEncoding,
            ContentLanguage = properties.ContentLanguage,
            ContentType = properties.ContentType,
        },
    };

    private async Task DeleteSnapshotsAsync(CancellationToken cancel)
    {
        var options = new GetBlobsOptions { States = BlobStates.Snapshots, Prefix = name };
        await foreach (var blob in reads.GetBlobsAsync(options, cancel))
        {
            if (blob.Name == name && blob.Snapshot is { } snapshot)
            {
                await reads.GetBlobClient(name).WithSnapshot(snapshot).DeleteIfExistsAsync(cancellationToken: cancel);
            }
        }
    }
}
