using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;

namespace RetentionPipeline.LedgerBench;

/// <summary>The ledger that is measured: files that are flushed at each step, or Azurite on disk.</summary>
internal sealed class BenchStores : IAsyncDisposable
{
    private readonly FileLedger? files;
    private readonly AzuriteProcess? azurite;

    private BenchStores(LedgerStores stores, FileLedger? files, AzuriteProcess? azurite)
    {
        (this.files, this.azurite) = (files, azurite);
        Timed = new TimedStores(stores);
        Stores = new LedgerStores(Timed, Timed, Timed, Timed, stores.Lease);
    }

    /// <summary>Named like its log.</summary>
    public static NoteSigner Signer => new("log.example/bench", SHA256.HashData("bench"u8));

    public LedgerStores Stores { get; }

    public TimedStores Timed { get; }

    public static async Task<BenchStores> OpenAsync(string folder, bool onAzurite, CancellationToken cancel)
    {
        if (!onAzurite)
        {
            var ledger = new FileLedger(Path.Combine(folder, "log"), FileLedger.SegmentBytes, TimeProvider.System);
            return new BenchStores(ledger.Stores, ledger, null);
        }

        var process = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), cancel);
        var containers = LedgerContainers.In(DeployedPorts.BlobService(process.ConnectionString, retries: 3));
        await containers.CreateAsync(cancel);
        var blobs = new BlobLedger(containers);
        return new BenchStores(
            new LedgerStores(blobs, blobs, blobs, blobs, new BlobLease(containers.Edge, TimeProvider.System)), null, process);
    }

    public static void Tell(string what) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}; load {Load()}"));

    /// <summary>What else the machine does: the averages of 1, 5 and 15 minutes, and its processors.</summary>
    private static string Load() => File.Exists("/proc/loadavg")
        ? $"{string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3])} on {Environment.ProcessorCount} cores"
        : $"unknown on {Environment.ProcessorCount} cores";

    public async ValueTask DisposeAsync()
    {
        files?.Dispose();
        if (azurite is not null)
        {
            await azurite.DisposeAsync();
        }
    }
}

/// <summary>Stores that add up how long they take; calls at the same time each count in full.</summary>
internal sealed class TimedStores(LedgerStores stores) : ILaneStore, ICommitJournal, ITileStore, ICheckpointStore
{
    private long appending;
    private long reading;
    private long writing;
    private long publishing;

    public string Told => string.Create(
        CultureInfo.InvariantCulture,
        $"append {Seconds(appending)} s, read lanes {Seconds(reading)} s, write tiles and bundles (with flush) {Seconds(writing)} s, commit and publish (with flush) {Seconds(publishing)} s");

    public Task AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel) => TimeAsync(
        ticks => Interlocked.Add(ref appending, ticks), async () =>
        {
            await stores.Lanes.AppendAsync(lane, block, cancel);
            return true;
        });

    public Task<LaneChunk> ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel) => TimeAsync(
        ticks => Interlocked.Add(ref reading, ticks), () => stores.Lanes.ReadAsync(lane, from, maxBytes, cancel));

    public Task<IReadOnlyList<LanePosition>> LengthsAsync(CancellationToken cancel) => stores.Lanes.LengthsAsync(cancel);

    public Task<ReadOnlyMemory<byte>> WriteOnceAsync(long number, ReadOnlyMemory<byte> record, CancellationToken cancel) =>
        TimeAsync(ticks => Interlocked.Add(ref publishing, ticks), () => stores.Journal.WriteOnceAsync(number, record, cancel));

    public Task<ReadOnlyMemory<byte>?> ReadAsync(long number, CancellationToken cancel) => stores.Journal.ReadAsync(number, cancel);

    public Task<ReadOnlyMemory<byte>> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        TimeAsync(ticks => Interlocked.Add(ref writing, ticks), () => stores.Tiles.WriteOnceAsync(name, content, cancel));

    public Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel) => stores.Tiles.ReadAsync(name, cancel);

    public Task RemovePartialsAsync(string fullName, CancellationToken cancel) => stores.Tiles.RemovePartialsAsync(fullName, cancel);

    public Task<PublishedHead?> ReadAsync(CancellationToken cancel) => stores.Head.ReadAsync(cancel);

    public Task<HeadChange> ReplaceAsync(ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel) =>
        TimeAsync(ticks => Interlocked.Add(ref publishing, ticks), () => stores.Head.ReplaceAsync(note, commit, version, cancel));

    private static string Seconds(long ticks) =>
        ((double)ticks / Stopwatch.Frequency).ToString("F1", CultureInfo.InvariantCulture);

    private static async Task<T> TimeAsync<T>(Action<long> add, Func<Task<T>> call)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            return await call();
        }
        finally
        {
            add(Stopwatch.GetTimestamp() - began);
        }
    }
}
