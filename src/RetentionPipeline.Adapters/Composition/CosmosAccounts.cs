using Azure.Core;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>
/// The Cosmos DB accounts of a deployment by store: one object for each, so that what each store spends is told apart.
/// </summary>
public sealed class CosmosAccounts : IDisposable
{
    private readonly Dictionary<string, CosmosAccount> accounts;

    /// <summary>Opens them; nothing is sent yet. Throws <see cref="DeploymentException"/> for an address that is none.</summary>
    public CosmosAccounts(IReadOnlyDictionary<string, StoreAddress> addresses, TokenCredential credential) => accounts = addresses
        .Where(pair => pair.Value.Kind is StoreKind.Cosmos)
        .ToDictionary(pair => pair.Key, pair => DeployedPorts.CosmosStore(pair.Value.Address, credential));

    /// <summary>The account of a store; null if the store is of another kind.</summary>
    public CosmosAccount? Find(string store) => accounts.GetValueOrDefault(store);

    /// <summary>Throws <see cref="Core.Records.StoreUnavailableException"/> for the first that does not answer, or refuses.</summary>
    public async Task ReachAllAsync(CancellationToken cancel)
    {
        foreach (var (store, account) in accounts)
        {
            await account.ReachAsync(store, cancel);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var account in accounts.Values)
        {
            account.Dispose();
        }
    }
}
