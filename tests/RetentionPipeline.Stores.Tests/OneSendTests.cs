using System.Text.RegularExpressions;
using Azure.Data.Tables;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Stores.Tests;

/// <summary>
/// .NET's HTTP client sends what it takes for unsent again, below all retry policies: a request without content whose
/// connection was closed in good order before an answer. For a delete that is a second try.
/// </summary>
[Collection(AzuriteCollection.Name)]
public sealed class OneSendTests(AzuriteFixture azurite)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_blob_whose_deletion_is_not_answered_is_deleted_once()
    {
        var container = azurite.Blobs.GetBlobContainerClient(azurite.NewName());
        await container.CreateAsync();
        await container.GetBlobClient("a").UploadAsync(BinaryData.FromString("x"));
        await using var relay = new CuttingRelay(PortOf("Blob"));
        var store = new BlobRecordStore("blobs", DeployedPorts.BlobStore(Through("Blob", relay)));
        await CheckAsync(store, new("set", container.Name, "", null, "RetentionStage", LocationOptions.None), new RecordKey("", "a"), relay);
    }

    [Fact]
    public async Task An_entity_whose_deletion_is_not_answered_is_deleted_once()
    {
        var table = azurite.Tables.GetTableClient(azurite.NewName());
        await table.CreateAsync();
        await table.AddEntityAsync(new TableEntity("p", "r"));
        await using var relay = new CuttingRelay(PortOf("Table"));
        var store = new TableRecordStore("tables", DeployedPorts.TableStore(Through("Table", relay)));
        await CheckAsync(store, new("set", table.Name, "", null, "RetentionStage", LocationOptions.None), new RecordKey("p", "r"), relay);
    }

    private static async Task CheckAsync(IRecordStore store, DatasetLocation location, RecordKey key, CuttingRelay relay)
    {
        var version = (await store.ReadAsync(location, key, [], None))!.Version;
        await Assert.ThrowsAnyAsync<Exception>(() => store.DeleteAsync(location, key, version, None));
        Assert.Equal(1, relay.Deletes);
        Assert.Null(await store.ReadAsync(location, key, [], None));
    }

    private int PortOf(string service) =>
        int.Parse(Endpoint(service).Match(azurite.ConnectionString).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    private string Through(string service, CuttingRelay relay) =>
        Endpoint(service).Replace(azurite.ConnectionString, match => match.Value.Replace($":{match.Groups[1].Value}", $":{relay.Port}", StringComparison.Ordinal));

    private static Regex Endpoint(string service) => new($@"{service}Endpoint=\w+://[\d.]+:(\d+)");
}
