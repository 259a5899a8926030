using RetentionPipeline.Adapters.ServiceBus;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>Whether an address can be one. Nothing is connected; what is wrong is told without quoting it.</summary>
public static class AddressForms
{
    /// <summary>Null if it can be the connection string of a storage account, else what it must be.</summary>
    public static string? WrongWithStorage(string connectionString) => Try(
        () => (DeployedPorts.BlobService(connectionString, retries: 0), DeployedPorts.TableService(connectionString, retries: 0)),
        "is no connection string of a storage account (AccountName=…;AccountKey=…;…).");

    /// <summary>Null if it can be the connection string of a Service Bus, else what it must be.</summary>
    public static string? WrongWithBus(string connectionString) => Try(
        () => new ServiceBusWorkQueue(connectionString),
        "is no connection string of a Service Bus (Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…).");

    /// <summary>Null if it can be the connection string of a Cosmos DB account, else what it must be.</summary>
    public static string? WrongWithCosmos(string connectionString) => Try(
        () => DeployedPorts.CosmosStore(connectionString),
        "is no connection string of a Cosmos DB account (AccountEndpoint=…;AccountKey=…;).");

    /// <summary>Null if it can be the URL of an account, else what it must be.</summary>
    public static string? WrongWithUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme == Uri.UriSchemeHttps && parsed.Query.Length == 0
            ? null
            : "is no https URL of an account.";

    /// <summary>Null if it can be the name of a Service Bus namespace, else what it must be.</summary>
    public static string? WrongWithNamespace(string name) =>
        Uri.CheckHostName(name) is UriHostNameType.Dns && name.Contains('.', StringComparison.Ordinal)
            ? null
            : "is no namespace such as name.servicebus.windows.net.";

    private static string? Try(Func<object> open, string wrong)
    {
        try
        {
            (open() as IDisposable)?.Dispose();
            return null;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or DeploymentException or InvalidOperationException)
        {
            return wrong;
        }
    }
}
