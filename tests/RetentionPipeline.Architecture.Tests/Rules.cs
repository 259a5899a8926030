namespace RetentionPipeline.Architecture.Tests;

/// <summary>
/// The allow-lists. What is not listed is forbidden; a new line is a design decision, with its reason in the commit.
/// </summary>
internal static class Rules
{
    private const string Root = "RetentionPipeline.";
    private const string Outside = "Core and Ledger name nothing of the world outside";

    /// <summary>Which project may reference which (names without the common first part).</summary>
    public static IReadOnlyDictionary<string, string[]> References { get; } = new Dictionary<string, string[]>
    {
        ["Ledger"] = [],
        ["Core"] = ["Ledger"],
        ["Adapters"] = ["Core", "Ledger"],
        ["Functions"] = ["Core", "Ledger", "Adapters"],
        ["Local"] = ["Core", "Ledger", "Adapters"],
        ["Cli"] = ["Core", "Ledger", "Adapters"],
        ["LedgerBench"] = ["Core", "Ledger", "Adapters", "Local"],
        ["Fakes"] = ["Core", "Ledger"],
        ["Ledger.Tests"] = ["Ledger", "Fakes"],
        ["Core.Tests"] = ["Core", "Ledger", "Fakes"],
        // Storage on this machine is started by what the local run starts it with.
        ["Stores.Tests"] = ["Core", "Ledger", "Adapters", "Local", "Fakes"],
        ["Infra.Tests"] = ["Core", "Adapters"],
        // A sender of another system knows nothing of ours.
        ["Samples.Sender"] = [],
        ["EndToEnd.Tests"] = ["Core", "Ledger", "Adapters", "Local", "Cli", "LedgerBench", "Samples.Sender", "Fakes"],
        // The app's main job is held against the oracle of the end-to-end tests.
        // The settings of the template are held against those that the app reads.
        ["Functions.Tests"] = ["Core", "Ledger", "Adapters", "Functions", "Local", "EndToEnd.Tests", "Fakes", "Infra.Tests"],
        // For the assemblies alone: the tests name no type of theirs.
        ["Architecture.Tests"] = ["Core", "Ledger", "Adapters", "Functions", "Local", "Cli"],
    };

    /// <summary>Which project may use which package, framework or imported build file.</summary>
    public static IReadOnlyDictionary<string, string[]> Packages { get; } = new Dictionary<string, string[]>
    {
        // Small enough for an auditor to read: .NET has no Ed25519, that is all it lacks.
        ["Ledger"] = ["BouncyCastle.Cryptography"],
        // Which digits are a telephone number is a table of all countries that only its library keeps.
        ["Core"] = ["libphonenumber-csharp", "YamlDotNet", "NodaTime", "NCrontab", "Polly.Core", "Microsoft.Extensions.Logging.Abstractions"],
        ["Adapters"] =
        [
            // The Cosmos SDK leaves the choice of Newtonsoft.Json to who uses it, and fails without one.
            "Azure.Core", "Azure.Data.Tables", "Azure.Identity", "Azure.Messaging.ServiceBus", "Azure.Security.KeyVault.Secrets",
            "Azure.Storage.Blobs", "Microsoft.Azure.Cosmos", "Microsoft.Data.Sqlite", "Microsoft.Extensions.DependencyInjection",
            "Microsoft.Extensions.Logging.Abstractions", "Newtonsoft.Json", "System.Security.Cryptography.Pkcs",
        ],
        ["Functions"] =
        [
            // The framework answers what the portal's function is asked; NCrontab judges schedules as the timers do.
            "Microsoft.AspNetCore.App", "Microsoft.Azure.Functions.Worker", "Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore",
            "Microsoft.Azure.Functions.Worker.Extensions.ServiceBus", "Microsoft.Azure.Functions.Worker.Extensions.Timer",
            "Microsoft.Azure.Functions.Worker.Sdk", "NCrontab",
            "PinExtensions.targets",
        ],
        ["Local"] =
        [
            // The framework serves the local Cosmos DB account and brings logging and dependency injection along.
            "AMQPNetLite", "Azure.Data.Tables", "Azure.Storage.Blobs", "Microsoft.AspNetCore.App", "Microsoft.Azure.Cosmos",
            "Microsoft.Data.Sqlite", "Newtonsoft.Json", "System.CommandLine", "Spectre.Console",
        ],
        ["Cli"] =
        [
            "Azure.Core", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Logging.Abstractions",
            "System.CommandLine", "Spectre.Console",
        ],
        ["LedgerBench"] = ["Azure.Storage.Blobs"],
        ["Samples.Sender"] = ["Azure.Identity", "Azure.Messaging.ServiceBus"],
        ["Fakes"] = [],
        ["Ledger.Tests"] = ["CsCheck", "Microsoft.Extensions.TimeProvider.Testing"],
        ["Core.Tests"] = ["CsCheck", "NJsonSchema", "Microsoft.Extensions.TimeProvider.Testing"],
        ["Stores.Tests"] =
        [
            "Azure.Core", "Azure.Data.Tables", "Azure.Messaging.ServiceBus", "Azure.Storage.Blobs", "Microsoft.Azure.Cosmos",
            "Microsoft.Extensions.TimeProvider.Testing", "Newtonsoft.Json",
        ],
        ["Infra.Tests"] = ["Azure.Bicep.CommandLine.linux-x64", "Azure.Storage.Blobs"],
        ["EndToEnd.Tests"] =
        [
            "Microsoft.Azure.Cosmos", "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Logging.Abstractions",
            "Newtonsoft.Json",
        ],
        // The tests are the app's host: they serve the protocol that its worker speaks.
        ["Functions.Tests"] =
            ["Google.Protobuf", "Grpc.AspNetCore.Server", "Grpc.Tools", "Microsoft.AspNetCore.App", "PublishApp.targets"],
        ["Architecture.Tests"] = ["Microsoft.CodeAnalysis.CSharp"],
        // For every project, or for every one that ends in .Tests.
        ["Directory.Build.props"] =
        [
            "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Microsoft.NET.Test.Sdk", "xunit", "xunit.runner.visualstudio",
        ],
    };

