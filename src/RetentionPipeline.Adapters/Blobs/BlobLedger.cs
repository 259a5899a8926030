using System.Globalization;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>The containers of a ledger.</summary>
/// <param name="Wal">Lanes: append blobs.</param>
/// <param name="Log">Commits, full tiles and bundles: written once.</param>
/// <param name="Edge">What changes: the checkpoint, partial tiles.</param>
public sealed record LedgerContainers(BlobContainerClient Wal, BlobContainerClient Log, BlobContainerClient Edge)
{
    /// <summary>By their names in an account.</summary>
    public static LedgerContainers In(BlobServiceClient account) => new(
        account.GetBlobContainerClient("ledger-wal"), account.GetBlobContainerClient("ledger"),
        account.GetBlobContainerClient("ledger-edge"));

    /// <summary>Makes the containers that are missing.</summary>
    public async Task CreateAsync(CancellationToken cancel)
    {
        foreach (var container in new[] { Wal, Log, Edge })
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancel);
        }
    }
}

/// <summary>
/// A ledger on Azure Blob storage. Lanes are append blobs that are appended to without a condition and roll to the next
/// segment at 50,000 blocks; everything else is one Put Blob with If-None-Match or If-Match.
/// </summary>
public sealed class BlobLedger(LedgerContainers containers) : ILaneStore, ICommitJournal, ITileStore, ICheckpointStore
{
    private const string Head = "checkpoint";
    private const string CommitNumber = "commit";
    private readonly BlobObjectStore log = new(containers.Log);
    private readonly BlobObjectStore edge = new(containers.Edge);
    private readonly int[] segments = new int[LanePosition.Lanes];

