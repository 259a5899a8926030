using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests.Ledgers;

public sealed class MemoryLedgerTests : RollingLedgerContract
{
    protected override Task<(LedgerStores One, LedgerStores Other)> OpenAsync() => Open(50_000);

    protected override Task<(LedgerStores One, LedgerStores Other)> OpenRollingAsync() => Open(5);

    private static Task<(LedgerStores One, LedgerStores Other)> Open(int blocks)
    {
        var ledger = new MemoryLedger(new Faults()) { BlocksPerSegment = blocks };
        return Task.FromResult((ledger.Stores, ledger.Stores with { Lease = new Waiting() }));
    }

    /// <summary>In memory nobody else can hold it.</summary>
    private sealed class Waiting : ILedgerLease
    {
        private int asked;

        /// <summary>Only the first to ask is refused: a test of the contract asks once, an integrator asks again.</summary>
        public Task<bool> TryHoldAsync(CancellationToken cancel) => Task.FromResult(Interlocked.Increment(ref asked) > 1);
    }
}

public sealed class FileLedgerTests : RollingLedgerContract
{
    private readonly List<FileLedger> opened = [];

    protected override Task<(LedgerStores One, LedgerStores Other)> OpenAsync() => Open(FileLedger.SegmentBytes);

    protected override Task<(LedgerStores One, LedgerStores Other)> OpenRollingAsync() => Open(100);

    [Fact]
    public async Task A_torn_block_at_the_end_is_passed_over_by_readers_and_followed_by_the_next()
    {
        var (one, other) = await OpenAsync();
        var writer = new LaneWriter(one.Lanes);
        await writer.AppendAsync([Leaf(1)], None);
        var lane = LaneWriter.LaneOf("op-1");
        var segment = Path.Combine(Folder, "log", "lane", lane.ToString("D2", null), "000000000");
        var whole = File.ReadAllBytes(segment);
        await File.WriteAllBytesAsync(segment, [.. whole, .. whole[..50]]);
        await new LaneWriter(other.Lanes).AppendAsync([Leaf(1), RetentionPipeline.Ledger.Leaf.Encode("outcome", "op-1", "", default, [])], None);
        var result = await new Integrator(one, new NoteSigner("log", new byte[32]), "log").RunOnceAsync(None);
        Assert.Equal((2, 1, 50), (result.Size, result.Duplicates, result.SkippedBytes));
    }

    [Fact]
    public async Task The_lease_goes_to_the_next_when_its_holder_is_gone()
    {
        var (one, other) = await OpenAsync();
        Assert.True(await one.Lease.TryHoldAsync(None));
        Assert.False(await other.Lease.TryHoldAsync(None));
        opened[0].Dispose();
        Assert.True(await other.Lease.TryHoldAsync(None));
    }

    /// <summary>A folder in which nothing can be made: the append says so, and nobody takes it for done.</summary>
    [Fact]
    public async Task An_append_that_cannot_be_written_fails()
    {
        var (one, _) = await OpenAsync();
        await File.WriteAllTextAsync(Path.Combine(Folder, "log", "lane"), "in the way");
        await Assert.ThrowsAnyAsync<IOException>(() => one.Lanes.AppendAsync(0, "x"u8.ToArray(), None));
    }

    protected override void Close() => opened.ForEach(ledger => ledger.Dispose());

    private Task<(LedgerStores One, LedgerStores Other)> Open(long segmentBytes)
    {
        var root = Path.Combine(Folder, "log");
        opened.AddRange([new FileLedger(root, segmentBytes, TimeProvider.System), new FileLedger(root, segmentBytes, TimeProvider.System)]);
        return Task.FromResult((opened[0].Stores, opened[1].Stores));
    }
}

[Collection(AzuriteCollection.Name)]
public sealed class BlobLedgerTests(AzuriteFixture azurite) : BlobLedgerContract(azurite);

[OnAccount(TestAccounts.Storage)]
public sealed class BlobLedgerOnAccountTests(AccountStorage account) : BlobLedgerContract(account), IClassFixture<AccountStorage>;

/// <summary>A ledger as blobs, wherever they are stored.</summary>
public abstract class BlobLedgerContract(StorageUnderTest storage) : LedgerStoreContract
{
    protected override async Task<(LedgerStores One, LedgerStores Other)> OpenAsync()
    {
        var containers = new LedgerContainers(NewContainer(), NewContainer(), NewContainer());
        await containers.CreateAsync(None);
        return (WormLedgerTests.StoresOf(containers), WormLedgerTests.StoresOf(containers));

        BlobContainerClient NewContainer() => storage.Blobs.GetBlobContainerClient(storage.NewName());
    }
}

/// <summary>
/// A ledger as blobs over containers under a locked policy, which neither Azurite nor an emulator enforces: the SDK talks
/// to <see cref="WormAccount"/>.
/// </summary>
public sealed class WormLedgerTests : RollingLedgerContract
{
    private WormAccount account = new(seed: 1);