    /// <summary>What a project file may set for itself; warnings, nullability and locking are the same for all.</summary>
    public static IReadOnlyList<string> ProjectProperties { get; } = ["OutputType", "AssemblyName", "InternalsVisibleTo"];

    /// <summary>Which room of Core may use which; "" is Core's own folder.</summary>
    public static IReadOnlyDictionary<string, string[]> Rooms { get; } = new Dictionary<string, string[]>
    {
        [""] = [],
        ["Records"] = [],
        ["Anonymisation"] = [],
        ["Work"] = [],
        ["Policies"] = ["Anonymisation"],
        ["Holds"] = ["Records", "Work"],
        ["Erasure"] = ["Policies", "Records", "Holds", "Anonymisation", "Work"],
        ["Scanning"] = ["Policies", "Records", "Erasure", "Anonymisation", "Work"],
        ["Processors"] = ["Records", "Work"],
        ["Requests"] = ["Records", "Policies", "Scanning", "Processors", "Work"],
        ["Evidence"] = ["Records", "Policies", "Holds", "Scanning", "Erasure", "Requests", "Processors", "Work"],
    };

    /// <summary>Which folder of Adapters may use which; "" holds what all SDKs need alike. Only Composition sees all.</summary>
    public static IReadOnlyDictionary<string, string[]> AdapterFolders { get; } = new Dictionary<string, string[]>
    {
        [""] = [],
        ["Anchors"] = [""],
        ["Blobs"] = [""],
        ["Cosmos"] = [""],
        ["Tables"] = [""],
        ["Queues"] = [""],
        ["ServiceBus"] = [""],
        ["Files"] = [""],
        ["KeyVault"] = [""],
        ["Pump"] = [""],
        ["Composition"] = ["", "Anchors", "Blobs", "Cosmos", "Tables", "Queues", "ServiceBus", "Files", "KeyVault", "Pump"],
    };

