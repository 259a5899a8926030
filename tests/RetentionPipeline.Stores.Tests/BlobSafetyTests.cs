using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Adapters;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Stores.Tests;

/// <summary>Rewrites of blobs beside other writers, by processes that die, many at once, and of append blobs.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class BlobSafetyTests(AzuriteFixture azurite)
{
    private const int Writes = 200;
    private static readonly StageMark Stage = new(
        new string('a', 64), "rule", 1, new Guid("11111111-1111-5111-8111-111111111111"), DateTimeOffset.UnixEpoch);

    private static readonly RecordKey Key = new("", "logs/a.log");

    [Fact]
    public async Task Of_200_writes_during_rewrites_none_is_lost_and_none_comes_back()
    {
        var (location, container) = await MakeAsync("");
        var blob = container.GetBlobClient(Key.Id);
        var written = 0;
        using var calm = new SemaphoreSlim(0);
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int number; (number = Interlocked.Increment(ref written)) <= Writes;)
            {
                await AddLineAsync(blob, $"line {number.ToString(CultureInfo.InvariantCulture)}");
                await (number % 20 == 0 ? calm.WaitAsync() : Task.CompletedTask);
            }
        })).ToList();
        var (done, refused) = (0, 0);
        var store = new BlobRecordStore("blobs", Clients());
        while (!writers.TrueForAll(writer => writer.IsCompleted))
        {
            var result = await RewriteAsync(store, location);
            refused += result is ActResult.VersionMismatch ? 1 : 0;
            if (result is ActResult.Done)
            {
                // Writers that have fallen silent go on.
                done++;
                calm.Release(4);
            }
        }

        await Task.WhenAll(writers);
        Assert.IsType<ActResult.Done>(await RewriteAsync(store, location));
        var lines = (await TextAsync(blob)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, Writes).Select(number => $"LINE {number}").Order(), lines.Order());
        Assert.True(done > 0 && refused > 0, $"{done} rewrites went through, {refused} met a write: the two never met");
    }

    [Theory]
    [InlineData("block blob")]
    [InlineData("append blob")]
    public async Task A_process_that_dies_at_any_request_leaves_the_old_content_or_the_new_and_the_next_run_ends_it(string kind)
    {
        var original = string.Concat(Enumerable.Range(0, 300_000).Select(number => $"line number {number}\n"));
        var rewritten = original.ToUpperInvariant();
        for (var (last, survived) = (1, false); !survived; last++)
        {
            foreach (var answered in new[] { false, true })
            {
                var (location, container) = await MakeAsync(original, isAppend: kind == "append blob");
                var dying = new MortalClient(last, answered);
                try
                {
                    Assert.IsType<ActResult.Done>(await RewriteAsync(new BlobRecordStore("blobs", Clients(dying)), location));
                }
                catch (Exception died) when (died is MortalClient.Gone or StoreUnavailableException or AggregateException)
                {
                    // What the process would have said is not heard.
                }

                survived = !dying.IsDead;
                var text = await TextAsync(container.GetBlobClient(Key.Id));
                Assert.True(text == original || text == rewritten, $"after request {last} it is neither");
                Assert.IsType<ActResult.Done>(await RewriteAsync(new BlobRecordStore("blobs", Clients()), location));
                Assert.Equal(rewritten, await TextAsync(container.GetBlobClient(Key.Id)));
                Assert.True(last < 40, "it never comes to its end");
            }
        }
    }

    [Fact]
    public async Task A_closed_append_blob_becomes_a_block_blob_with_all_that_it_had()
    {
        var (location, container) = await MakeAsync("one\n", isAppend: true);
        var blob = container.GetBlobClient(Key.Id);
        await blob.SetHttpHeadersAsync(new BlobHttpHeaders { ContentType = "text/plain" });
        await blob.SetMetadataAsync(new Dictionary<string, string> { ["kept"] = "yes" });

        Assert.IsType<ActResult.Done>(await RewriteAsync(new BlobRecordStore("blobs", Clients()), location));

        var after = (await blob.GetPropertiesAsync()).Value;
        Assert.Equal((BlobType.Block, "text/plain", "yes"), (after.BlobType, after.ContentType, after.Metadata["kept"]));
        Assert.Equal("ONE\n", await TextAsync(blob));
        Assert.Equal([Key.Id], await NamesAsync(container));
    }

    [Fact]
    public async Task An_append_blob_that_was_replaced_in_the_meantime_stays()
    {
        var (location, container) = await MakeAsync("one\n", isAppend: true);
        var store = new BlobRecordStore("blobs", Clients());
        var ready = Assert.IsType<PreparedRewrite.Ready>(await PrepareAsync(store, location));
        await container.DeleteBlobAsync(Key.Id);
        await container.GetAppendBlobClient(Key.Id).CreateAsync();
        await container.GetAppendBlobClient(Key.Id).AppendBlockAsync(new MemoryStream("two\n"u8.ToArray()));

        Assert.IsType<ActResult.VersionMismatch>(await ready.Commit(CancellationToken.None));
        Assert.Equal("two\n", await TextAsync(container.GetBlobClient(Key.Id)));
        Assert.Equal([Key.Id], await NamesAsync(container));
    }

    [Fact]
    public async Task An_append_blob_that_may_still_grow_or_that_the_policy_leaves_is_refused_by_its_reason()
    {
        var (location, _) = await MakeAsync("one\n", isAppend: true, seals: false);
        var store = new BlobRecordStore("blobs", Clients());
        Assert.Equal(RefusalReasons.AppendBlobOpen, await ReasonAsync(store, location));
        Assert.Equal(RefusalReasons.AppendBlob, await ReasonAsync(store, location with { Options = LocationOptions.None }));
    }

    [Fact]
    public async Task What_a_killed_conversion_left_goes_with_a_later_scan_and_is_nobodys_record()
    {
        var (location, container) = await MakeAsync("one\n", isAppend: true);
        var today = DateTimeOffset.Parse("2020-01-01T00:00:00Z", CultureInfo.InvariantCulture);
        var clock = (await container.GetPropertiesAsync()).GetRawResponse().Headers.Date!.Value;
        var (old, fresh) = ($".retention-tmp/{today:yyyyMMdd'T'HHmmss}-00", $".retention-tmp/{clock.UtcDateTime:yyyyMMdd'T'HHmmss}-00");
        await container.GetBlobClient(old).UploadAsync(BinaryData.FromString("x"));
        await container.GetBlobClient(fresh).UploadAsync(BinaryData.FromString("x"));

        var store = new BlobRecordStore("blobs", Clients());
        var range = Assert.Single(await store.ListRangesAsync(location, 1, CancellationToken.None));
        var page = await store.ReadPageAsync(new(location with { Prefix = "" }, range, null, [], 100), CancellationToken.None);

        Assert.Equal([Key.Id], page.Snapshots.Select(record => record.Key.Id));
        Assert.Equal([fresh, Key.Id], await NamesAsync(container));
    }

    [Fact]
    public async Task Many_blobs_are_rewritten_side_by_side_within_the_memory_that_they_are_given()
    {
        const int blobs = 24;
        var (location, container) = await MakeAsync("x");
        var content = Enumerable.Repeat((byte)'a', 12 * 1024 * 1024).ToArray();
        for (var number = 0; number < blobs; number++)
        {
            await container.GetBlobClient($"logs/{number}").UploadAsync(BinaryData.FromBytes(content));
        }

        var store = new BlobRecordStore("blobs", Clients());
        var now = 0;
        var running = new ConcurrentBag<int>();
        var live = new ConcurrentBag<long>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var rewrite = new RecordRewrite.OfContent(Stage, async (input, output, cancel) =>
        {
            running.Add(Interlocked.Increment(ref now));
            var piece = new byte[64 * 1024];
            for (int length, pieces = 0; (length = await input.ReadAsync(piece, cancel)) > 0; pieces++)
            {
                await output.WriteAsync(piece.AsMemory(0, length), cancel);
                if (pieces == 60)
                {
                    live.Add(GC.GetTotalMemory(forceFullCollection: true) - before);
                }
            }

            Interlocked.Decrement(ref now);
            return new ContentChange(1, 1, 0);
        });
        await Task.WhenAll(Enumerable.Range(0, blobs).Select(async number =>
        {
            var key = new RecordKey("", $"logs/{number}");
            var version = (await store.ReadAsync(location, key, [], CancellationToken.None))!.Version;
            var ready = Assert.IsType<PreparedRewrite.Ready>(await store.PrepareRewriteAsync(location, key, version, rewrite, CancellationToken.None));
            Assert.IsType<ActResult.Done>(await ready.Commit(CancellationToken.None));
        }));
        Assert.InRange(running.Max(), 2, (int)(BlobRecordStore.RewriteMemoryBytes / (16 * 1024 * 1024)));
        Assert.InRange(live.Max(), 1, BlobRecordStore.RewriteMemoryBytes);
    }

    /// <summary>As a careful writer does it: reads, adds, and writes under the version that was read.</summary>
    private static async Task AddLineAsync(BlobClient blob, string line)
    {
        while (true)
        {
            var read = (await blob.DownloadContentAsync()).Value;
            try
            {
                await blob.UploadAsync(
                    BinaryData.FromString($"{read.Content}{line}\n"),
                    new BlobUploadOptions { Conditions = new BlobRequestConditions { IfMatch = read.Details.ETag } });
                return;
            }
            catch (Azure.RequestFailedException moved) when (moved.Status == 412)
            {
                // Somebody else wrote: again.
            }
        }
    }

    private static async Task<string> ReasonAsync(BlobRecordStore store, DatasetLocation location) =>
        Assert.IsType<ActResult.Refused>(Assert.IsType<PreparedRewrite.Ended>(await PrepareAsync(store, location)).Result).Reason;

    private static async Task<ActResult> RewriteAsync(BlobRecordStore store, DatasetLocation location) =>
        await PrepareAsync(store, location) switch
        {
            PreparedRewrite.Ready ready => await ready.Commit(CancellationToken.None),
            PreparedRewrite.Ended ended => ended.Result,
            _ => throw new InvalidOperationException(),
        };

    private static async Task<PreparedRewrite> PrepareAsync(BlobRecordStore store, DatasetLocation location)
    {
        var version = (await store.ReadAsync(location, Key, [], CancellationToken.None))!.Version;
        var upper = new RecordRewrite.OfContent(Stage, async (input, output, cancel) =>
        {
            var piece = new byte[256 * 1024];
            for (int length; (length = await input.ReadAsync(piece, cancel)) > 0;)
            {
                await output.WriteAsync(Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(piece, 0, length).ToUpperInvariant()), cancel);
            }

            return new ContentChange(2, 2, 0);
        });
        try
        {
            return await store.PrepareRewriteAsync(location, Key, version, upper, CancellationToken.None);
        }
        catch (StoreCallException moved) when (moved.Message.Contains("412", StringComparison.Ordinal))
        {
            // Overwritten while it was read.
            return new PreparedRewrite.Ended(new ActResult.VersionMismatch());
        }
    }

    private BlobClients Clients(MortalClient? dying = null)
    {
        var options = new BlobClientOptions { Retry = { MaxRetries = 0 } };
        options.AddPolicy(new CopyFromUrl(), Azure.Core.HttpPipelinePosition.PerCall);
        if (dying is not null)
        {
            options.AddPolicy(dying, Azure.Core.HttpPipelinePosition.PerRetry);
        }

        var service = new BlobServiceClient(azurite.ConnectionString, options);
        return new BlobClients(service, service, new RequestCount());
    }

    private async Task<(DatasetLocation Location, BlobContainerClient Container)> MakeAsync(string content, bool isAppend = false, bool seals = true)
    {
        var name = azurite.NewName();
        var container = azurite.Blobs.GetBlobContainerClient(name);
        await container.CreateAsync();
        if (isAppend)
        {
            var append = container.GetAppendBlobClient(Key.Id);
            await append.CreateAsync();
            foreach (var block in Encoding.ASCII.GetBytes(content).Chunk(4 * 1024 * 1024))
            {
                await append.AppendBlockAsync(new MemoryStream(block));
            }

            if (seals)
            {
                await append.SealAsync();
            }
        }
        else
        {
            await container.GetBlobClient(Key.Id).UploadAsync(BinaryData.FromString(content));
        }

        var options = new LocationOptions(SnapshotHandling.Refuse) { AppendBlobs = AppendBlobHandling.ConvertClosed };
        return (new DatasetLocation("logs", name, "logs/", null, "RetentionStage", options), container);
    }

    private static async Task<string> TextAsync(BlobClient blob) => (await blob.DownloadContentAsync()).Value.Content.ToString();

    private static async Task<List<string>> NamesAsync(BlobContainerClient container)
    {
        var names = new List<string>();
        await foreach (var blob in container.GetBlobsAsync())
        {
            names.Add(blob.Name);
        }

        return names;
    }
}