    protected override Task<(LedgerStores One, LedgerStores Other)> OpenAsync() => OpenOnAsync(account);

    protected override Task<(LedgerStores One, LedgerStores Other)> OpenRollingAsync() =>
        OpenOnAsync(account = new WormAccount(seed: 2) { BlocksPerBlob = 5 });

    [Fact]
    public async Task The_policy_forbids_what_it_should_whatever_code_it_answers()
    {
        await OpenAsync();
        var log = account.Service().GetBlobContainerClient("ledger");
        var blob = log.GetBlobClient("tile/0/000");
        await blob.UploadAsync(BinaryData.FromString("one"));
        var codes = new HashSet<string?>();
        for (var n = 0; n < 60; n++)
        {
            codes.Add((await Assert.ThrowsAsync<Azure.RequestFailedException>(() => blob.UploadAsync(BinaryData.FromString("two")))).ErrorCode);
        }

        Assert.Equal(["BlobAlreadyExists", "BlobImmutableDueToPolicy", "ConditionNotMet"], codes.Order());
        Assert.Equal(409, (await Assert.ThrowsAsync<Azure.RequestFailedException>(() => blob.UploadAsync(BinaryData.FromString("two"), overwrite: true))).Status);
        Assert.Equal(409, (await Assert.ThrowsAsync<Azure.RequestFailedException>(() => blob.DeleteAsync())).Status);
        var lane = account.Service().GetBlobContainerClient("ledger-wal").GetAppendBlobClient("lane/00/000000000");
        await lane.CreateAsync();
        await lane.AppendBlockAsync(new MemoryStream([1]));
        Assert.Equal(409, (await Assert.ThrowsAsync<Azure.RequestFailedException>(() => lane.CreateAsync())).Status);
        Assert.Equal("one", (await blob.DownloadContentAsync()).Value.Content.ToString());
    }

    [Fact]
    public async Task Without_the_flag_for_appends_the_lanes_stop_and_say_why()
    {
        account = new WormAccount(seed: 3) { AllowsProtectedAppends = false };
        var (one, _) = await OpenAsync();
        var problem = await Assert.ThrowsAsync<LedgerCorruptException>(() => one.Lanes.AppendAsync(0, "x"u8.ToArray(), None));
        Assert.Contains("allowProtectedAppendWrites", problem.Message, StringComparison.Ordinal);
    }

    /// <summary>Whatever is refused, lost or answered late: the ledger never even tries what a policy forbids.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task A_ledger_under_faults_never_asks_to_change_what_is_written_once(int seed)
    {
        account = new WormAccount(seed) { BlocksPerBlob = 3, FaultsInTwenty = 3 };
        var (one, other) = await OpenAsync();
        var signer = new NoteSigner("log", new byte[32]);
        var integrators = new[] { new Integrator(one, signer, "log"), new Integrator(other with { Lease = one.Lease }, signer, "log") };
        var writer = new LaneWriter(one.Lanes);
        for (var n = 0; n < 300; n++)
        {
            var isAppended = false;
            while (!isAppended)
            {
                isAppended = await TryAsync(() => writer.AppendAsync([Leaf(n)], None));
            }

            if (n % 7 == 0)
            {
                await TryAsync(() => integrators[n % 2].RunOnceAsync(None));
            }
        }

        account.FaultsInTwenty = 0;
        var last = new Integrator(other with { Lease = one.Lease }, signer, "log");
        for (var size = 0L; size < 300;)
        {
            size = (await last.RunOnceAsync(None)).Size;
        }

        var log = new LogReader(one.Tiles, one.Head, one.Journal);
        var entries = await log.ReadEntriesAsync(0, 1_000, None);
        Assert.Equal(
            Enumerable.Range(0, 300).Select(n => Encoding.UTF8.GetString(Leaf(n).Span)).Order(),
            entries.Select(entry => Encoding.UTF8.GetString(entry.Span)).Order());
        Assert.True(account.Faulted > 100, $"{account.Faulted} faults");
        Assert.Empty(account.Forbidden);
    }

    internal static LedgerStores StoresOf(LedgerContainers containers)
    {
        var ledger = new BlobLedger(containers);
        return new LedgerStores(ledger, ledger, ledger, ledger, new BlobLease(containers.Edge, TimeProvider.System));
    }

    private static async Task<bool> TryAsync(Func<Task> step)
    {
        try
        {
            await step();
            return true;
        }
        catch (Exception problem) when (problem is Azure.RequestFailedException { Status: 500 or 503 })
        {
            return false;
        }
    }

    private static async Task<(LedgerStores One, LedgerStores Other)> OpenOnAsync(WormAccount account)
    {
        var containers = LedgerContainers.In(account.Service());
        var faults = (account.FaultsInTwenty, account.FaultsInTwenty = 0).Item1;
        await containers.CreateAsync(None);
        account.FaultsInTwenty = faults;
        return (StoresOf(containers), StoresOf(LedgerContainers.In(account.Service())));
    }
}
