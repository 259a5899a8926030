using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Fakes;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests;

/// <summary>The fake that simulations trust.</summary>
public sealed class MemoryRecordStoreTests : RecordStoreContract
{
    protected override Task<IStoreUnderTest> OpenAsync() => Task.FromResult<IStoreUnderTest>(new UnderTest());

    private sealed class UnderTest : IStoreUnderTest
    {
        private readonly MemoryRecordStore store = new(new Faults()) { PageLimit = 3, RangeLimit = 4 };

        public IRecordStore Store => store;

        public DatasetLocation Location { get; } = new("set", "Things", "", null, "RetentionStage", LocationOptions.None);

        public DatasetLocation Missing
        {
            get
            {
                store.Unreachable = true;
                return Location;
            }
        }

        public string Field => "Value";

        public Task<RecordKey> PutAsync(string partition, string id, string value)
        {
            var key = new RecordKey(partition, id);
            store.Put("Things", key, new Dictionary<string, object?> { ["Value"] = value });
            return Task.FromResult(key);
        }

        public RecordRewrite Rewrite(StageMark stage, string value) =>
            FieldChanges.At(stage, ("Value", "replace", $"with={value}"));
    }
}

/// <summary>Entities, wherever they are stored.</summary>
public abstract class TableStoreContract(StorageUnderTest storage) : RecordStoreContract
{
    protected override async Task<IStoreUnderTest> OpenAsync()
    {
        var table = storage.Tables.GetTableClient(storage.NewName());
        await table.CreateAsync();
        return new UnderTest(storage, table);
    }

    [ContractFact]
    public async Task A_rewrite_keeps_untouched_fields_and_their_types_and_drops_what_is_removed()
    {
        var test = await OpenAsync();
        var table = storage.Tables.GetTableClient(test.Location.Container);
        await table.AddEntityAsync(new TableEntity("p", "id")
        {
            ["Int"] = 5,
            ["Long"] = 5L,
            ["Double"] = 5.0,
            ["Flag"] = true,
            ["At"] = DateTimeOffset.UnixEpoch,
            ["Id"] = Guid.Empty,
            ["Bytes"] = new byte[] { 1 },
            ["Goes"] = "x",
            ["Ip"] = "203.0.113.7",
        });
        var key = new RecordKey("p", "id");
        foreach (var drop in new[] { false, true })
        {
            var version = (await test.Store.ReadAsync(test.Location, key, [], CancellationToken.None))!.Version;
            var rewrite = drop ? FieldChanges.At(Stage, ("Goes", "remove", "")) : FieldChanges.At(Stage, ("Ip", "truncate-ip", ""));
            var ready = (PreparedRewrite.Ready)await test.Store.PrepareRewriteAsync(test.Location, key, version, rewrite, CancellationToken.None);
            Assert.IsType<ActResult.Done>(await ready.Commit(CancellationToken.None));
        }

        var after = (await table.GetEntityAsync<TableEntity>("p", "id")).Value;
        Assert.IsType<int>(after["Int"]);
        Assert.IsType<long>(after["Long"]);
        Assert.IsType<double>(after["Double"]);
        Assert.IsType<Guid>(after["Id"]);
        Assert.Equal("203.0.113.0", after["Ip"]);
        Assert.False(after.ContainsKey("Goes"));
    }

    private sealed class UnderTest(StorageUnderTest storage, TableClient table) : IStoreUnderTest
    {
        public IRecordStore Store { get; } = new TableRecordStore("tables", DeployedPorts.TableStore(storage.ConnectionString));

        public DatasetLocation Location { get; } = new("set", table.Name, "", null, "RetentionStage", LocationOptions.None);

        public DatasetLocation Missing => Location with { Container = table.Name + "gone" };

        public string Field => "Value";

        public async Task<RecordKey> PutAsync(string partition, string id, string value)
        {
            await table.UpsertEntityAsync(new TableEntity(partition, id) { ["Value"] = value }, TableUpdateMode.Replace);
            return new RecordKey(partition, id);
        }

        public RecordRewrite Rewrite(StageMark stage, string value) =>
            FieldChanges.At(stage, ("Value", "replace", $"with={value}"));
    }
}

[Collection(AzuriteCollection.Name)]
public sealed class TableRecordStoreTests(AzuriteFixture azurite) : TableStoreContract(azurite)
{
    private string Address { get; } = azurite.ConnectionString;

    [Fact]
    public async Task A_store_that_does_not_answer_is_unavailable_and_says_no_key()
    {
        var gone = DeployedPorts.TableStore(
            System.Text.RegularExpressions.Regex.Replace(Address, @"TableEndpoint=http://127.0.0.1:\d+", "TableEndpoint=http://127.0.0.1:9"));
        var store = new TableRecordStore("far", gone);
        var location = new DatasetLocation("set", "Things", "", null, "RetentionStage", LocationOptions.None);
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            store.ReadAsync(location, new RecordKey("secret-key", "secret-row"), [], CancellationToken.None));
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }
}

/// <summary>Blobs, wherever they are stored.</summary>
public abstract class BlobStoreContract(StorageUnderTest storage) : RecordStoreContract
{
    protected override async Task<IStoreUnderTest> OpenAsync()
    {
        var container = storage.Blobs.GetBlobContainerClient(storage.NewName());
        await container.CreateAsync();
        return new UnderTest(storage, container);
    }

    private sealed class UnderTest(StorageUnderTest storage, BlobContainerClient container) : IStoreUnderTest
    {
        public IRecordStore Store { get; } = new BlobRecordStore("blobs", DeployedPorts.BlobStore(storage.ConnectionString));

        public DatasetLocation Location { get; } = new("set", container.Name, "set/", null, "RetentionStage", LocationOptions.None);

        public DatasetLocation Missing => Location with { Container = container.Name + "gone" };

        public string Field => "metadata.value";

        public async Task<RecordKey> PutAsync(string partition, string id, string value)
        {
            var blob = container.GetBlobClient($"set/{partition}/{id}");
            await blob.UploadAsync(BinaryData.FromString(value), overwrite: true);
            await blob.SetMetadataAsync(new Dictionary<string, string> { ["value"] = value });
            return new RecordKey("", blob.Name);
        }

        public RecordRewrite Rewrite(StageMark stage, string value) => new RecordRewrite.OfContent(stage, async (_, output, cancel) =>
        {
            await output.WriteAsync(Encoding.UTF8.GetBytes(value), cancel);
            return new ContentChange(1, 1, 0);
        });
    }
}

[Collection(AzuriteCollection.Name)]
public sealed class BlobRecordStoreTests(AzuriteFixture azurite) : BlobStoreContract(azurite);
