using System.IO.Compression;
using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Stores.Tests;

[Collection(AzuriteCollection.Name)]
public sealed class BlobRewriteTests(AzuriteFixture azurite)
{
    private static readonly StageMark Stage = new(
        new string('a', 64), "rule", 1, new Guid("11111111-1111-5111-8111-111111111111"), DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task A_rewrite_is_committed_with_its_stage_headers_and_metadata()
    {
        var (store, location, blob) = await MakeAsync("one\ntwo\n");
        await blob.SetMetadataAsync(new Dictionary<string, string> { ["kept"] = "yes" });
        await blob.SetHttpHeadersAsync(new BlobHttpHeaders { ContentType = "text/plain" });
        var key = new RecordKey("", blob.Name);
        var before = await store.ReadAsync(location, key, [], CancellationToken.None);

        var prepared = await store.PrepareRewriteAsync(location, key, before!.Version, Upper(), CancellationToken.None);
        var result = await Assert.IsType<PreparedRewrite.Ready>(prepared).Commit(CancellationToken.None);

        Assert.IsType<ActResult.Done>(result);
        var after = await blob.GetPropertiesAsync();
        Assert.Equal("ONE\nTWO\n", (await blob.DownloadContentAsync()).Value.Content.ToString());
        Assert.Equal("text/plain", after.Value.ContentType);
        Assert.Equal("yes", after.Value.Metadata["kept"]);
        Assert.Equal(Stage, (await store.ReadAsync(location, key, [], CancellationToken.None))!.Stage);
    }

    [Fact]
    public async Task A_blob_that_was_overwritten_during_the_rewrite_stays_as_its_writer_left_it()
    {
        var (store, location, blob) = await MakeAsync("one\n");
        var key = new RecordKey("", blob.Name);
        var prepared = await PrepareAsync(store, location, key);
        await blob.UploadAsync(BinaryData.FromString("newer\n"), overwrite: true);

        Assert.IsType<ActResult.VersionMismatch>(await Assert.IsType<PreparedRewrite.Ready>(prepared).Commit(CancellationToken.None));
        Assert.Equal("newer\n", (await blob.DownloadContentAsync()).Value.Content.ToString());
    }

    [Theory]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(48)]
    public async Task Blocks_that_another_writer_has_staged_are_never_published(int idLength)
    {
        var (store, location, blob) = await MakeAsync("one\n");
        var key = new RecordKey("", blob.Name);
        var theirs = await StageForeignAsync(blob, idLength);

        var prepared = await PrepareAsync(store, location, key);

        Assert.IsType<ActResult.Done>(await Assert.IsType<PreparedRewrite.Ready>(prepared).Commit(CancellationToken.None));
        Assert.Equal("ONE\n", (await blob.DownloadContentAsync()).Value.Content.ToString());

        // And the other one finds that what it staged is gone, instead of putting back what was anonymised.
        await Assert.ThrowsAsync<Azure.RequestFailedException>(() => Block(blob).CommitBlockListAsync([theirs]));
    }

    [Fact]
    public async Task Blocks_with_ids_too_short_to_tell_ours_from_theirs_refuse_the_rewrite()
    {
        var (store, location, blob) = await MakeAsync("one\n");
        await StageForeignAsync(blob, 4);

        var ended = Assert.IsType<PreparedRewrite.Ended>(await PrepareAsync(store, location, new RecordKey("", blob.Name)));

        Assert.Equal(RefusalReasons.ForeignBlocks, Assert.IsType<ActResult.Refused>(ended.Result).Reason);
        Assert.Equal("one\n", (await blob.DownloadContentAsync()).Value.Content.ToString());
    }

    [Fact]
    public async Task Two_rewrites_at_once_publish_one_of_them_whole()
    {
        var (store, location, blob) = await MakeAsync("one\n");
        var key = new RecordKey("", blob.Name);
        var first = Assert.IsType<PreparedRewrite.Ready>(await PrepareAsync(store, location, key));
        var second = Assert.IsType<PreparedRewrite.Ready>(await PrepareAsync(store, location, key));

        Assert.IsType<ActResult.Done>(await second.Commit(CancellationToken.None));
        Assert.IsType<ActResult.VersionMismatch>(await first.Commit(CancellationToken.None));
        Assert.Equal("ONE\n", (await blob.DownloadContentAsync()).Value.Content.ToString());
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("cut")]
    [InlineData("empty")]
    public async Task Gzip_that_cannot_be_read_refuses_the_rewrite_and_stays(string how)
    {
        var (store, location, blob) = await MakeAsync("");
        var bytes = Gzip(string.Concat(Enumerable.Repeat("203.0.113.7 - - GET /\n", 5_000)));
        bytes = how switch { "cut" => bytes[..(bytes.Length / 2)], "empty" => bytes[..10], _ => bytes };
        if (how == "damaged")
        {
            bytes[bytes.Length / 2] ^= 0xff;
        }

        await blob.UploadAsync(BinaryData.FromBytes(bytes), overwrite: true);
        var key = new RecordKey("", blob.Name);
        var version = (await store.ReadAsync(location, key, [], CancellationToken.None))!.Version;

        var ended = Assert.IsType<PreparedRewrite.Ended>(
            await store.PrepareRewriteAsync(location, key, version, TruncateIp(), CancellationToken.None));

        Assert.Equal(RefusalReasons.CorruptGzip, Assert.IsType<ActResult.Refused>(ended.Result).Reason);
        Assert.Equal(bytes, (await blob.DownloadContentAsync()).Value.Content.ToArray());
        Assert.Equal(version, (await blob.GetPropertiesAsync()).Value.ETag.ToString());
    }

