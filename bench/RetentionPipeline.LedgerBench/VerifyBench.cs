using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>Verifies an exported log as <c>retention ledger verify</c> does: signature, each tile, each rule of meaning.</summary>
internal static class VerifyBench
{
    public static async Task RunAsync(string folder, int entries, CancellationToken cancel)
    {
        var export = Path.Combine(folder, $"export-{entries}");
        var verifier = BenchStores.Signer.Verifier;
        if (!Directory.Exists(export))
        {
            await using var stores = await BenchStores.OpenAsync(folder, onAzurite: false, cancel);
            var (leaves, writer) = (new BenchLeaves(), new LaneWriter(stores.Stores.Lanes));
            var integrator = new Integrator(stores.Stores, BenchStores.Signer, verifier.Name);
            await writer.AppendAsync([BenchLeaves.First], cancel);
            await integrator.RunOnceAsync(cancel);
            foreach (var batch in Enumerable.Range(0, entries).Chunk(20_000))
            {
                await writer.AppendAsync([.. batch.Select(leaves.Of)], cancel);
                await integrator.RunOnceAsync(cancel);
            }

            await new LogExport(new LogReader(stores.Stores.Tiles, stores.Stores.Head, stores.Stores.Journal)).WriteAsync(export, verifier, cancel);
        }

        var began = Stopwatch.GetTimestamp();
        var verdict = LogVerification.Verify(export, verifier, null, (_, _) => { });
        var took = Stopwatch.GetElapsedTime(began);
        var size = verdict.Structure.Checkpoint?.Size ?? 0;
        BenchStores.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"verified: {size} leaves in {took.TotalSeconds:F1} s, {size / took.TotalSeconds:F0} leaves/s; {verdict.Problems.Count()} problems"));

        began = Stopwatch.GetTimestamp();
        new StructuralVerifier(export, verifier).Verify((_, _) => { }, (_, _) => { });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  of it, structure (hashes, canonical form): {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s"));
    }
}
