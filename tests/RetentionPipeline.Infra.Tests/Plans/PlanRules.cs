using System.Text.RegularExpressions;
using Azure.Storage.Blobs;
using RetentionPipeline.Adapters.Blobs;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Infra.Tests.Plans;

/// <summary>The rules.</summary>
internal static partial class PlanRules
{
    private const string Accounts = "Microsoft.Storage/storageAccounts";
    private const string Queues = "Microsoft.ServiceBus/namespaces/queues";
    private const string Signing = "Microsoft.KeyVault/vaults/kv-rp-*/keys/ledger";
    private const string Site = "Microsoft.Web/sites/func-retention-*";

    public static IReadOnlyList<PlanRule> All { get; } =
    [
        new("Nobody has a key", NoKeys,
            new(new("modules/account.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
                EachAccount("allowSharedKeyAccess")),
            new Planted(new("modules/bus.bicep", "disableLocalAuth: true", "disableLocalAuth: false"),
                "Microsoft.ServiceBus/namespaces/sb-retention-*: properties.disableLocalAuth is false, not true"),
            new Planted(new("main.bicep", "Retention__origin: origin", "Retention__origin: origin\n        AzureWebJobsStorage: 'AccountKey=abc;'"),
                "The setting AzureWebJobsStorage holds what looks like a key."),
            new Planted(new("modules/app.bicep", "name: 'scm'\n    properties: { allow: false }", "name: 'scm'\n    properties: { allow: true }"),
                $"{Site}/basicPublishingCredentialsPolicies/scm: properties.allow is true, not false"),
            new Planted(new("modules/app.bicep", "output name string = app.name", "#disable-next-line outputs-should-not-contain-secrets\noutput name string = app.listkeys('2024-04-01').x"),
                "The template asks for keys: listkeys."),
            new Planted(new("modules/bus.bicep", "module own", "resource rule 'Microsoft.ServiceBus/namespaces/authorizationRules@2024-01-01' = {\n  parent: bus\n  name: 'all'\n  properties: { rights: ['Listen'] }\n}\n\nmodule own"),
                "Microsoft.ServiceBus/namespaces/sb-retention-*/AuthorizationRules/all: gives a key.")),
        new("The queues are those of the code and of the policy's sources", QueuesOfPolicy,
            new(new("main.bicep", "var slicesQueue = 'slices'", "var slicesQueue = 'slice'"), "The queue slices is missing.", "Nobody uses the queue slice."),
            new Planted(new("modules/bus.bicep", "'replies-${source.name}'", "'answers-${source.name}'"),
                [.. BicepSession.Principals.Keys.SelectMany(name => new[] { $"The queue replies-{name} is missing.", $"Nobody uses the queue answers-{name}." })]),
            new Planted(new("main.bicepparam", "name: 'consent'", "name: 'cookies'"),
                "The queue requests-consent is missing.", "Nobody uses the queue requests-cookies.", "The queue replies-consent is missing.", "Nobody uses the queue replies-cookies.")),
        new("Each queue behaves as the code expects", Behaviour,
            new(new("modules/queue.bicep", "lockDuration: 'PT1M'", "lockDuration: 'PT5M'"), Each("lockDuration", "PT5M", "PT1M")),
            new Planted(new("modules/queue.bicep", "maxDeliveryCount: 10", "maxDeliveryCount: 9"), Each("maxDeliveryCount", "9", "10")),
            new Planted(new("modules/queue.bicep", "requiresDuplicateDetection: true", "requiresDuplicateDetection: false"), Each("requiresDuplicateDetection", "false", "true")),
            new Planted(new("modules/queue.bicep", "defaultMessageTimeToLive: 'P14D'", "defaultMessageTimeToLive: 'P1D'"), Each("defaultMessageTimeToLive", "P1D", "P14D"))),
        new("Storage is closed to the world, and the ledger has an account of its own", Storage,
            new(new("modules/account.bicep", "allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
                EachAccount("allowBlobPublicAccess")),
            new Planted(new("main.bicep", "LedgerStorage__blobServiceUri: ledger.outputs.blobs", "LedgerStorage__blobServiceUri: work.outputs.blobs"),
                "The setting LedgerStorage__blobServiceUri comes from work, not from ledger."),
            new Planted(new("main.bicep", "'ledger-wal', ", ""), "The container ledger-wal of the ledger is missing."),
            new Planted(new("modules/account.bicep", "deleteRetentionPolicy: { enabled: false }", "deleteRetentionPolicy: { enabled: true, days: 7 }"),
                $"{Accounts}/strpwork*/blobServices/default: properties.deleteRetentionPolicy.enabled is true, not false")),
        new("The vault is ruled by roles and destroys nothing early", Vault,
            new(new("modules/vault.bicep", "enablePurgeProtection: true", "enablePurgeProtection: null"),
                "Microsoft.KeyVault/vaults/kv-rp-*: properties.enablePurgeProtection is missing, not true"),
            new Planted(new("modules/vault.bicep", "enableRbacAuthorization: true", "enableRbacAuthorization: false"),
                "Microsoft.KeyVault/vaults/kv-rp-*: properties.enableRbacAuthorization is false, not true")),
        new("The ledger is signed by a P-256 key that cannot leave the vault too", SigningKey,
            new(new("modules/vault.bicep", "exportable: false", "exportable: true"), $"{Signing}: properties.attributes.exportable is true, not false"),
            new Planted(new("modules/vault.bicep", "curveName: 'P-256'", "curveName: 'P-384'"), $"{Signing}: properties.curveName is P-384, not P-256"),
            new Planted(new("modules/vault.bicep", "      'verify'\n", "      'verify'\n      'decrypt'\n"), "The key of the ledger is for sign, verify, decrypt."),
            new Planted(new("main.bicep", "join(concat(signers, [keys.outputs.signingKey]), '; ')", "join(signers, '; ')"),
                "The setting Retention__signers does not name the vault's key.")),
        new("The app runs on Flex Consumption as its own identity", App,
            new(new("modules/app.bicep", "type: 'UserAssignedIdentity'", "type: 'SystemAssignedIdentity'"),
                $"{Site}: properties.functionAppConfig.deployment.storage.authentication.type is SystemAssignedIdentity, not UserAssignedIdentity"),
            new Planted(new("modules/app.bicep", "version: '10.0'", "version: '8.0'"),
                $"{Site}: properties.functionAppConfig.runtime.version is 8.0, not 10.0"),
            new Planted(new("main.bicep", "serviceName: 'app'", "serviceName: 'web'"), "azure.yaml has no service web.")),
        new("Each store of the policy has its setting", Stores,
            new(new("main.bicepparam", "name: 'crm', kind: 'table'", "name: 'crm', kind: 'blob'"),
                "The store crm has no setting Stores__crm__tableServiceUri.", "The setting Stores__crm__blobServiceUri is for no store."),
            new Planted(new("main.bicepparam", "  { name: 'files', kind: 'blob', account: 'contosooutdoorfiles' }\n", ""),
                "The store files has no setting Stores__files__blobServiceUri.")),
    ];

    /// <summary>The sample company's policy, whose deployment main.bicepparam describes.</summary>
    public static Policy Policy { get; } =
        PolicyDocument.Load(File.ReadAllText(Path.Combine(InfraFolder.Root, "samples", "policies", "contoso-outdoor.yaml")), "sample").Policy!;

    private static string[] EachAccount(string property) =>
        [.. new[] { "work", "ledger", "host" }.Select(name => $"{Accounts}/strp{name}*: properties.{property} is true, not false")];

    private static string[] Each(string property, string found, string wanted) =>
        [.. WantedQueues().Select(queue => $"{Queues.Replace("/queues", "/sb-retention-*/queues", StringComparison.Ordinal)}/{queue}: properties.{property} is {found}, not {wanted}")];

    private static IEnumerable<string> WantedQueues() => new[] { QueueNames.Slices, QueueNames.Operations }
        .Concat(BicepSession.Principals.Keys.Select(QueueNames.RequestsOf)).Concat(BicepSession.Principals.Keys.Select(QueueNames.RepliesOf));

    private static IEnumerable<string> NoKeys(Plan plan) => plan.OfType(Accounts).SelectMany(account => account.Differences(("properties.allowSharedKeyAccess", "false")))
        .Concat(plan.OfType("Microsoft.ServiceBus/namespaces").SelectMany(bus => bus.Differences(("properties.disableLocalAuth", "true"))))
        .Concat(plan.OfType("Microsoft.Web/sites/basicPublishingCredentialsPolicies").SelectMany(policy => policy.Differences(("properties.allow", "false"))))
        .Concat(plan.Settings.Where(setting => Secret().IsMatch(setting.Value)).Select(setting => $"The setting {setting.Key} holds what looks like a key."))
        .Concat(KeyCall().Matches(plan.Template).Select(match => $"The template asks for keys: {match.Value}."))
        .Concat(plan.Resources.Where(resource => resource.Type.EndsWith("/authorizationRules", StringComparison.OrdinalIgnoreCase)).Select(rule => $"{rule.Place}: gives a key."));

    private static IEnumerable<string> QueuesOfPolicy(Plan plan)
    {
        string[] wanted = [QueueNames.Slices, QueueNames.Operations, .. Policy.Sources.Keys.SelectMany(source => new[] { QueueNames.RequestsOf(source), QueueNames.RepliesOf(source) })];
        var made = plan.OfType(Queues).Select(queue => queue.Place[(queue.Place.LastIndexOf('/') + 1)..]).ToList();
        return wanted.Except(made).Select(queue => $"The queue {queue} is missing.").Concat(made.Except(wanted).Select(queue => $"Nobody uses the queue {queue}."));
    }

    private static IEnumerable<string> Behaviour(Plan plan)
    {
        var behaviour = QueueBehaviour.Default;
        return plan.OfType(Queues).SelectMany(queue => queue.Differences(
            ("properties.lockDuration", System.Xml.XmlConvert.ToString(behaviour.LockLength)),
            ("properties.duplicateDetectionHistoryTimeWindow", System.Xml.XmlConvert.ToString(behaviour.DuplicateWindow)),
            ("properties.requiresDuplicateDetection", "true"),
            ("properties.maxDeliveryCount", $"{behaviour.MaxDeliveries}"),
            ("properties.defaultMessageTimeToLive", "P14D"),
            ("properties.deadLetteringOnMessageExpiration", "true")));
    }

    private static IEnumerable<string> Storage(Plan plan)
    {
        var ledger = LedgerContainers.In(new BlobServiceClient("UseDevelopmentStorage=true"));
        return plan.OfType(Accounts).SelectMany(account => account.Differences(
                ("properties.allowBlobPublicAccess", "false"), ("properties.supportsHttpsTrafficOnly", "true"), ("properties.minimumTlsVersion", "TLS1_2")))
            .Concat(plan.OfType($"{Accounts}/blobServices").Where(service => service.Place.Contains("/strpwork", StringComparison.Ordinal))
                .SelectMany(service => service.Differences(("properties.deleteRetentionPolicy.enabled", "false"), ("properties.isVersioningEnabled", "false"))))
            .Concat(new[] { ledger.Wal.Name, ledger.Log.Name, ledger.Edge.Name }
                .Where(name => !plan.Resources.Any(resource => resource.Place == $"{Accounts}/strpledger*/blobServices/default/containers/{name}"))
                .Select(name => $"The container {name} of the ledger is missing."))
            .Concat(new[] { ("LedgerStorage__blobServiceUri", "ledger"), ("WorkStorage__blobServiceUri", "work"), ("WorkStorage__tableServiceUri", "work"), ("AzureWebJobsStorage__accountName", "host") }
                .Select(wanted => (Setting: wanted.Item1, From: ModuleName().Match(plan.Settings[wanted.Item1]).Groups[1].Value, Wanted: wanted.Item2))
                .Where(setting => setting.From != setting.Wanted)
                .Select(setting => $"The setting {setting.Setting} comes from {setting.From}, not from {setting.Wanted}."));
    }

    private static IEnumerable<string> Vault(Plan plan) => plan.Single("Microsoft.KeyVault/vaults").Differences(
        ("properties.enableRbacAuthorization", "true"), ("properties.enablePurgeProtection", "true"), ("properties.enableSoftDelete", "true"));

    private static IEnumerable<string> SigningKey(Plan plan)
    {
        var key = plan.Single("Microsoft.KeyVault/vaults/keys");
        var uses = key.Properties["keyOps"]!.AsArray().Select(use => (string)use!).ToList();
        return key.Differences(("properties.kty", "EC"), ("properties.curveName", "P-256"), ("properties.attributes.exportable", "false"))
            .Concat(uses is ["sign", "verify"] ? [] : [$"The key of the ledger is for {string.Join(", ", uses)}."])
            .Concat(plan.Settings["Retention__signers"].Contains("signingKey", StringComparison.Ordinal) ? [] : ["The setting Retention__signers does not name the vault's key."]);
    }

    private static IEnumerable<string> App(Plan plan)
    {
        var site = plan.Single("Microsoft.Web/sites");
        var service = site.Value("tags", "azd-service-name");
        var isNamed = Regex.IsMatch(File.ReadAllText(Path.Combine(InfraFolder.Root, "azure.yaml")), $"^services:\n  {service}:\n", RegexOptions.Multiline);
        return plan.Single("Microsoft.Web/serverfarms").Differences(("sku.name", "FC1"))
            .Concat(site.Differences(
                ("identity.type", "UserAssigned"), ("properties.httpsOnly", "true"),
                ("properties.functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity"),
                ("properties.functionAppConfig.runtime.name", "dotnet-isolated"), ("properties.functionAppConfig.runtime.version", "10.0")))
            .Concat(isNamed ? [] : [$"azure.yaml has no service {service}."]);
    }

    private static IEnumerable<string> Stores(Plan plan)
    {
        var wanted = Policy.Stores.ToDictionary(store => $"Stores__{store.Key.Replace('-', '_')}__{AddressOf(store.Value.Kind)}", store => store.Key);
        var made = plan.Settings.Keys.Where(setting => setting.StartsWith("Stores__", StringComparison.Ordinal)).ToList();
        return wanted.Where(setting => !made.Contains(setting.Key)).Select(setting => $"The store {setting.Value} has no setting {setting.Key}.")
            .Concat(made.Where(setting => !wanted.ContainsKey(setting)).Select(setting => $"The setting {setting} is for no store."));
    }

    private static string AddressOf(StoreKind kind) => kind switch
    {
        StoreKind.Table => "tableServiceUri",
        StoreKind.Blob => "blobServiceUri",
        _ => "accountEndpoint",
    };

    [GeneratedRegex("""AccountKey=|SharedAccess|sig=|Endpoint=sb:|Password=|[A-Za-z0-9+/]{40,}={0,2}$""")]
    private static partial Regex Secret();

    [GeneratedRegex("""\blist(?:Account|Service)?(?:Keys|Secrets|Sas|ConnectionStrings)\b""", RegexOptions.IgnoreCase)]
    private static partial Regex KeyCall();

    [GeneratedRegex("""format\('(\w+)-\{0\}'""")]
    private static partial Regex ModuleName();
}
