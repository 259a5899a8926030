using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Local.Bare;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Runs;

/// <summary>Writes the sample company into a storage account and a Cosmos DB account.</summary>
public sealed class Seeder : IDisposable
{
    /// <summary>
    /// Blob of the pipeline's container that says that the company stands, with its seed and its "now"; and the database that
    /// says the same of the Cosmos DB account.
    /// </summary>
    public const string Marker = "sample-company";

    private const int TablesAtOnce = 8;
    private const int ItemsAtOnce = 32;
    private readonly TableServiceClient tables;
    private readonly BlobServiceClient blobs;
    private readonly CosmosClient cosmos;
    private int written;

    /// <summary>Connects when it is first used.</summary>
    public Seeder(StorePlaces places)
    {
        tables = DeployedPorts.TableService(places.Storage, retries: 3);
        blobs = DeployedPorts.BlobService(places.Storage, retries: 3);
        cosmos = CosmosSdk.Open(places.Of(Core.Policies.StoreKind.Cosmos));
    }

    /// <inheritdoc/>
    public void Dispose() => cosmos.Dispose();

    /// <summary>Whether the company stands there, whole.</summary>
    public async Task<bool> IsSeededAsync(CancellationToken cancel)
    {
        if (!await blobs.GetBlobContainerClient("pipeline").GetBlobClient(Marker).ExistsAsync(cancel))
        {
            return false;
        }

        using var database = await cosmos.GetDatabase(Marker).ReadStreamAsync(cancellationToken: cancel);
        return database.IsSuccessStatusCode;
    }

    /// <summary>
    /// Writes the company, then the markers: a run that was cut off seeds again, over what it wrote. Returns the records
    /// written.
    /// </summary>
    public async Task<int> SeedAsync(SampleSize size, CancellationToken cancel)
    {
        foreach (var table in SampleCompany.Tables)
        {
            await tables.GetTableClient(table).CreateIfNotExistsAsync(cancel);
        }

        foreach (var container in SampleCompany.Containers)
        {
            await CreateAsync(container, cancel);
        }

        // The company is made as it is written; only the entities, the smaller part, are gathered into batches first.
        var entities = new List<SampleRecord>();
        await Parallel.ForEachAsync(Items(size, entities), AtOnce(ItemsAtOnce, cancel), SeedItemAsync);
        await Parallel.ForEachAsync(
            entities.GroupBy(entity => (entity.Container, entity.Key.Partition)), AtOnce(TablesAtOnce, cancel), SeedEntitiesAsync);
        await SeedFilesAsync(size, cancel);
        await cosmos.CreateDatabaseIfNotExistsAsync(Marker, cancellationToken: cancel);
        await blobs.GetBlobContainerClient("pipeline").GetBlobClient(Marker)
            .UploadAsync(BinaryData.FromString($"{size.Seed} {size.Now:O}"), overwrite: true, cancel);
        return written;
    }

    private static IEnumerable<SampleRecord> Items(SampleSize size, List<SampleRecord> entities)
    {
        foreach (var record in new SampleCompany(size).Everything())
        {
            if (record.IsItem)
            {
                yield return record;
            }
            else
            {
                entities.Add(record);
            }
        }
    }

    private async Task CreateAsync(SampleContainer container, CancellationToken cancel)
    {
        var (owner, name) = PlaceOf(container.Name);
        Database database = await cosmos.CreateDatabaseIfNotExistsAsync(owner, cancellationToken: cancel);
        var properties = new ContainerProperties(name, [.. container.Keys.Select(key => "/" + key)]) { DefaultTimeToLive = container.DefaultTtl };
        if (container.Indexing is SampleIndexing.Off)
        {
            properties.IndexingPolicy = CosmosSdk.NoIndex;
        }

        await database.CreateContainerIfNotExistsAsync(properties, cancellationToken: cancel);
    }

    private async ValueTask SeedItemAsync(SampleRecord item, CancellationToken cancel)
    {
        var (database, name) = PlaceOf(item.Container);
        var key = new PartitionKeyBuilder();
        foreach (var level in JsonSerializer.Deserialize<string[]>(item.Key.Partition)!)
        {
            key.Add(level);
        }

        using var body = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(item.Fields));
        using var answer = await cosmos.GetContainer(database, name).UpsertItemStreamAsync(body, key.Build(), cancellationToken: cancel);
        answer.EnsureSuccessStatusCode();
        Interlocked.Increment(ref written);
    }

    private async ValueTask SeedEntitiesAsync(IGrouping<(string Table, string Partition), SampleRecord> group, CancellationToken cancel)
    {
        var client = tables.GetTableClient(group.Key.Table);
        foreach (var chunk in group.Chunk(100))
        {
            await client.SubmitTransactionAsync(
                chunk.Select(entity => new TableTransactionAction(TableTransactionActionType.UpsertReplace, ToEntity(entity))), cancel);
            Interlocked.Add(ref written, chunk.Length);
        }
    }

    private async Task SeedFilesAsync(SampleSize size, CancellationToken cancel)
    {
        foreach (var container in new[] { "logs", "reports" })
        {
            await blobs.GetBlobContainerClient(container).CreateIfNotExistsAsync(cancellationToken: cancel);
        }

        foreach (var file in new SampleFiles(size).Files())
        {
            var options = new BlobUploadOptions { Metadata = file.Metadata.ToDictionary() };
            await blobs.GetBlobContainerClient(file.Container).GetBlobClient(file.Name)
                .UploadAsync(BinaryData.FromBytes(file.Content), options, cancel);
        }
    }

    private static (string Database, string Container) PlaceOf(string name) =>
        name.Split('/') is [var database, var container] ? (database, container) : throw new ArgumentException($"'{name}' is no container.");

    private static TableEntity ToEntity(SampleRecord entity)
    {
        var made = new TableEntity(entity.Key.Partition, entity.Key.Id);
        foreach (var (name, value) in entity.Fields)
        {
            made[name] = value;
        }

        return made;
    }

    private static ParallelOptions AtOnce(int most, CancellationToken cancel) =>
        new() { MaxDegreeOfParallelism = most, CancellationToken = cancel };
}
