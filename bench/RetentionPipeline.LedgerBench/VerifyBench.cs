using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// Verifies an exported log as <c>retention ledger verify</c> does: signature, each tile, each rule of meaning. Three times:
/// the first one compiles.
/// </summary>
internal static class VerifyBench
{
    private const int ScansAtOnce = 20;

    public static async Task RunAsync(string folder, int entries, CancellationToken cancel)
    {
        var export = Path.Combine(folder, $"export-{entries}");
        var verifier = BenchStores.Signer.Verifier;
        if (!Directory.Exists(export))
        {
            await MakeAsync(folder, export, entries, cancel);
        }

        for (var run = 0; run < 3; run++)
        {
            var (began, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var verdict = LogVerification.Verify(export, verifier, null, (_, _) => { });
            var (took, cpu) = (Stopwatch.GetElapsedTime(began).TotalSeconds, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
            var size = verdict.Structure.Checkpoint?.Size ?? 0;
            BenchStores.Tell(string.Create(
                CultureInfo.InvariantCulture,
                $"verified: {size} leaves in {took:F1} s ({cpu:F1} s of CPU), {size / took:F0} leaves/s; {verdict.Problems.Count()} problems; {Floors.Verified.Judge(size / took)}"));
        }

        var structure = Stopwatch.GetTimestamp();
        new StructuralVerifier(export, verifier).Verify((in leaf) => leaf.At, (_, _) => { }, (_, _) => { });
        var leaf = BenchScans.Of(0)[1];
        var (hash, node) = (Floors.Seconds(100_000, () => Rfc6962.LeafHash(leaf.Span)), Floors.Seconds(100_000, () => Rfc6962.NodeHash(new byte[32], new byte[32])));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  of it: structure (files, hashes, canonical form) {Stopwatch.GetElapsedTime(structure).TotalSeconds:F1} s; of that, on one core, leaf hashes {hash * entries:F1} s, node hashes {node * entries:F1} s"));
    }

    private static async Task MakeAsync(string folder, string export, int entries, CancellationToken cancel)
    {
        await using var stores = await BenchStores.OpenAsync(folder, onAzurite: false, cancel);
        var writer = new LaneWriter(stores.Stores.Lanes);
        var integrator = new Integrator(stores.Stores, BenchStores.Signer, BenchStores.Signer.Verifier.Name);
        await writer.AppendAsync([BenchLeaves.First], cancel);
        await integrator.RunOnceAsync(cancel);
        foreach (var scans in Enumerable.Range(0, (entries / BenchScans.Leaves) + 1).Chunk(ScansAtOnce))
        {
            await writer.AppendAsync([.. scans.SelectMany(BenchScans.Of)], cancel);
            await integrator.RunOnceAsync(cancel);
        }

        await new LogExport(new LogReader(stores.Stores.Tiles, stores.Stores.Head, stores.Stores.Journal))
            .WriteAsync(export, BenchStores.Signer.Verifier, cancel);
    }
}
