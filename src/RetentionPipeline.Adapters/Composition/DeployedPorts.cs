using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Adapters.KeyVault;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Adapters.ServiceBus;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>Adds the ports of a deployment.</summary>
public static class DeployedPorts
{
    private const string Objects = "pipeline";
    private const string Rows = "pipeline";
    private const string AccountKey = "AccountKey=";

    /// <summary>
    /// Queues on one machine: the longest handling is short there, and a killed run's work comes back as soon.
    /// </summary>
    public static readonly QueueBehaviour OnOneMachine = QueueBehaviour.Default with { LockLength = TimeSpan.FromSeconds(20) };

    /// <summary>Adds the ports; nothing is connected before it is used.</summary>
    public static IServiceCollection AddDeployment(this IServiceCollection services, Deployment deployment)
    {
        var credential = CredentialOf(deployment);
        var blobs = BlobService(deployment.Account, 3, credential);
        var tables = TableService(deployment.AccountTables ?? deployment.Account, 0, credential);
        var containers = LedgerContainers.In(BlobService(deployment.Ledger ?? deployment.Account, 3, credential));
        var ledger = new BlobLedger(containers);
        var accounts = new CosmosAccounts(deployment.Stores, credential);
        return services
            .AddSingleton(deployment)
            .AddSingleton<IObjectStore>(new BlobObjectStore(blobs.GetBlobContainerClient(Objects)))
            .AddSingleton<IRowStore>(new TableRowStore(tables.GetTableClient(Rows)))
            .AddSingleton(provider => OpenKeys(deployment.Keys, provider.GetRequiredService<TimeProvider>(), credential))
            .AddSingleton(provider => OpenQueue(deployment, credential, provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(_ => accounts).AddSingleton<IRecordStores>(new DeployedStores(deployment.Stores, accounts, credential))
            .AddSingleton<ILaneStore>(ledger).AddSingleton<ICommitJournal>(ledger).AddSingleton<ITileStore>(ledger)
            .AddSingleton<ICheckpointStore>(ledger)
            .AddSingleton<ILedgerLocks>(_ => new BlobLedgerLocks(containers, AccountOf(deployment.LedgerResource, credential)))
            .AddSingleton<ISigningKeys>(_ => new VaultSigningKeys(credential)).AddSingleton<LedgerDoctor>().AddAnchors(deployment.Anchors ?? [])
            .AddSingleton<ILedgerLease>(provider => new BlobLease(containers.Edge, provider.GetRequiredService<TimeProvider>()))
            .AddRetentionPipeline(deployment.Settings);
    }

    /// <summary>Makes the pipeline's own containers and table where they are missing.</summary>
    public static async Task CreateOwnStoresAsync(Deployment deployment, CancellationToken cancel)
    {
        var credential = CredentialOf(deployment);
        await BlobService(deployment.Account, 3, credential).GetBlobContainerClient(Objects).CreateIfNotExistsAsync(cancellationToken: cancel);
        await LedgerContainers.In(BlobService(deployment.Ledger ?? deployment.Account, 3, credential)).CreateAsync(cancel);
        await TableService(deployment.AccountTables ?? deployment.Account, 3, credential).GetTableClient(Rows).CreateIfNotExistsAsync(cancel);
    }

    /// <summary>The clients of a blob store.</summary>
    public static BlobClients BlobStore(string address, TokenCredential? credential = null)
    {
        var count = new RequestCount();
        return new BlobClients(BlobService(address, 3, credential, count), BlobService(address, 0, credential, count), count);
    }

    /// <summary>The clients of a table store.</summary>
    public static TableClients TableStore(string address, TokenCredential? credential = null)
    {
        var count = new RequestCount();
        return new TableClients(TableService(address, 3, credential, count), TableService(address, 0, credential, count), count);
    }

    /// <summary>
    /// The account of a Cosmos DB store. Throws <see cref="DeploymentException"/> if the address is neither a connection string
    /// nor a URL.
    /// </summary>
    public static CosmosAccount CosmosStore(string address, TokenCredential? credential = null)
    {
        try
        {
            // The SDK looks at a key when it signs with it.
            _ = address.Split(';').Where(part => part.StartsWith(AccountKey, StringComparison.OrdinalIgnoreCase))
                .Select(part => Convert.FromBase64String(part[AccountKey.Length..])).ToList();
            return IsUrl(address) ? CosmosAccount.Open(new Uri(address), credential ?? new DefaultAzureCredential()) : CosmosAccount.Open(address);
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException)
        {
            // The SDK's text may quote the key.
            throw new DeploymentException(
                "The address of a Cosmos DB account is neither a connection string (AccountEndpoint=…;AccountKey=…;) nor an https URL.");
        }
    }

    /// <summary>A client of a blob account.</summary>
    public static BlobServiceClient BlobService(
        string address, int retries, TokenCredential? credential = null, RequestCount? count = null)
    {
        var options = new BlobClientOptions();
        Configure(options, retries, count);
        return IsUrl(address)
            ? new BlobServiceClient(new Uri(address), credential ?? new DefaultAzureCredential(), options)
            : new BlobServiceClient(address, options);
    }

    /// <summary>A client of a table account.</summary>
    public static TableServiceClient TableService(
        string address, int retries, TokenCredential? credential = null, RequestCount? count = null)
    {
        var options = new TableClientOptions();
        Configure(options, retries, count);
        return IsUrl(address)
            ? new TableServiceClient(new Uri(address), credential ?? new DefaultAzureCredential(), options)
            : new TableServiceClient(address, options);
    }

    /// <summary>The keys: a vault by its https address, or else a folder.</summary>
    public static ISecretStore OpenKeys(string address, TimeProvider time, TokenCredential? credential = null) => IsUrl(address)
        ? new VaultSecretStore(new Uri(address), credential ?? new DefaultAzureCredential(), time)
        : new FileSecretStore(address);

    private static DefaultAzureCredential CredentialOf(Deployment deployment) => deployment.Identity is { } client
        ? new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = client })
        : new DefaultAzureCredential();

