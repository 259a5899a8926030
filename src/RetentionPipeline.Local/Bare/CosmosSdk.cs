using Azure.Identity;
using Microsoft.Azure.Cosmos;

namespace RetentionPipeline.Local.Bare;

/// <summary>The official SDK of Cosmos DB as it comes, in gateway mode.</summary>
internal static class CosmosSdk
{
    /// <summary>No property is indexed.</summary>
    public static IndexingPolicy NoIndex => new() { IndexingMode = IndexingMode.None, Automatic = false };

    /// <param name="address">Connection string, or the account's https URL, which is used with an identity.</param>
    public static CosmosClient Open(string address)
    {
        // For a gateway on this machine the SDK would ask the cloud's metadata address where it runs, and wait.
        Environment.SetEnvironmentVariable("COSMOS_DISABLE_IMDS_ACCESS", "true");
        var options = new CosmosClientOptions
        {
            ConnectionMode = ConnectionMode.Gateway,
            EnableContentResponseOnWrite = false,
            GatewayModeMaxConnectionLimit = 128,
        };
        return address.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? new CosmosClient(address, new DefaultAzureCredential(), options)
            : new CosmosClient(address, options);
    }
}
