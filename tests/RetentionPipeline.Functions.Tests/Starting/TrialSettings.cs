namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>Settings that the app takes; nothing answers at their addresses.</summary>
internal static class TrialSettings
{
    private const string Key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
    private const string Storage = $"DefaultEndpointsProtocol=http;AccountName=far;AccountKey={Key};BlobEndpoint=http://127.0.0.1:9/far;TableEndpoint=http://127.0.0.1:9/far;";
    private const string Every = "0 0 0 1 1 *";

    /// <summary>Each setting that must be there, as connection strings.</summary>
    public static IReadOnlyDictionary<string, string> Needed { get; } = new Dictionary<string, string>
    {
        ["ServiceBus"] = $"Endpoint=sb://localhost:9;SharedAccessKeyName=Root;SharedAccessKey={Key};UseDevelopmentEmulator=true;",
        ["WorkStorage"] = Storage,
        ["LedgerStorage"] = Storage,
        ["Stores__crm"] = Storage,
        ["Stores__shop"] = $"AccountEndpoint=http://127.0.0.1:9/;AccountKey={Key};",
        ["Stores__logs"] = Storage,
        ["Stores__files"] = Storage,
        ["Keys__folder"] = Path.Combine(AppContext.BaseDirectory, "keys"),
        ["Retention__origin"] = "retention.local/ledger",
        ["Retention__policy"] = "contoso-outdoor.yaml",
        ["Retention_scanSchedule"] = Every,
        ["Retention_pumpSchedule"] = Every,
        ["Retention_integrateSchedule"] = Every,
        ["Retention_reconcileSchedule"] = Every,
        ["Retention_tidySchedule"] = Every,
        ["Retention_freshnessSchedule"] = Every,
    };

    /// <summary>The same as an identity.</summary>
    public static IReadOnlyDictionary<string, string> AsIdentity { get; } = new Dictionary<string, string>(
        Needed.Where(setting => setting.Key.StartsWith("Retention_", StringComparison.Ordinal)))
    {
        ["ServiceBus__fullyQualifiedNamespace"] = "far.servicebus.windows.net",
        ["ServiceBus__credential"] = "managedidentity",
        ["ServiceBus__clientId"] = "6c9ad8f1-4f22-4a6a-b6a0-0a8c6a5bb7a1",
        ["WorkStorage__blobServiceUri"] = "https://127.0.0.1:9/",
        ["WorkStorage__tableServiceUri"] = "https://127.0.0.1:9/",
        ["LedgerStorage__blobServiceUri"] = "https://127.0.0.1:9/",
        ["Stores__crm__tableServiceUri"] = "https://127.0.0.1:9/",
        ["Stores__shop__accountEndpoint"] = "https://127.0.0.1:9/",
        ["Stores__logs__blobServiceUri"] = "https://127.0.0.1:9/",
        ["Stores__files__blobServiceUri"] = "https://127.0.0.1:9/",
        ["Keys__vaultUri"] = "https://127.0.0.1:9/",
    };

    /// <summary>What each setting with a form must not be; those of the other form of connections and those with a default too.</summary>
    public static IReadOnlyDictionary<string, string> Malformed { get; } = new Dictionary<string, string>
    {
        ["ServiceBus"] = "Endpoint=mine;Key=oh-no!",
        ["WorkStorage"] = "oh-no!",
        ["LedgerStorage"] = "AccountName=far;AccountKey=oh-no!",
        ["Stores__crm"] = "oh-no!",
        ["Stores__shop"] = "AccountEndpoint=http://127.0.0.1:9/;AccountKey=oh-no!;",
        ["Stores__logs"] = "oh-no!",
        ["Stores__files"] = "oh-no!",
        ["Keys__folder"] = "keys",
        ["Retention__policy"] = "none.yaml",
        ["Retention__times"] = "oh-no!",
        ["Retention__requestWindows"] = "oh-no!",
        ["Retention__signers"] = "oh-no!",
        ["Retention__timeStamps"] = "oh-no!",
        ["Retention__witnesses"] = "oh-no!",
        ["Retention_scanSchedule"] = "oh-no!",
        ["Retention_pumpSchedule"] = "0 * * * *",
        ["Retention_integrateSchedule"] = "0 61 * * * *",
        ["Retention_reconcileSchedule"] = "oh-no!",
        ["Retention_tidySchedule"] = "* * * * * * *",
        ["Retention_freshnessSchedule"] = "00:01:00",
        ["Retention_slicesQueue"] = "oh no!",
        ["Retention_operationsQueue"] = "oh/no!",
        ["Retention__slicesAtOnce"] = "0",
        ["Retention__operationsAtOnce"] = "oh-no!",
        ["Retention__actsAtOnce"] = "1000",
        ["Retention__lateAfter"] = "oh-no!",
        ["Retention__pumpLimit"] = "20 minutes",
    };

    /// <summary>Likewise, for a deployment with an identity.</summary>
    public static IReadOnlyDictionary<string, string> MalformedIdentity { get; } = new Dictionary<string, string>
    {
        ["ServiceBus__fullyQualifiedNamespace"] = "oh-no!",
        ["ServiceBus__credential"] = "oh-no!",
        ["ServiceBus__clientId"] = "oh-no!",
        ["WorkStorage__blobServiceUri"] = "oh-no!",
        ["WorkStorage__tableServiceUri"] = "http://127.0.0.1:9/",
        ["LedgerStorage__blobServiceUri"] = "127.0.0.1",
        ["Stores__crm__tableServiceUri"] = "oh-no!",
        ["Stores__shop__accountEndpoint"] = "http://127.0.0.1:9/",
        ["Stores__logs__blobServiceUri"] = "oh-no!",
        ["Stores__files__blobServiceUri"] = "https://127.0.0.1:9/?sv=2026",
        ["Keys__vaultUri"] = "oh-no!",
    };

    /// <summary>The setting under a name that nobody reads: the one that it stood for is missing.</summary>
    public static Dictionary<string, string> Misspelt(IReadOnlyDictionary<string, string> settings, string name)
    {
        var changed = new Dictionary<string, string>(settings);
        changed.Remove(name, out var value);
        changed[name + "s"] = value!;
        return changed;
    }

    /// <summary>Without it.</summary>
    public static Dictionary<string, string> Without(IReadOnlyDictionary<string, string> settings, string name)
    {
        var changed = new Dictionary<string, string>(settings);
        changed.Remove(name);
        return changed;
    }

    /// <summary>With another value.</summary>
    public static Dictionary<string, string> With(IReadOnlyDictionary<string, string> settings, string name, string value) =>
        new(settings) { [name] = value };
}
