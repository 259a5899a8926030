using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// How long after its acknowledgement an append is covered by a published checkpoint, while eight writers append without a
/// pause of more than a few milliseconds and the integrator runs twice a second.
/// </summary>
internal sealed class LatencyBench(BenchStores stores)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WriterPause = TimeSpan.FromMilliseconds(5);
    private readonly ConcurrentQueue<Waiting> waiting = new();
    private readonly List<double> seconds = [];
    private int numbers;

    public async Task RunAsync(TimeSpan length, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        over.CancelAfter(length);
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => WriteAsync(over.Token), cancel)).ToArray();
        var signer = BenchStores.Signer;
        var integrator = new Integrator(stores.Stores, signer, signer.Verifier.Name);
        var log = new LogReader(stores.Stores.Tiles, stores.Stores.Head, stores.Stores.Journal);
        var began = Stopwatch.GetTimestamp();
        while (!over.IsCancellationRequested || !waiting.IsEmpty)
        {
            var run = Stopwatch.GetTimestamp();
            await integrator.RunOnceAsync(cancel);
            Settle(await log.CoveredLanesAsync(cancel));
            var rest = Every - Stopwatch.GetElapsedTime(run);
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest, TimeProvider.System, cancel);
            }
        }

        await Task.WhenAll(writers);
        seconds.Sort();
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        BenchStores.Tell(string.Create(
            CultureInfo.InvariantCulture,
            $"append acknowledged to covered: {seconds.Count} appends of 20 leaves, {seconds.Count * 20 / took:F0} entries/s; median {At(0.5):F2} s, p99 {At(0.99):F2} s, longest {seconds[^1]:F2} s; {(At(0.99) <= 2 ? "at the aim" : At(0.99) <= 5 ? "at its floor" : "OVER ITS FLOOR")} (p99: floor 5 s, aim 2 s)"));
    }

    private double At(double share) => seconds[(int)(share * (seconds.Count - 1))];

    /// <summary>An append counts as covered only when its whole lane is, as long as it was after the acknowledgement.</summary>
    private void Settle(IReadOnlyList<LanePosition>? covered)
    {
        for (var left = waiting.Count; left > 0 && waiting.TryDequeue(out var append); left--)
        {
            if (covered is not null && append.Ends.Index().All(lane => lane.Item <= covered[lane.Index]))
            {
                seconds.Add(Stopwatch.GetElapsedTime(append.At).TotalSeconds);
            }
            else
            {
                waiting.Enqueue(append);
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        var (leaves, writer) = (new BenchLeaves(), new LaneWriter(stores.Stores.Lanes));
        while (!cancel.IsCancellationRequested)
        {
            var first = Interlocked.Add(ref numbers, 20) - 20;

            // An operation's two leaves go to one lane: one block.
            await writer.AppendAsync([.. Enumerable.Range(first, 20).Select(leaves.Of)], CancellationToken.None);
            var at = Stopwatch.GetTimestamp();
            waiting.Enqueue(new Waiting(at, await stores.Stores.Lanes.LengthsAsync(CancellationToken.None)));
            await Task.Delay(WriterPause, TimeProvider.System, CancellationToken.None);
        }
    }

    private sealed record Waiting(long At, IReadOnlyList<LanePosition> Ends);
}
