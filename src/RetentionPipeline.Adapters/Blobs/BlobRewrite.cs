using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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
    private const int BlockSize = 4 * 1024 * 1024;

    /// <summary>Blobs that a rewrite left behind; none is made in this form, and none is ever a record.</summary>
    public static bool IsTemporary(string name) => name.StartsWith(".retention-tmp/", StringComparison.Ordinal);

    public async Task<PreparedRewrite> PrepareAsync(RecordRewrite.OfContent rewrite, CancellationToken cancel)
    {
        var conditions = new BlobRequestConditions { IfMatch = properties.ETag };
        var tags = properties.TagCount > 0
            ? (await reads.GetBlobClient(name).GetTagsAsync(cancellationToken: cancel)).Value.Tags
            : null;
        await using var input = await reads.GetBlobClient(name).OpenReadAsync(
            new BlobOpenReadOptions(allowModifications: false) { Conditions = conditions, BufferSize = BlockSize }, cancel);
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

    /// <summary>Stages what is written to it, in blocks under ids of this write alone.</summary>
    private sealed class StagingStream(BlockBlobClient blob) : Stream
    {
        private readonly string write = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        private readonly MemoryStream block = new();
        private readonly List<string> blocks = [];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            block.Write(buffer.Span);
            if (block.Length >= BlockSize)
            {
                await StageAsync(cancellationToken);
            }
        }

        /// <summary>What a codec writes without waiting is kept until the next block is staged.</summary>
        public override void Write(byte[] buffer, int offset, int count) => block.Write(buffer, offset, count);

        public async Task<IReadOnlyList<string>> EndAsync(CancellationToken cancel)
        {
            if (block.Length > 0)
            {
                await StageAsync(cancel);
            }

            return blocks;
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private async Task StageAsync(CancellationToken cancel)
        {
            var id = Convert.ToBase64String(Encoding.ASCII.GetBytes(
                write + blocks.Count.ToString("D8", CultureInfo.InvariantCulture)));
            block.Position = 0;
            await blob.StageBlockAsync(id, block, cancellationToken: cancel);
            blocks.Add(id);
            block.SetLength(0);
        }
    }
}