    /// <inheritdoc/>
    public async Task AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel)
    {
        while (true)
        {
            var segment = segments[lane];
            var blob = Segment(lane, segment);
            try
            {
                using var content = new MemoryStream(block.ToArray());
                await blob.AppendBlockAsync(content, cancellationToken: cancel);
                return;
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
            {
                await CreateAsync(blob, cancel);
            }
            catch (RequestFailedException full) when (full.ErrorCode == "BlockCountExceedsLimit")
            {
                Interlocked.CompareExchange(ref segments[lane], segment + 1, segment);
            }
            catch (RequestFailedException refused) when (refused.ErrorCode == "BlobImmutableDueToPolicy")
            {
                throw new LedgerCorruptException(
                    "The policy of the lanes' container forbids appends: it was locked without allowProtectedAppendWrites, "
                    + "which cannot be changed any more. Give the ledger a container with that flag set.");
            }
        }
    }

    /// <inheritdoc/>
    public async Task<LaneChunk> ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel)
    {
        var blob = Segment(lane, from.Segment);
        var bytes = await ReadRangeAsync(blob, from.Offset, maxBytes, cancel);
        if (bytes.IsEmpty && await Segment(lane, from.Segment + 1).ExistsAsync(cancel))
        {
            // The next segment was begun because this one is full: it never grows again. But it may have grown, and
            // become full, since it was read above.
            bytes = await ReadRangeAsync(blob, from.Offset, maxBytes, cancel);
            return new LaneChunk(bytes, bytes.IsEmpty ? new LanePosition(from.Segment + 1, 0) : After(from, bytes));
        }

        return new LaneChunk(bytes, After(from, bytes));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LanePosition>> LengthsAsync(CancellationToken cancel)
    {
        var lengths = new LanePosition[LanePosition.Lanes];
        for (var lane = 0; lane < lengths.Length; lane++)
        {
            var segment = segments[lane];
            while (await Segment(lane, segment + 1).ExistsAsync(cancel))
            {
                segment++;
            }

            try
            {
                var properties = await Segment(lane, segment).GetPropertiesAsync(cancellationToken: cancel);
                lengths[lane] = new LanePosition(segment, properties.Value.ContentLength);
            }
            catch (RequestFailedException missing) when (missing.Status == 404)
            {
                lengths[lane] = new LanePosition(0, 0);
            }
        }

        return lengths;
    }

    /// <inheritdoc/>
    async Task<ReadOnlyMemory<byte>> ICommitJournal.WriteOnceAsync(
        long number, ReadOnlyMemory<byte> record, CancellationToken cancel) =>
        (await log.WriteOnceAsync(Commit(number), record, cancel)).Content;

    /// <inheritdoc/>
    async Task<ReadOnlyMemory<byte>?> ICommitJournal.ReadAsync(long number, CancellationToken cancel) =>
        (await log.ReadAsync(Commit(number), cancel))?.Content;

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> WriteOnceAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        (await Tiles(name).WriteOnceAsync(name, content, cancel)).Content;

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel) =>
        (await Tiles(name).ReadAsync(name, cancel))?.Content;

    /// <inheritdoc/>
    public async Task<PublishedHead?> ReadAsync(CancellationToken cancel)
    {
        try
        {
            var read = await containers.Edge.GetBlobClient(Head).DownloadContentAsync(cancel);
            var commit = long.Parse(read.Value.Details.Metadata[CommitNumber], CultureInfo.InvariantCulture);
            return new PublishedHead(read.Value.Content.ToMemory(), commit, read.Value.Details.ETag.ToString());
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<HeadChange> ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel)
    {
        var options = new BlobUploadOptions
        {
            Conditions = version is null
                ? new BlobRequestConditions { IfNoneMatch = ETag.All }
                : new BlobRequestConditions { IfMatch = new ETag(version) },
            Metadata = new Dictionary<string, string> { [CommitNumber] = commit.ToString(CultureInfo.InvariantCulture) },
        };
        try
        {
            await containers.Edge.GetBlobClient(Head).UploadAsync(BinaryData.FromBytes(note), options, cancel);
            return HeadChange.Replaced;
        }
        catch (RequestFailedException moved) when (moved.Status is 409 or 412)
        {
            return HeadChange.Conflict;
        }
    }

    /// <inheritdoc/>
    public async Task RemovePartialsAsync(string fullName, CancellationToken cancel)
    {
        await foreach (var name in edge.ListAsync(fullName + ".p/", cancel))
        {
            await edge.DeleteAsync(name, cancel);
        }
    }

    private static LanePosition After(LanePosition from, ReadOnlyMemory<byte> bytes) =>
        new LanePosition(from.Segment, from.Offset + bytes.Length);

    private static async Task<ReadOnlyMemory<byte>> ReadRangeAsync(
        AppendBlobClient blob, long offset, int maxBytes, CancellationToken cancel)
    {
        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, maxBytes) };
            return (await blob.DownloadContentAsync(options, cancel)).Value.Content.ToMemory();
        }
        catch (RequestFailedException end) when (end.Status is 416 || end.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return default;
        }
    }

    private static async Task CreateAsync(AppendBlobClient blob, CancellationToken cancel)
    {
        try
        {
            await blob.CreateAsync(
                new AppendBlobCreateOptions { Conditions = new AppendBlobRequestConditions { IfNoneMatch = ETag.All } }, cancel);
        }
        catch (RequestFailedException exists) when (exists.Status is 409 or 412)
        {
            // Somebody else made it.
        }
    }

    private AppendBlobClient Segment(int lane, int segment) => containers.Wal.GetAppendBlobClient(
        string.Create(CultureInfo.InvariantCulture, $"lane/{lane:D2}/{segment:D9}"));

    private static string Commit(long number) => string.Create(CultureInfo.InvariantCulture, $"commit/{number:D12}");

    /// <summary>Partial bundles are superseded and may be swept: they lie outside the container that forbids deleting.</summary>
    private BlobObjectStore Tiles(string name) => name.Contains(".p/", StringComparison.Ordinal) ? edge : log;
}
