using Azure.Core;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// A Cosmos DB account. One client for reads and acts, so that a read-back sees the session in which the act was done. It
/// speaks HTTP (gateway mode): there each try can be seen, and one port suffices.
/// </summary>
public sealed class CosmosAccount : IDisposable
{
    private readonly Dictionary<string, CosmosContainer> containers = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly OneAttempt attempts;
    private readonly HttpClient http;
    private readonly CosmosClient client;
    private volatile string consistency = "unknown";

    private CosmosAccount(Func<CosmosClientOptions, CosmosClient> open)
    {
        // Where an account offers it the SDK goes through a proxy with a protocol of its own, in which tries cannot be seen.
        Environment.SetEnvironmentVariable("AZURE_COSMOS_THIN_CLIENT_ENABLED", "false");
        attempts = new OneAttempt(Units)
        {
            InnerHandler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) },
        };
        http = new HttpClient(attempts);
        client = open(new CosmosClientOptions
        {
            ConnectionMode = ConnectionMode.Gateway,
            HttpClientFactory = () => http,
            EnableContentResponseOnWrite = false,
        });
        if (client.Endpoint.IsLoopback)
        {
            // The SDK would ask the cloud's metadata address what machine this is, and wait for no answer.
            Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
        }
    }

    /// <summary>What the account's answers cost so far.</summary>
    public RequestUnits Units { get; } = new();

    /// <summary>The account's default consistency; "unknown" before its first answer.</summary>
    public string Consistency => consistency;

    internal CosmosClient Client => client;

    /// <summary>Opens an account by its connection string. Nothing is sent yet.</summary>
    public static CosmosAccount Open(string connectionString) => new(options => new CosmosClient(connectionString, options));

    /// <summary>Opens an account by its address, with an identity. Nothing is sent yet.</summary>
    public static CosmosAccount Open(Uri endpoint, TokenCredential credential) =>
        new(options => new CosmosClient(endpoint.AbsoluteUri, credential, options));

    /// <inheritdoc/>
    public void Dispose()
    {
        client.Dispose();
        http.Dispose();
        attempts.Dispose();
    }

    /// <summary>
    /// Asks the account who it is. Throws <see cref="StoreUnavailableException"/> if it does not answer, or refuses.
    /// </summary>
    public async Task ReachAsync(string store, CancellationToken cancel)
    {
        try
        {
            await RunAsync(CosmosOperation.Metadata, "", client.ReadAccountAsync);
        }
        catch (Exception failed) when (failed is CosmosException or HttpRequestException or NoAnswerException or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new StoreUnavailableException(
                store, failed is CosmosException { StatusCode: var status } ? $"its account answers with status {(int)status}." : "its account does not answer.");
        }
    }

    internal Task<T> RunAsync<T>(CosmosOperation operation, string container, Func<Task<T>> call) =>
        attempts.RunAsync(operation, container, call);

    /// <summary>
    /// The container with what stays the same all its life. Asked for once: a missing container is found here, not taken
    /// for a missing record later.
    /// </summary>
    /// <param name="name"><c>database/container</c>.</param>
    internal async Task<CosmosContainer> ContainerAsync(string name, CancellationToken cancel)
    {
        lock (gate)
        {
            if (containers.TryGetValue(name, out var known))
            {
                return known;
            }
        }

        var container = name.Split('/') is [var database, var id]
            ? client.GetContainer(database, id)
            : throw new ArgumentException($"'{name}' is not of the form database/container.", nameof(name));
        var properties = await RunAsync(CosmosOperation.Metadata, name, async () => (await container.ReadContainerAsync(cancellationToken: cancel)).Resource);
        var account = await RunAsync(CosmosOperation.Metadata, name, client.ReadAccountAsync);
        consistency = NameOf(account.Consistency.DefaultConsistencyLevel);
        var found = new CosmosContainer(container, properties.PartitionKeyPaths, properties.IndexingPolicy.IndexingMode == IndexingMode.None);
        lock (gate)
        {
            return containers[name] = found;
        }
    }

    private static string NameOf(ConsistencyLevel level) => level switch
    {
        ConsistencyLevel.Strong => "strong",
        ConsistencyLevel.BoundedStaleness => "bounded-staleness",
        ConsistencyLevel.Session => "session",
        ConsistencyLevel.ConsistentPrefix => "consistent-prefix",
        _ => "eventual",
    };
}

/// <summary>A container.</summary>
/// <param name="KeyPaths">Where the levels of the partition key lie, <c>/tenant</c>, <c>/a/b</c>.</param>
/// <param name="IndexingOff">Without an index a query by id looks at every record.</param>
internal sealed record CosmosContainer(Container Container, IReadOnlyList<string> KeyPaths, bool IndexingOff);
