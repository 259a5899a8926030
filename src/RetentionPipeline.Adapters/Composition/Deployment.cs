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

    /// <summary>Acts of one operation at once.</summary>
    private const int ActConcurrency = 16;

    /// <summary>What does not depend on addresses.</summary>
    [JsonIgnore]
    public PipelineSettings Settings => new(
        Times == "azure" ? PipelineTimes.Azure : PipelineTimes.Local, ActConcurrency, new PumpBounds(4, 4), Origin);

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
