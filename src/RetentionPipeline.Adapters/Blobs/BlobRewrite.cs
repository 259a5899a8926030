using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>
/// Rewrites one block blob: reads it at its version, stages the result as blocks, and commits under the version that was
/// read, so that a concurrent writer is never overwritten. Uncommitted blocks are shared by all writers of a blob: the ids
/// hold a random write id, or a commit could publish somebody else's stale bytes.
/// </summary>
internal sealed class BlobRewrite(
    string store, DatasetLocation location, BlobContainerClient reads, BlobContainerClient acts, string name,
    BlobProperties properties)
{
    private const int ReadSize = 4 * 1024 * 1024;

    /// <summary>Blobs that a rewrite left behind; none is made in this form, and none is ever a record.</summary>
    public static bool IsTemporary(string name) => name.StartsWith(".retention-tmp/", StringComparison.Ordinal);

    public async Task<PreparedRewrite> PrepareAsync(RecordRewrite.OfContent rewrite, CancellationToken cancel)
    {
        var conditions = new BlobRequestConditions { IfMatch = properties.ETag };
        var tags = properties.TagCount > 0
            ? (await reads.GetBlobClient(name).GetTagsAsync(cancellationToken: cancel)).Value.Tags
            : null;
        await using var input = await reads.GetBlobClient(name).OpenReadAsync(
            new BlobOpenReadOptions(allowModifications: false) { Conditions = conditions, BufferSize = ReadSize }, cancel);
        await using var staged = new StagingStream(reads.GetBlockBlobClient(name));
        try
        {
            var change = await rewrite.Transform(input, staged, cancel);
            var blocks = await staged.EndAsync(cancel);
            return new PreparedRewrite.Ready(
                change, token => StoreCalls.ActAsync(store, location, () => CommitAsync(blocks, tags, rewrite.Stage, token)));
        }
        catch (RecordRefusedException refused)
        {
            // The staged blocks lapse by themselves after a week, or with the next commit.
            return new PreparedRewrite.Ended(new ActResult.Refused(refused.Reason));
        }
    }

    private async Task<ActResult> CommitAsync(
        IReadOnlyList<string> blocks, IDictionary<string, string>? tags, StageMark stage, CancellationToken cancel)
    {
        var metadata = new Dictionary<string, string>(properties.Metadata, StringComparer.OrdinalIgnoreCase)
        {
            [location.StageField] = stage.Encode(),
        };
        var options = new CommitBlockListOptions
        {
            Conditions = new BlobRequestConditions { IfMatch = properties.ETag },
            Metadata = metadata,
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
        var written = await acts.GetBlockBlobClient(name).CommitBlockListAsync(blocks, options, cancel);
        if (location.Options.Snapshots is SnapshotHandling.Remove)
        {
            await DeleteSnapshotsAsync(cancel);
        }

        return new ActResult.Done(written.Value.ETag.ToString());
    }

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
