using System.CommandLine;

namespace RetentionPipeline.Local.Runs;

/// <summary>What the local run was asked to do.</summary>
public sealed record LocalOptions
{
    /// <summary>Records of the sample company: four of five are items of Cosmos DB, the rest entities of tables.</summary>
    public int RecordCount { get; init; } = 2_000;

    /// <summary>Logs of the sample company in 10^6 bytes.</summary>
    public int LogMegabytes { get; init; } = 8;

    /// <summary>
    /// Run every rule once, whatever is due. Without it: what is due by schedule, and what was never scanned here. Either
    /// ends when all that has ended.
    /// </summary>
    public bool Once { get; init; }

    /// <summary>Leave everything up at the end, and go on by schedule unless <see cref="Once"/>.</summary>
    public bool Keep { get; init; }

    /// <summary>Data folder.</summary>
    public string Folder { get; init; } = ".retention";

    /// <summary>Seed of the sample company.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Plant what must go wrong.</summary>
    public bool SeedFaults { get; init; }

    /// <summary>Policy file; null for the sample.</summary>
    public string? Policy { get; init; }

    /// <summary>Where the JSON summary goes; null for none.</summary>
    public string? Summary { get; init; }

    /// <summary>Where the ledger is exported to; null for nowhere.</summary>
    public string? Export { get; init; }

    /// <summary>Connection string or URL of a real account; null for the stand-in.</summary>
    public string? Storage { get; init; }

    /// <summary>Connection string or URL of a real Cosmos DB account; null for the gateway on this machine.</summary>
    public string? Cosmos { get; init; }

    /// <summary>Connection string or namespace of a real Service Bus; null for the one on this machine.</summary>
    public string? Bus { get; init; }

    /// <summary>Port of the Service Bus on this machine; 0 for a free one.</summary>
    public int BusPort { get; init; }

    /// <summary>Port of the gateway; 0 for a free one.</summary>
    public int CosmosPort { get; init; }

    /// <summary>Port of the stand-in's blob service; 0 for a free one.</summary>
    public int BlobPort { get; init; }

    /// <summary>Port of the stand-in's table service; 0 for a free one.</summary>
    public int TablePort { get; init; }

    /// <summary>The Node.js command.</summary>
    public string Node { get; init; } = "node";

    /// <summary>Parses a command line; null with usage printed where it is wrong, or where help was asked for.</summary>
    public static (LocalOptions? Options, int ExitCode) Parse(string[] arguments)
    {
        var records = new Option<int>("--records") { Description = "Records of the sample company.", DefaultValueFactory = _ => 2_000 };
        var logs = new Option<int>("--log-mb") { Description = "Logs of the sample company in MB.", DefaultValueFactory = _ => 8 };
        var once = new Option<bool>("--once") { Description = "Run every rule once, whatever is due by its schedule." };
        var keep = new Option<bool>("--keep") { Description = "Leave everything up, print how to connect, and go on by schedule unless --once." };
        var data = new Option<string>("--data") { Description = "Data folder.", DefaultValueFactory = _ => ".retention" };
        var seed = new Option<int>("--seed") { Description = "Seed of the sample company.", DefaultValueFactory = _ => 1 };
        var faults = new Option<bool>("--seed-faults") { Description = "Plant undated records, a runaway and a damaged log." };
        var policy = new Option<string?>("--policy") { Description = "Policy file instead of the sample." };
        var summary = new Option<string?>("--summary") { Description = "Write a JSON summary to this file; measures bare deletes for it." };
        var export = new Option<string?>("--export") { Description = "Export the ledger and its openings to this folder." };
        var storage = new Option<string?>("--storage") { Description = "Connection string or URL of a real storage account." };
        var cosmos = new Option<string?>("--cosmos") { Description = "Connection string or URL of a real Cosmos DB account." };
        var cosmosPort = new Option<int>("--cosmos-port") { Description = "Port of the local Cosmos DB account; a free one by default, 8081 with --keep where that is free." };
        var bus = new Option<string?>("--bus") { Description = "Connection string or namespace of a real Service Bus; its queues are there." };
        var busPort = new Option<int>("--bus-port") { Description = "Port of the local Service Bus; a free one by default, 5672 with --keep where that is free." };
        var blobPort = new Option<int>("--blob-port") { Description = "Port of the local blob service; a free one by default, 10000 with --keep where that is free." };
        var tablePort = new Option<int>("--table-port") { Description = "Port of the local table service; a free one by default, 10002 with --keep where that is free." };
        var node = new Option<string>("--node") { Description = "The Node.js command.", DefaultValueFactory = _ => "node" };
        var root = new RootCommand("Runs the whole pipeline on this machine, on a sample company or your own policy.")
        {
            records, logs, once, keep, data, seed, faults, policy, summary, export, storage, cosmos, cosmosPort, bus,
            busPort, blobPort, tablePort, node,
        };
        records.Validators.Add(result => CheckRange(result, 100, 10_000_000, "--records takes 100 to 10,000,000."));
        logs.Validators.Add(result => CheckRange(result, 0, 10_000, "--log-mb takes 0 to 10,000."));
        LocalOptions? parsed = null;
        root.SetAction(result => parsed = new LocalOptions
        {
            RecordCount = result.GetValue(records),
            LogMegabytes = result.GetValue(logs),
            Once = result.GetValue(once),
            Keep = result.GetValue(keep),
            Folder = Path.GetFullPath(result.GetValue(data)!),
            Seed = result.GetValue(seed),
            SeedFaults = result.GetValue(faults),
            Policy = result.GetValue(policy),
            Summary = result.GetValue(summary),
            Export = result.GetValue(export),
            Storage = result.GetValue(storage),
            Cosmos = result.GetValue(cosmos),
            CosmosPort = PortOf(result, cosmosPort, KeptPorts.Cosmos),
            Bus = result.GetValue(bus),
            BusPort = PortOf(result, busPort, KeptPorts.Bus),
            BlobPort = PortOf(result, blobPort, KeptPorts.Blob),
            TablePort = PortOf(result, tablePort, KeptPorts.Table),
            Node = result.GetValue(node)!,
        });
        int PortOf(ParseResult result, Option<int> option, int kept) => result.GetResult(option) is not null
            ? result.GetValue(option)
            : result.GetValue(keep) ? KeptPorts.OrFree(kept) : 0;

        var read = root.Parse(arguments);
        var code = read.Invoke();
        return parsed is null ? (null, read.Errors.Count > 0 ? 2 : code) : (parsed, 0);
    }

    private static void CheckRange(System.CommandLine.Parsing.OptionResult result, int least, int most, string message)
    {
        // What is no number the parser tells by itself.
        if (result.Tokens is [{ Value: var text }]
            && int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && (number < least || number > most))
        {
            result.AddError(message);
        }
    }
}
