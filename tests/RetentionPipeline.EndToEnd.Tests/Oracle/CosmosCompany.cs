using System.Text;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Local.Endpoints.Cosmos;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

/// <summary>The company's items in a Cosmos DB account on this machine, over HTTP and the official SDK.</summary>
internal sealed class CosmosCompany : IAsyncDisposable
{
    private const int Partitions = 4;
    private readonly CosmosClient client;

    private CosmosCompany(CosmosGateway gateway)
    {
        Gateway = gateway;
        client = new CosmosClient(gateway.ConnectionString, new CosmosClientOptions { ConnectionMode = ConnectionMode.Gateway, LimitToEndpoint = true });
        Account = CosmosAccount.Open(gateway.ConnectionString);
    }

    public CosmosGateway Gateway { get; }

    /// <summary>The pipeline's own, which counts what it costs.</summary>
    public CosmosAccount Account { get; }

    public static async Task<CosmosCompany> StartAsync()
    {
        Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
        return new(await CosmosGateway.StartAsync(CosmosGatewayOptions.Default with { Partitions = Partitions }, CancellationToken.None));
    }

    public async Task CreateAsync(SampleContainer container)
    {
        var place = container.Name.Split('/');
        Database database = await client.CreateDatabaseIfNotExistsAsync(place[0]);
        var properties = new ContainerProperties(place[1], [.. container.Keys.Select(key => "/" + key)]) { DefaultTimeToLive = container.DefaultTtl };
        if (container.Indexing is SampleIndexing.Off)
        {
            properties.IndexingPolicy = new IndexingPolicy { IndexingMode = IndexingMode.None, Automatic = false };
        }

        await database.CreateContainerAsync(properties);
    }

    public Task PutAsync(IEnumerable<SampleRecord> items) => Parallel.ForEachAsync(
        items, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, cancel) =>
        {
            var place = item.Container.Split('/');
            var key = new PartitionKeyBuilder();
            foreach (var level in JsonSerializer.Deserialize<string[]>(item.Key.Partition)!)
            {
                key.Add(level);
            }

            using var body = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(item.Fields));
            using var answer = await client.GetContainer(place[0], place[1]).CreateItemStreamAsync(body, key.Build(), cancellationToken: cancel);
            answer.EnsureSuccessStatusCode();
        });

    /// <summary>Splits a physical partition of a container in two.</summary>
    public Task SplitAsync(string container, string range) => SplitAsync(Gateway.Endpoint, container, range);

    /// <summary>The same by the account's address.</summary>
    public static async Task SplitAsync(Uri account, string container, string range)
    {
        var place = container.Split('/');
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(account, "_gateway/split"))
        {
            Content = new StringContent(JsonSerializer.Serialize(new { database = place[0], container = place[1], range }), Encoding.UTF8),
        };
        request.Headers.TryAddWithoutValidation("Authorization", "any");
        (await http.SendAsync(request)).EnsureSuccessStatusCode();
    }

    /// <summary>Each fifth call for items throttled, each hundredth unavailable, by chance, without end.</summary>
    public static void Trouble(CosmosGateway gateway)
    {
        gateway.Inject(new GatewayFault(GatewayFaultKind.Unavailable, int.MaxValue, TimeSpan.Zero, null, Percent: 1));
        gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, int.MaxValue, TimeSpan.FromMilliseconds(5), null, Percent: 20));
    }

    /// <summary>The pipeline's view of the account, as a store of that name.</summary>
    public IRecordStore StoreNamed(string name) => new CosmosRecordStore(name, Account);

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        Account.Dispose();
        await Gateway.DisposeAsync();
    }
}