    [Fact]
    public async Task Gzip_of_several_members_and_many_blocks_is_rewritten_and_stays_gzip()
    {
        var (store, location, blob) = await MakeAsync("");
        var line = "203.0.113.77 - - GET /" + Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(2_000)) + "\n";
        var text = string.Concat(Enumerable.Repeat(line, 4_000));
        await blob.UploadAsync(BinaryData.FromBytes([.. Gzip(text), .. Gzip(text)]), overwrite: true);
        var key = new RecordKey("", blob.Name);
        var version = (await store.ReadAsync(location, key, [], CancellationToken.None))!.Version;

        var ready = Assert.IsType<PreparedRewrite.Ready>(
            await store.PrepareRewriteAsync(location, key, version, TruncateIp(), CancellationToken.None));
        Assert.IsType<ActResult.Done>(await ready.Commit(CancellationToken.None));

        await using var inflated = new GZipStream(await blob.OpenReadAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(inflated);
        Assert.Equal((text + text).Replace("203.0.113.77", "203.0.113.0", StringComparison.Ordinal), await reader.ReadToEndAsync());
        Assert.Equal(8_000, ready.Change!.Changed);
    }

    [Fact]
    public async Task What_may_not_be_rewritten_is_refused_by_its_reason()
    {
        var (store, location, blob) = await MakeAsync("one\n");
        var key = new RecordKey("", blob.Name);
        await blob.CreateSnapshotAsync();
        Assert.Equal(RefusalReasons.HasSnapshots, await ReasonAsync(store, location, key));

        var lease = blob.GetBlobLeaseClient();
        await lease.AcquireAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(RefusalReasons.Leased, await ReasonAsync(store, location, key));

        var appended = azurite.Blobs.GetBlobContainerClient(location.Container).GetAppendBlobClient("logs/b.log");
        await appended.CreateAsync();
        Assert.Equal(RefusalReasons.AppendBlob, await ReasonAsync(store, location, new RecordKey("", appended.Name)));
    }

    [Fact]
    public async Task Snapshots_go_where_the_policy_says_so()
    {
        var (store, location, blob) = await MakeAsync("one\n");
        location = location with { Options = new LocationOptions(SnapshotHandling.Remove) };
        await blob.CreateSnapshotAsync();

        var ready = Assert.IsType<PreparedRewrite.Ready>(await PrepareAsync(store, location, new RecordKey("", blob.Name)));
        await ready.Commit(CancellationToken.None);

        await foreach (var left in azurite.Blobs.GetBlobContainerClient(location.Container)
            .GetBlobsAsync(new GetBlobsOptions { States = BlobStates.Snapshots }))
        {
            Assert.Null(left.Snapshot);
        }
    }

    private static async Task<string> ReasonAsync(BlobRecordStore store, DatasetLocation location, RecordKey key) =>
        Assert.IsType<ActResult.Refused>(Assert.IsType<PreparedRewrite.Ended>(await PrepareAsync(store, location, key)).Result).Reason;

    private static async Task<PreparedRewrite> PrepareAsync(BlobRecordStore store, DatasetLocation location, RecordKey key)
    {
        var version = (await store.ReadAsync(location, key, [], CancellationToken.None))!.Version;
        return await store.PrepareRewriteAsync(location, key, version, Upper(), CancellationToken.None);
    }

    private async Task<string> StageForeignAsync(BlobClient blob, int idLength)
    {
        var id = Convert.ToBase64String(new byte[idLength]);
        await Block(blob).StageBlockAsync(id, new MemoryStream(Encoding.UTF8.GetBytes("stale\n")));
        return id;
    }

    private BlockBlobClient Block(BlobClient blob) =>
        azurite.Blobs.GetBlobContainerClient(blob.BlobContainerName).GetBlockBlobClient(blob.Name);

    private static byte[] Gzip(string text)
    {
        using var written = new MemoryStream();
        using (var deflated = new GZipStream(written, CompressionLevel.Fastest))
        {
            deflated.Write(Encoding.UTF8.GetBytes(text));
        }

        return written.ToArray();
    }

    private static RecordRewrite.OfContent TruncateIp() => new(Stage, async (input, output, cancel) =>
    {
        try
        {
            var done = await StreamRewriter.RewriteAsync(
                input, output, new StreamPlan(AddressBits.Default, HostNames.Keep, []), cancel);
            return new ContentChange(done.Lines, done.Changed, done.Dropped);
        }
        catch (UnreadableContentException unreadable)
        {
            throw new RecordRefusedException(unreadable.Reason);
        }
    });

    private static RecordRewrite.OfContent Upper() => new(Stage, async (input, output, cancel) =>
    {
        using var reader = new StreamReader(input);
        var text = await reader.ReadToEndAsync(cancel);
        await output.WriteAsync(Encoding.UTF8.GetBytes(text.ToUpperInvariant()), cancel);
        return new ContentChange(2, 2, 0);
    });

    private async Task<(BlobRecordStore, DatasetLocation, BlobClient)> MakeAsync(string content)
    {
        var name = azurite.NewName();
        var container = azurite.Blobs.GetBlobContainerClient(name);
        await container.CreateAsync();
        var blob = container.GetBlobClient("logs/a.log");
        await blob.UploadAsync(BinaryData.FromString(content));
        var store = new BlobRecordStore("blobs", DeployedPorts.BlobStore(azurite.ConnectionString));
        return (store, new DatasetLocation("logs", name, "logs/", null, "RetentionStage", LocationOptions.None), blob);
    }
}
