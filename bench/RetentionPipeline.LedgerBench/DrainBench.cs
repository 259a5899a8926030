using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// How many entries a second one integrator takes from full lanes into the published, signed log. One in eleven entries
/// was appended twice. Appending is measured by itself, before.
/// </summary>
internal sealed class DrainBench(BenchStores stores, Floor floor)
{
    private const int BatchSize = 2_000;

    public async Task RunAsync(int entries, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        var appended = await AppendAsync(entries, cancel);
        var appending = Stopwatch.GetElapsedTime(began);
        BenchStores.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"appended and durable: {appended} entries in {appending.TotalSeconds:F1} s, {appended / appending.TotalSeconds:F0}/s"));

        var signer = BenchStores.Signer;
        var integrator = new Integrator(stores.Stores, signer, signer.Verifier.Name);
        var (added, dropped, runs, longest) = (0L, 0L, 0, TimeSpan.Zero);
        began = Stopwatch.GetTimestamp();
        while (added + dropped < appended)
        {
            var run = Stopwatch.GetTimestamp();
            var result = await integrator.RunOnceAsync(cancel);
            (added, dropped, runs) = (added + result.Added, dropped + result.Duplicates, runs + 1);
            longest = Stopwatch.GetElapsedTime(run) is var length && length > longest ? length : longest;
        }

        var took = Stopwatch.GetElapsedTime(began);
        BenchStores.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"integrated and signed: {added} entries, {dropped} duplicates dropped, in {took.TotalSeconds:F1} s and {runs} commits (longest {longest.TotalSeconds:F2} s): {added / took.TotalSeconds:F0} entries/s; {floor.Judge(added / took.TotalSeconds)}"));
        Console.WriteLine($"  of it, calls added up: {stores.Timed.Told}");
        Console.WriteLine(Computing(added + dropped, added, runs));
    }

    /// <summary>What the hashes, the reading of leaves and the signatures cost by themselves, on one core.</summary>
    private static string Computing(long read, long added, int runs)
    {
        var (leaf, signer) = (new BenchLeaves().Of(7), BenchStores.Signer);
        var hash = Floors.Seconds(100_000, () => Rfc6962.LeafHash(leaf.Span));
        var node = Floors.Seconds(100_000, () => Rfc6962.NodeHash(new byte[32], new byte[32]));
        var key = Floors.Seconds(100_000, () => Leaf.TryReadKey(leaf.Span));
        var sign = Floors.Seconds(200, () => signer.Sign("log.example/bench\n1\nAAAA\n"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  of it, computed: leaf hashes {hash * read:F1} s, node hashes {node * added:F1} s, reading leaves {key * read:F1} s, signing {sign * runs:F2} s ({sign * 1_000:F2} ms each)");
    }

    private async Task<int> AppendAsync(int entries, CancellationToken cancel)
    {
        var (leaves, writer, count) = (new BenchLeaves(), new LaneWriter(stores.Stores.Lanes), 0);
        var batches = Enumerable.Range(0, entries).Chunk(BatchSize);
        await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel }, async (batch, token) =>
        {
            List<ReadOnlyMemory<byte>> block = [.. batch.Select(leaves.Of)];
            block.AddRange(block[..(batch.Length / 10)]);
            await writer.AppendAsync(block, token);
            Interlocked.Add(ref count, block.Count);
        });
        return count;
    }
}
