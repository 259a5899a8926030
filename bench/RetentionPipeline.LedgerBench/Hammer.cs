using System.Globalization;
using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// The two halves of the hammer, each a process of its own: writers who note what was acknowledged, and an integrator that
/// is killed at random by who started it.
/// </summary>
internal static class Hammer
{
    private static readonly TimeSpan IntegratorPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan WriterPause = TimeSpan.FromMilliseconds(10);

    /// <summary>Writers of one process. Each appends blocks of some leaves, every fifth block twice.</summary>
    public static async Task AppendAsync(string folder, string name, int writers, TimeSpan length)
    {
        using var ledger = Open(folder);
        await using var noted = new StreamWriter($"{folder}.{name}.acknowledged");
        var (began, gate) = (TimeProvider.System.GetTimestamp(), new Lock());
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var lanes = new LaneWriter(ledger);
            for (var block = 0; TimeProvider.System.GetElapsedTime(began) < length; block++)
            {
                var ids = Enumerable.Range(0, 1 + ((block + writer) % 7)).Select(n => $"{name}-{writer}-{block}-{n}").ToList();
                List<ReadOnlyMemory<byte>> leaves = [.. ids.Select(Make)];
                await lanes.AppendAsync(leaves, CancellationToken.None);
                lock (gate)
                {
                    ids.ForEach(noted.WriteLine);
                }

                if (block % 5 == 0)
                {
                    await lanes.AppendAsync(leaves, CancellationToken.None);
                }

                await Task.Delay(WriterPause, TimeProvider.System, CancellationToken.None);
            }
        })));
    }

    public static async Task IntegrateAsync(string folder, CancellationToken cancel)
    {
        using var ledger = Open(folder);
        var signer = BenchStores.Signer;
        var integrator = new Integrator(ledger.Stores, signer, signer.Verifier.Name);
        while (!cancel.IsCancellationRequested)
        {
            var result = await integrator.RunOnceAsync(cancel);
            if (result.Conflicts.Count > 0 || result.Foreign > 0 || result.SkippedBytes > 0)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"conflicts {result.Conflicts.Count}, foreign {result.Foreign}, skipped {result.SkippedBytes}"));
            }

            await Task.Delay(IntegratorPause, TimeProvider.System, cancel);
        }
    }

    private static FileLedger Open(string folder) => new(folder, segmentBytes: 1 << 20, TimeProvider.System);

    private static ReadOnlyMemory<byte> Make(string id) =>
        Leaf.Encode("intent", id, "", DateTimeOffset.UnixEpoch, new JsonObject { ["count"] = id.Length });
}
