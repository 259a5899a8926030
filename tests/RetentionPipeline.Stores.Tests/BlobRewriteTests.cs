using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Composition;
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
