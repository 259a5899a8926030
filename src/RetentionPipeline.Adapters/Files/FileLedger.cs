using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Files;

/// <summary>
/// A ledger in a folder of a local disk, flushed at each step, for any number of processes of one machine. The integrator's
/// lease is a locked file, which its process loses with its life.
/// </summary>
public sealed class FileLedger : ILaneStore, ICommitJournal, ITileStore, ICheckpointStore, ILedgerLease, IDisposable
{
    /// <summary>Length from which a segment is closed: as much as a reader takes in some sixty reads.</summary>
    public const long SegmentBytes = 256L << 20;

    private const string Head = "checkpoint";
    private readonly string root;
    private readonly TimeProvider time;
    private readonly LaneFile[] lanes;
    private FileStream? lease;

    /// <summary>A ledger in a folder, which is made.</summary>
    /// <param name="root">Folder.</param>
    /// <param name="segmentBytes">Length from which a segment of a lane is closed.</param>
    /// <param name="time">For waiting.</param>
    public FileLedger(string root, long segmentBytes, TimeProvider time)
    {
        this.root = Path.GetFullPath(root);
        this.time = time;
        DurableFiles.EnsureFolder(this.root);
        lanes = [.. Enumerable.Range(0, LanePosition.Lanes).Select(lane => new LaneFile(
            PathOf(string.Create(CultureInfo.InvariantCulture, $"lane/{lane:D2}")), segmentBytes, time))];
    }

    /// <summary>As an integrator takes them.</summary>
    public LedgerStores Stores => new(this, this, this, this, this);

    /// <inheritdoc/>
    public Task AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block.Length, LaneFrame.MaxBytes);
        return lanes[lane].AppendAsync(block, cancel);
    }

    /// <inheritdoc/>
    public Task<LaneChunk> ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel) =>
        Task.Run(() => lanes[lane].Read(from, maxBytes), cancel);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LanePosition>> LengthsAsync(CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<LanePosition>>([.. lanes.Select(lane => lane.End())]);

    /// <inheritdoc/>
    Task<ReadOnlyMemory<byte>> ICommitJournal.WriteOnceAsync(
        long number, ReadOnlyMemory<byte> record, CancellationToken cancel) => WriteOnceAsync(Commit(number), record, cancel);

    /// <inheritdoc/>
    async Task<ReadOnlyMemory<byte>?> ICommitJournal.ReadAsync(long number, CancellationToken cancel)
    {
        var record = await ReadAsync(Commit(number), cancel);
        if (record is not null)
        {
            // Its writer may have died between its name and the flush of that: what is built on it must not outlive it.
            DurableFiles.SyncFolder(Path.GetDirectoryName(PathOf(Commit(number)))!);
        }

        return record;
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> WriteOnceAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await DurableFiles.TryCreateAsync(PathOf(name), content, cancel))
                {
                    return content;
                }

                // Swept away since: write it again.
                if (await ReadAsync(name, cancel) is { } stands)
                {
                    return stands;
                }
            }
            catch (DirectoryNotFoundException)
            {
                // Partial forms go with their folder, which may have been at this moment.
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await File.ReadAllBytesAsync(PathOf(name), cancel);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task RemovePartialsAsync(string fullName, CancellationToken cancel)
    {
        try
        {
            Directory.Delete(PathOf(fullName + ".p"), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // There were none, or somebody else tidied.
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<PublishedHead?> ReadAsync(CancellationToken cancel)
    {
        if (await ReadAsync(Head, cancel) is not { } content)
        {
            return null;
        }

        // "commit N", a line feed, the note.
        var end = content.Span.IndexOf((byte)'\n');
        return new PublishedHead(
            content[(end + 1)..], long.Parse(content.Span["commit ".Length..end], CultureInfo.InvariantCulture),
            Convert.ToHexStringLower(SHA256.HashData(content.Span)));
    }

    /// <inheritdoc/>
    public async Task<HeadChange> ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel)
    {
        await using var held = await DurableFiles.LockAsync(PathOf("checkpoint.lock"), time, cancel);
        if ((await ReadAsync(cancel))?.Version != version)
        {
            return HeadChange.Conflict;
        }

        byte[] content = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"commit {commit}\n")), .. note.Span];
        await DurableFiles.ReplaceAsync(PathOf(Head), content, cancel);
        return HeadChange.Replaced;
    }

    /// <inheritdoc/>
    public Task<bool> TryHoldAsync(CancellationToken cancel)
    {
        try
        {
            lease ??= new FileStream(PathOf("integrator.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return Task.FromResult(true);
        }
        catch (IOException held) when (held.GetType() == typeof(IOException))
        {
            return Task.FromResult(false);
        }
    }

    /// <summary>Gives the lease back.</summary>
    public void Dispose() => lease?.Dispose();

    private static string Commit(long number) => string.Create(CultureInfo.InvariantCulture, $"commit/{number:D12}");

    private string PathOf(string name) => Path.Combine(root, name.Replace('/', Path.DirectorySeparatorChar));
}
