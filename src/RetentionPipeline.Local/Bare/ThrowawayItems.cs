using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Bare;

/// <summary>Items of two containers, twenty a partition key: of eight, three without an index and five with, as the sample's.</summary>
internal sealed class ThrowawayItems(CosmosClient client, TimeProvider time) : IThrowaways
{
    private const string Name = "bare-deletes";
    private const int OfPartition = 20;
    private const int AtOnce = 32;
    private readonly Container plain = client.GetContainer(Name, "plain");
    private readonly Container indexed = client.GetContainer(Name, "indexed");
    private int made;

    public async Task OpenAsync(CancellationToken cancel)
    {
        Database database = await client.CreateDatabaseIfNotExistsAsync(Name, cancellationToken: cancel);
        await database.CreateContainerIfNotExistsAsync(new ContainerProperties(indexed.Id, "/customerId"), cancellationToken: cancel);
        await database.CreateContainerIfNotExistsAsync(
            new ContainerProperties(plain.Id, "/customerId") { IndexingPolicy = CosmosSdk.NoIndex }, cancellationToken: cancel);
    }

    public async Task<IReadOnlyList<Func<CancellationToken, Task>>> MakeAsync(int count, CancellationToken cancel)
    {
        var deletes = new Func<CancellationToken, Task>[count];
        var first = made;
        made += count;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
            async (number, token) => deletes[number] = await MakeOneAsync(first + number, token));
        return deletes;
    }

    public Task CloseAsync(CancellationToken cancel) => client.GetDatabase(Name).DeleteAsync(cancellationToken: cancel);

    private async Task<Func<CancellationToken, Task>> MakeOneAsync(int number, CancellationToken cancel)
    {
        var container = number % 8 < 3 ? plain : indexed;
        var (id, customer) = ($"nobodys-{number:D8}", $"nobodys-c{number / OfPartition:D6}");
        using var body = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["id"] = id,
            ["customerId"] = customer,
            ["seenAt"] = SampleValues.Text(time.GetUtcNow()),
            ["ip"] = "203.0.113.7",
            ["url"] = "https://shop.example/item/123?who=nobodys-c000000",
            ["feature"] = "search",
        }));
        var key = new PartitionKey(customer);
        using var written = await container.CreateItemStreamAsync(body, key, cancellationToken: cancel);
        written.EnsureSuccessStatusCode();
        var options = new ItemRequestOptions { IfMatchEtag = written.Headers.ETag, EnableContentResponseOnWrite = false };
        return async token =>
        {
            using var deleted = await container.DeleteItemStreamAsync(id, key, options, token);
            deleted.EnsureSuccessStatusCode();
        };
    }
}
