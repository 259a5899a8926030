using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Triggers;
using RetentionPipeline.Infra.Tests.Bicep;
using RetentionPipeline.Infra.Tests.Plans;

namespace RetentionPipeline.Functions.Tests.Drift;

/// <summary>Everything that says the same thing in another place, read from where it is used.</summary>
internal sealed record AppFacts
{
    /// <summary>The published functions, as the host reads them, by name.</summary>
    public required IReadOnlyDictionary<string, JsonNode> Functions { get; init; }

    /// <summary>The classes of the flavour with triggers.</summary>
    public required IReadOnlyList<Type> TriggerClasses { get; init; }

    /// <summary>host.json.</summary>
    public required JsonNode Host { get; init; }

    /// <summary>The sample's settings and the compiled template's, by where they stand.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Settings { get; init; }

    /// <summary>The queues that the compiled template makes.</summary>
    public required IReadOnlyList<string> Queues { get; init; }

    /// <summary>The source of the local host.</summary>
    public required string LocalHost { get; init; }

    /// <summary>The sources of the functions.</summary>
    public required string FunctionSources { get; init; }

    public static async Task<AppFacts> ReadAsync()
    {
        var bicep = new BicepSession();
        await bicep.InitializeAsync();
        try
        {
            using var folder = InfraFolder.OfRepository();
            var plan = await Plan.OfAsync(bicep, folder);
            return new AppFacts
            {
                Functions = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(PublishedApp.Folder, "functions.metadata")))!.AsArray()
                    .ToDictionary(function => (string)function!["name"]!, function => function!),
                TriggerClasses = [typeof(SlicesFunction), typeof(OperationsFunction)],
                Host = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(PublishedApp.Folder, "host.json")))!,
                Settings = new Dictionary<string, IReadOnlyDictionary<string, string>>
                {
                    ["sample"] = JsonNode.Parse(await ReadAsync("local.settings.sample.json"))!["Values"]!.AsObject()
                        .ToDictionary(pair => pair.Key, pair => (string)pair.Value!),
                    ["template"] = plan.Settings.ToDictionary(pair => pair.Key, pair => Resolve(pair.Key, pair.Value)),
                },
                Queues = [.. plan.OfType("Microsoft.ServiceBus/namespaces/queues").Select(queue => queue.Place.Split('/')[^1])],
                LocalHost = await ReadAsync("src/RetentionPipeline.Adapters/Composition/PipelineHost.cs"),
                FunctionSources = string.Concat(Directory.EnumerateFiles(
                    Path.Combine(InfraFolder.Root, "src/RetentionPipeline.Functions/Triggers")).Select(File.ReadAllText)),
            };
        }
        finally
        {
            await bicep.DisposeAsync();
        }
    }

    /// <summary>Reads settings as the app does at its start, as either flavour; what is wrong with them is left in the reader.</summary>
    public SettingsReader ReaderOf(string place)
    {
        var reader = new SettingsReader(new ConfigurationBuilder().AddInMemoryCollection(Settings[place].Select(setting =>
            KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value))).Build());
        _ = PipelineOptions.Read(reader, PublishedApp.Folder);
        TriggerSettings.Check(reader, TriggerClasses);
        return reader;
    }

    /// <summary>The same facts with a setting changed; null takes it away.</summary>
    public AppFacts With(string place, string name, string? value)
    {
        var changed = new Dictionary<string, string>(Settings[place]);
        changed.Remove(name);
        if (value is not null)
        {
            changed[name] = value;
        }

        return this with { Settings = new Dictionary<string, IReadOnlyDictionary<string, string>>(Settings) { [place] = changed } };
    }

    private static Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(InfraFolder.Root, file));

    /// <summary>What only Azure knows, in a form that it could have.</summary>
    private static string Resolve(string name, string value) => value switch
    {
        _ when !value.StartsWith('[') => value,
        _ when name.EndsWith("fullyQualifiedNamespace", StringComparison.Ordinal) => "far.servicebus.windows.net",
        _ when name == "Retention__signers" => "ed25519:1; https://127.0.0.1:9/keys/ledger/0123456789abcdef0123456789abcdef",
        _ when name.EndsWith("Uri", StringComparison.Ordinal) => "https://127.0.0.1:9/",
        _ => "6c9ad8f1-4f22-4a6a-b6a0-0a8c6a5bb7a1",
    };
}
