using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Infra.Tests.Plans;

/// <summary>Who may do what: the whole list, so that nobody has a role that nobody thought of.</summary>
internal static class RoleRules
{
    private const string Assignments = "Microsoft.Authorization/roleAssignments";
    private const string Bus = "Microsoft.ServiceBus/namespaces/sb-retention-*";

    // As Azure names its built-in roles; the ids are public and the same everywhere.
    private static readonly IReadOnlyDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = "Azure Service Bus Data Sender",
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = "Azure Service Bus Data Receiver",
        ["090c5cfd-751d-490a-894a-3ce6f1109419"] = "Azure Service Bus Data Owner",
        ["12338af0-0e69-4776-bea7-57ae8d297424"] = "Key Vault Crypto User",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
    };

    public static IReadOnlyList<PlanRule> All { get; } =
    [
        new("Each identity has its roles and no other", plan => Compare(plan, Wanted(isWatched: false)),
            new(new("modules/bus.bicep", "sourceRoleId: roles.busSender", "sourceRoleId: roles.busReceiver"),
                [.. BicepSession.Principals.Keys.SelectMany(source => new[]
                {
                    $"{source} lacks Azure Service Bus Data Sender on {Bus}/queues/requests-{source}.",
                    $"{source} has Azure Service Bus Data Receiver on {Bus}/queues/requests-{source}.",
                })]),
            new Planted(new("modules/queue.bicep", "if (sourcePrincipalId != null) {\n  scope: queue", "if (sourcePrincipalId != null) {\n  scope: bus"),
                [.. BicepSession.Principals.Keys.SelectMany(source => new[]
                {
                    $"{source} lacks Azure Service Bus Data Sender on {Bus}/queues/requests-{source}.",
                    $"{source} lacks Azure Service Bus Data Receiver on {Bus}/queues/replies-{source}.",
                    $"{source} has Azure Service Bus Data Sender on {Bus}.",
                    $"{source} has Azure Service Bus Data Receiver on {Bus}.",
                })]),
            new Planted(new("main.bicepparam", "'CONSENT_PRINCIPAL_ID'", "'WEB_SHOP_PRINCIPAL_ID'"),
                $"consent lacks Azure Service Bus Data Sender on {Bus}/queues/requests-consent.",
                $"consent lacks Azure Service Bus Data Receiver on {Bus}/queues/replies-consent.",
                $"web-shop has Azure Service Bus Data Sender on {Bus}/queues/requests-consent.",
                $"web-shop has Azure Service Bus Data Receiver on {Bus}/queues/replies-consent."),
            new Planted(new("main.bicep", "roleIds: [roles.blobContributor]", "roleIds: [roles.blobOwner]"),
                "app lacks Storage Blob Data Contributor on Microsoft.Storage/storageAccounts/strpledger*.",
                "app has Storage Blob Data Owner on Microsoft.Storage/storageAccounts/strpledger*."),
            new Planted(new("modules/roles.bicep", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
                "app lacks Key Vault Secrets Officer on Microsoft.KeyVault/vaults/kv-rp-*.",
                "app has 00482a5a-887f-4fb3-b363-3b7fe8e74483 on Microsoft.KeyVault/vaults/kv-rp-*."),
            new Planted(new("modules/vault.bicep", "scope: signingKey", "scope: vault"),
                "app lacks Key Vault Crypto User on Microsoft.KeyVault/vaults/kv-rp-*/keys/ledger.",
                "app has Key Vault Crypto User on Microsoft.KeyVault/vaults/kv-rp-*.")),
    ];

    /// <summary>What is missing of the list, and what is besides.</summary>
    public static IEnumerable<string> Compare(Plan plan, IReadOnlyList<Grant> wanted)
    {
        var made = plan.OfType(Assignments).Select(GrantOf).ToList();
        return wanted.Except(made).Select(grant => $"{grant.Who} lacks {grant.Role} on {grant.Where}.")
            .Concat(made.Except(wanted).Select(grant => $"{grant.Who} has {grant.Role} on {grant.Where}."));
    }

    /// <summary>The list.</summary>
    public static IReadOnlyList<Grant> Wanted(bool isWatched) =>
    [
        new("app", "Storage Blob Data Contributor", "Microsoft.Storage/storageAccounts/strpwork*"),
        new("app", "Storage Table Data Contributor", "Microsoft.Storage/storageAccounts/strpwork*"),
        new("app", "Storage Blob Data Contributor", "Microsoft.Storage/storageAccounts/strpledger*"),
        new("app", "Storage Blob Data Owner", "Microsoft.Storage/storageAccounts/strphost*"),
        new("app", "Storage Table Data Contributor", "Microsoft.Storage/storageAccounts/strphost*"),
        new("app", "Key Vault Secrets Officer", "Microsoft.KeyVault/vaults/kv-rp-*"),
        new("app", "Key Vault Crypto User", "Microsoft.KeyVault/vaults/kv-rp-*/keys/ledger"),
        .. new[] { "slices", "operations" }.SelectMany(queue => new[] { "Sender", "Receiver" }.Concat(isWatched ? ["Owner"] : [])
            .Select(role => new Grant("app", $"Azure Service Bus Data {role}", $"{Bus}/queues/{queue}"))),
        .. PlanRules.Policy.Sources.Keys.SelectMany(source => new Grant[]
        {
            new(source, "Azure Service Bus Data Sender", $"{Bus}/queues/requests-{source}"),
            new("app", "Azure Service Bus Data Receiver", $"{Bus}/queues/requests-{source}"),
            new("app", "Azure Service Bus Data Sender", $"{Bus}/queues/replies-{source}"),
            new(source, "Azure Service Bus Data Receiver", $"{Bus}/queues/replies-{source}"),
        }),
    ];

    private static Grant GrantOf(PlannedResource assignment)
    {
        var who = assignment.Value("properties", "principalId")!;
        var source = BicepSession.Principals.FirstOrDefault(principal => principal.Value == who).Key;
        var isApp = who.StartsWith("[reference(", StringComparison.Ordinal) && who.Contains("/userAssignedIdentities/id-retention-", StringComparison.Ordinal);
        var role = assignment.Value("properties", "roleDefinitionId")!.Split('/')[^1];
        var end = assignment.Place.IndexOf("/providers/" + Assignments, StringComparison.Ordinal);
        return new Grant(
            source ?? (isApp ? "app" : who), Names.GetValueOrDefault(role, role),
            end < 0 ? "the resource group" : assignment.Place[..end]);
    }
}

/// <summary>One role of one identity in one place.</summary>
internal sealed record Grant(string Who, string Role, string Where);