    /// <summary>The namespaces of packages that a folder of Adapters may name, with all below them.</summary>
    public static IReadOnlyDictionary<string, string[]> AdapterSdks { get; } = new Dictionary<string, string[]>
    {
        [""] = ["Azure", "Azure.Core"],
        ["Anchors"] = [],
        ["Blobs"] = ["Azure", "Azure.Core", "Azure.Storage"],
        // A token credential is all that it has of the other SDKs.
        ["Cosmos"] = ["Azure.Core", "Microsoft.Azure.Cosmos"],
        ["Tables"] = ["Azure", "Azure.Core", "Azure.Data.Tables"],
        ["Queues"] = ["Microsoft.Data.Sqlite"],
        ["ServiceBus"] = ["Azure.Core", "Azure.Messaging.ServiceBus"],
        // Handles of the BCL, whose files are flushed to disk.
        ["Files"] = ["Microsoft.Win32.SafeHandles"],
        ["KeyVault"] = ["Azure", "Azure.Core", "Azure.Security.KeyVault.Secrets"],
        ["Pump"] = ["Microsoft.Extensions.Logging"],
        ["Composition"] =
        [
            "Azure", "Azure.Core", "Azure.Identity", "Azure.Storage", "Azure.Data.Tables", "Microsoft.Extensions.Logging",
            "Microsoft.Extensions.DependencyInjection",
        ],
    };

    /// <summary>What Core and Ledger never name: it belongs to an adapter. A name that ends in a dot is a namespace.</summary>
    public static IReadOnlyList<string> OutsideWorld { get; } =
    [
        "System.Net.", "System.Data.", "System.IO.Pipes.", "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream",
        "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.FileSystemWatcher", "System.IO.RandomAccess",
        "System.Console", "System.Diagnostics.Process", "System.Diagnostics.ProcessStartInfo",
    ];

    /// <summary>Words that say nothing about what a type is.</summary>
    public static IReadOnlyList<string> EmptyWords { get; } =
        ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities", "Common", "Base", "Impl", "Data", "Info", "Process"];

    /// <summary>
    /// Types of a static readonly field that cannot change once made, besides enums and own records. Private arrays are
    /// let through: tables that only their own type can reach.
    /// </summary>
    public static IReadOnlyList<string> Unchanging { get; } =
    [
        "string", "bool", "byte", "char", "short", "ushort", "int", "uint", "long", "ulong", "double", "decimal", "BigInteger",
        "Guid", "TimeSpan", "DateOnly", "TimeOnly", "DateTimeOffset", "Uri", "Type", "Regex", "SearchValues", "EventId",
        "IReadOnlyList", "IReadOnlyDictionary", "IReadOnlySet", "IReadOnlyCollection", "FrozenSet", "FrozenDictionary",
        "ImmutableArray", "ImmutableDictionary", "ImmutableHashSet", "ReadOnlyMemory", "Encoding", "UTF8Encoding",
        "JsonSerializerOptions", "JsonDocumentOptions", "Action", "Func", "CompositeFormat",
    ];

    /// <summary>Hosts that a file may name. Lock files of npm name authors' pages; they are read by their own rule.</summary>
    public static IReadOnlyList<string> Hosts { get; } = ["127.0.0.1", "localhost", "shop.example", "json-schema.org"];

    public const int LinesOfFile = 300;
    public const int LinesOfFunctionClass = 60;
    public const int LinesOfFunction = 70;
    public const int ConstructorParameters = 6;

    /// <summary>The full name of a project of these tables.</summary>
    public static string ProjectOf(string shortName) =>
        shortName.StartsWith("Directory.", StringComparison.Ordinal) ? shortName : Root + shortName;

    /// <summary>Breaches that stand, each with its reason. One that no longer applies is a failure too.</summary>
    public static IReadOnlyList<Exemption> Exemptions { get; } =
    [
        new("A type's name holds no empty word", "AzuriteProcess", "It is an operating system's process, and says so."),
        new("A namespace is the file's folder", "tests/RetentionPipeline.Functions.Tests/Triggers/ServiceBusContract.cs", "It stands for two types of a package that is not on this feed."),
        new("A namespace is the file's folder", "tests/RetentionPipeline.Functions.Tests/StartupHook.cs", "The runtime calls a start-up hook by this name, in no namespace."),
        new(Outside, "RetentionPipeline.Ledger.LogFolder", "An export is a folder of files, which an auditor checks with this assembly alone."),
        new(Outside, "RetentionPipeline.Core.Evidence.OpeningsFolder", "Openings lie as files beside an export, for the same auditor."),
    ];

    /// <param name="Rule">The rule's name.</param>
    /// <param name="Where">The breach's place.</param>
    /// <param name="Why">Why it stands.</param>
    internal sealed record Exemption(string Rule, string Where, string Why);
}
