using System.Globalization;
using RetentionPipeline.LedgerBench;

const string usage = """
    ledger-bench drain     --dir DIR [--entries 1000000] [--azurite]   entries integrated and signed per second
    ledger-bench latency   --dir DIR [--seconds 60] [--azurite]        append acknowledged to covered by a checkpoint
    ledger-bench verify    --dir DIR [--entries 1000000]               full verification, leaves per second
    ledger-bench commit    [--seconds 10]                              record commitments per second
    ledger-bench append    --dir DIR --name N [--writers 16] [--seconds 60]   the hammer's writers; acknowledged ids to DIR.N.acknowledged
    ledger-bench integrate --dir DIR                                   the hammer's integrator, until it is killed
    """;
var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (var at = 1; at < args.Length; at++)
{
    if (args[at] == "--azurite")
    {
        options["azurite"] = "";
    }
    else if (at + 1 < args.Length && args[at].StartsWith("--", StringComparison.Ordinal))
    {
        options[args[at][2..]] = args[++at];
    }
}

using var ending = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    ending.Cancel();
};
switch (args.FirstOrDefault())
{
    case "drain":
        await using (var stores = await BenchStores.OpenAsync(Folder(), options.ContainsKey("azurite"), ending.Token))
        {
            await new DrainBench(stores, options.ContainsKey("azurite") ? Floors.IntegratedOnAzurite : Floors.Integrated).RunAsync(Number("entries", 1_000_000), ending.Token);
        }

        return 0;
    case "latency":
        await using (var stores = await BenchStores.OpenAsync(Folder(), options.ContainsKey("azurite"), ending.Token))
        {
            await new LatencyBench(stores).RunAsync(TimeSpan.FromSeconds(Number("seconds", 60)), ending.Token);
        }

        return 0;
    case "verify":
        await VerifyBench.RunAsync(Folder(), Number("entries", 1_000_000), ending.Token);
        return 0;
    case "commit":
        CommitmentBench.Run(TimeSpan.FromSeconds(Number("seconds", 10)));
        return 0;
    case "append":
        await Hammer.AppendAsync(Folder(), options["name"], Number("writers", 16), TimeSpan.FromSeconds(Number("seconds", 60)));
        return 0;
    case "integrate":
        // Whoever started it holds its input: it does not outlive them.
        _ = Task.Run(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }

            ending.Cancel();
        });
        await Hammer.IntegrateAsync(Folder(), ending.Token);
        return 0;
    default:
        Console.Error.WriteLine(usage);
        return 2;
}

string Folder() => options["dir"];

int Number(string name, int otherwise) =>
    options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
