using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>
/// Where everything is: the file that <c>--config</c> names, and that a local run leaves in its data folder. An address is
/// a connection string, or an account URL that is used with the identity of whoever runs the command.
/// </summary>
/// <param name="Account">Account of the pipeline's own objects, rows and ledger.</param>
/// <param name="AccountTables">Its table endpoint, where <paramref name="Account"/> is a URL.</param>
/// <param name="Stores">By the names of the policy.</param>
/// <param name="Queue">
/// Service Bus: a connection string, or a namespace (<c>name.servicebus.windows.net</c>) that is used with an identity. Or the
/// full path of a file (<c>.db</c>), for hosts on one machine without a bus.
/// </param>
/// <param name="Keys">Folder of the keys, or the https address of a key vault, which is used with an identity.</param>
/// <param name="Origin">Origin of the ledger.</param>
/// <param name="Times">local or azure.</param>
public sealed record Deployment(
    string Account, string? AccountTables, IReadOnlyDictionary<string, StoreAddress> Stores, string Queue, string Keys,
    string Origin, string Times)
{
    /// <summary>Name of the file in a data folder.</summary>
    public const string FileName = "deployment.json";

    /// <summary>Account of the ledger, in the same form as the other; null: the same account.</summary>
    public string? Ledger { get; init; }

    /// <summary>
    /// Address of the ledger account's resource (the resource manager's host and the account's id): where it is asked whether
    /// the ledger is locked. Null: nobody asks.
    /// </summary>
    public string? LedgerResource { get; init; }

    /// <summary>What signs the ledger, see <see cref="LedgerSigners"/>; null: <see cref="LedgerSigners.Default"/>.</summary>
    public IReadOnlyList<string>? Signers { get; init; }

    /// <summary>Outside parties that anchor the ledger; null: none.</summary>
    public IReadOnlyList<AnchorParty>? Anchors { get; init; }

    /// <summary>Client id of the user-assigned identity that is used where an address is a URL; null: the usual search.</summary>
    public string? Identity { get; init; }

    /// <summary>Names of the pipeline's own queues in this namespace, where they differ, by the names of the pipeline.</summary>
    public IReadOnlyDictionary<string, string>? Queues { get; init; }

    /// <summary>How much is done at once; null: <see cref="WorkLimits.Default"/>.</summary>
    public WorkLimits? Limits { get; init; }

    /// <summary>What does not depend on addresses.</summary>
    [JsonIgnore]
    public PipelineSettings Settings => new(
        Times == "azure" ? PipelineTimes.Azure : PipelineTimes.Local, (Limits ?? WorkLimits.Default).Acts,
        new PumpBounds((Limits ?? WorkLimits.Default).Slices, (Limits ?? WorkLimits.Default).Operations), Origin)
    {
        Signers = Signers ?? LedgerSigners.Default,
    };

    /// <summary>Reads the file. Throws <see cref="DeploymentException"/> that says what is wrong with it.</summary>
    public static Deployment Load(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), DeploymentJson.Default.Deployment)
                ?? throw new DeploymentException($"'{file}' is empty.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new DeploymentException(
                $"'{file}' cannot be read. Name the data folder of a local run with --data, or a deployment file with --config.");
        }
        catch (JsonException)
        {
            throw new DeploymentException($"'{file}' is no deployment file. See docs/deployment.md for its keys.");
        }
    }

    /// <summary>Writes the file, readable by its owner only: it may hold an account key.</summary>
    public void Save(string file)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(file, options);
        JsonSerializer.Serialize(stream, this, DeploymentJson.Default.Deployment);
    }
}

/// <summary>How much one instance does at once.</summary>
/// <param name="Slices">Slices.</param>
/// <param name="Operations">Operations.</param>
/// <param name="Acts">Acts of one operation.</param>
public sealed record WorkLimits(int Slices, int Operations, int Acts)
{
    /// <summary>Where nobody says otherwise.</summary>
    public static readonly WorkLimits Default = new(4, 4, 16);
}

/// <summary>Where a store of the policy is.</summary>
/// <param name="Kind">Which adapter.</param>
/// <param name="Address">Connection string, or the account's URL for that kind, which is used with an identity.</param>
public sealed record StoreAddress(StoreKind Kind, string Address);

/// <summary>The deployment is not usable; the message says what to do.</summary>
public sealed class DeploymentException(string message) : Exception(message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Deployment))]
internal sealed partial class DeploymentJson : JsonSerializerContext;
