using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Functions.Settings;

/// <summary>A part of a connection that names where, for whoever connects as an identity.</summary>
/// <param name="Name">Last part of the setting's name.</param>
/// <param name="WrongWith">Null if a value can be one, else what it must be.</param>
internal sealed record ConnectionPart(string Name, Func<string, string?> WrongWith);

/// <summary>
/// Reads the settings of connections, by the names that Azure Functions itself uses: either one connection string, or the
/// addresses of the services, which are used with the app's identity.
/// </summary>
internal sealed class ConnectionReader(SettingsReader settings)
{
    private static readonly ConnectionPart Blobs = new("blobServiceUri", AddressForms.WrongWithUrl);
    private static readonly ConnectionPart Tables = new("tableServiceUri", AddressForms.WrongWithUrl);
    private static readonly ConnectionPart Account = new("accountEndpoint", AddressForms.WrongWithUrl);
    private static readonly ConnectionPart Namespace = new("fullyQualifiedNamespace", AddressForms.WrongWithNamespace);
    private readonly SortedSet<string> identities = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The one client id that sections name; null if none does. Two different ones are a problem.</summary>
    public string? Identity
    {
        get
        {
            if (identities.Count > 1)
            {
                settings.Refuse("clientId", "differs between sections. The app has one identity: name the same one everywhere, or set AZURE_CLIENT_ID alone.");
            }

            return identities.FirstOrDefault();
        }
    }

    /// <summary>The bus's address.</summary>
    public string ReadBus() => Read("ServiceBus", AddressForms.WrongWithBus, Namespace)[0];

    /// <summary>The addresses of blobs and tables, which are the same where it is a connection string.</summary>
    public (string Blobs, string? Tables) ReadWork() =>
        Read("WorkStorage", AddressForms.WrongWithStorage, Blobs, Tables) is [var blobs, var tables] ? (blobs, tables) : (Only("WorkStorage"), null);

    /// <summary>The ledger's account.</summary>
    public string ReadLedger() => Read("LedgerStorage", AddressForms.WrongWithStorage, Blobs)[0];

    /// <summary>The addresses of the policy's stores. A dash in a store's name is an underscore in the setting's.</summary>
    public IReadOnlyDictionary<string, StoreAddress> ReadStores(Policy policy) => policy.Stores.ToDictionary(
        store => store.Key,
        store => new StoreAddress(store.Value.Kind, ReadStore($"Stores__{store.Key.Replace('-', '_')}", store.Value.Kind)));

    /// <summary>
    /// The vault's URL, or the full path of the folder of keys. A folder beside the app is one machine's alone: on Azure it
    /// would go with the instance, and everything sealed would stay shut.
    /// </summary>
    public string ReadKeys(string folder, string times)
    {
        var vault = settings.Find("Keys__vaultUri");
        var keys = settings.Find("Keys__folder");
        ReadIdentity("Keys");
        if (vault is null == keys is null)
        {
            settings.Refuse("Keys__vaultUri", vault is null ? "is missing, and Keys__folder too. Set one." : "and Keys__folder are both set. Set one.");
        }
        else if (vault is not null && AddressForms.WrongWithUrl(vault) is { } wrong)
        {
            settings.Refuse("Keys__vaultUri", wrong);
        }
        else if (keys is not null && times != "local" && !Path.IsPathRooted(keys))
        {
            settings.Refuse("Keys__folder", "is no full path, and keys beside the app go with its instance. Set Keys__vaultUri, or name a share.");
        }

        return vault ?? Path.GetFullPath(Path.Combine(folder, keys ?? "keys"));
    }

    private string Only(string section) => settings.Find(section) ?? "";

    private string ReadStore(string section, StoreKind kind) => kind switch
    {
        StoreKind.Cosmos => Read(section, AddressForms.WrongWithCosmos, Account)[0],
        StoreKind.Table => Read(section, AddressForms.WrongWithStorage, Tables)[0],
        _ => Read(section, AddressForms.WrongWithStorage, Blobs)[0],
    };

    /// <summary>The connection string alone, or one address for each part.</summary>
    private IReadOnlyList<string> Read(string section, Func<string, string?> wrongWithString, params ConnectionPart[] parts)
    {
        var whole = settings.Find(section);
        var found = parts.Select(part => (Part: part, Name: $"{section}__{part.Name}", Value: settings.Find($"{section}__{part.Name}"))).ToList();
        ReadIdentity(section);
        if (whole is not null)
        {
            foreach (var (_, name, _) in found.Where(part => part.Value is not null))
            {
                settings.Refuse(name, $"is set beside {section}. Set a connection string or addresses, not both.");
            }

            if (wrongWithString(whole) is { } wrong)
            {
                settings.Refuse(section, wrong);
            }

            return [whole];
        }

        if (found.TrueForAll(part => part.Value is null))
        {
            settings.Refuse(section, $"is missing. Set a connection string, or {string.Join(" and ", found.Select(part => part.Name))}.");
            return [""];
        }

        foreach (var (part, name, value) in found)
        {
            if ((value is null ? "is missing." : part.WrongWith(value)) is { } wrong)
            {
                settings.Refuse(name, wrong);
            }
        }

        return [.. found.Select(part => part.Value ?? "")];
    }

    private void ReadIdentity(string section)
    {
        if (settings.Find($"{section}__clientId") is { } client)
        {
            identities.Add(client);
            if (!Guid.TryParse(client, out _))
            {
                settings.Refuse($"{section}__clientId", "is no client id of an identity.");
            }
        }

        if (settings.Find($"{section}__credential") is not (null or "managedidentity"))
        {
            settings.Refuse($"{section}__credential", "is not managedidentity.");
        }
    }
}