    private static IWorkQueue OpenQueue(Deployment deployment, TokenCredential credential, TimeProvider time)
    {
        var queue = OpenQueue(deployment.Queue, credential, time);
        return deployment.Queues is { Count: > 0 } names ? new RenamedQueue(queue, names) : queue;
    }

    private static IWorkQueue OpenQueue(string address, TokenCredential credential, TimeProvider time)
    {
        if (Path.IsPathRooted(address) || address.EndsWith(".db", StringComparison.Ordinal))
        {
            return new SqliteWorkQueue(address, OnOneMachine, time);
        }

        try
        {
            return address.Contains('=', StringComparison.Ordinal)
                ? new ServiceBusWorkQueue(address)
                : new ServiceBusWorkQueue(address, credential);
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException)
        {
            // The SDK's text may quote the key.
            throw new DeploymentException(
                "The address of Service Bus is neither a connection string (Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…) "
                + "nor a namespace such as name.servicebus.windows.net.");
        }
    }

    private static ManagedAccount? AccountOf(string? resource, TokenCredential credential) =>
        resource is null ? null
        : Uri.TryCreate(resource, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
            ? new ManagedAccount(address, credential)
            : throw new DeploymentException("ledgerResource is not the https address of a storage account's resource.");

    private static bool IsUrl(string address) => address.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>No request is logged or traced by the SDK: its URLs hold keys.</summary>
    private static void Configure(ClientOptions options, int retries, RequestCount? count)
    {
        count?.CountIn(options);
        options.AddPolicy(new OneSend(), HttpPipelinePosition.PerCall);
        options.Retry.MaxRetries = retries;
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
    }

    private sealed class DeployedStores(
        IReadOnlyDictionary<string, StoreAddress> addresses, CosmosAccounts accounts, TokenCredential credential) : IRecordStores
    {
        private readonly Dictionary<string, IRecordStore> stores = addresses.ToDictionary(
            pair => pair.Key,
            pair => pair.Value.Kind switch
            {
                StoreKind.Table => new TableRecordStore(pair.Key, TableStore(pair.Value.Address, credential)),
                StoreKind.Blob => new BlobRecordStore(pair.Key, BlobStore(pair.Value.Address, credential)),
                _ => (IRecordStore)new CosmosRecordStore(pair.Key, accounts.Find(pair.Key)!),
            });

        public IRecordStore Get(string store) => stores.TryGetValue(store, out var found)
            ? found
            : throw new StoreUnavailableException(store, "the deployment names no address for it.");
    }
}
