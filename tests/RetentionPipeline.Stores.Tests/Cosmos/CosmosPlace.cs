using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>A Cosmos DB account for tests, with the official SDK as its client.</summary>
internal abstract class CosmosPlace : IAsyncDisposable
{
    private readonly List<CosmosClient> clients = [];

    public abstract string ConnectionString { get; }

    /// <summary>The database of the tests.</summary>
    public abstract string Database { get; }

    public CosmosClient Client => clients is [var first, ..] ? first : NewClient();

    /// <summary>A client that knows nothing yet, and does not hide a 429 behind retries.</summary>
    public CosmosClient NewClient()
    {
        Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
        var client = new CosmosClient(ConnectionString, new CosmosClientOptions
        {
            ConnectionMode = ConnectionMode.Gateway,
            LimitToEndpoint = true,
            MaxRetryAttemptsOnRateLimitedRequests = 0,
            UseSystemTextJsonSerializerWithOptions = new JsonSerializerOptions(),
        });
        clients.Add(client);
        return client;
    }

    public Task<Container> NewContainerAsync(params string[] paths) =>
        NewContainerAsync(new ContainerProperties("things", [.. paths]));

    public async Task<Container> NewContainerAsync(ContainerProperties properties)
    {
        Database database = await Client.CreateDatabaseIfNotExistsAsync(Database);
        return await database.CreateContainerAsync(properties);
    }

    public virtual ValueTask DisposeAsync()
    {
        clients.ForEach(client => client.Dispose());
        return ValueTask.CompletedTask;
    }
}
