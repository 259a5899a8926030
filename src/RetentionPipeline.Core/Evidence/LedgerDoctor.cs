using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Looks at a whole ledger and changes nothing in it: lanes, published log, anchors, locks. Reads all of it, so it takes
/// what a verification takes; hashes are not its business.
/// </summary>
public sealed class LedgerDoctor(LogReader log, ILaneStore lanes, LedgerLag lag, ILedgerLocks locks, TimeProvider time)
{
    /// <summary>One look.</summary>
    public async Task<LedgerHealth> ExamineAsync(CancellationToken cancel)
    {
        var covered = await log.CoveredLanesAsync(cancel) ?? new LanePosition[LanePosition.Lanes];
        var (meaning, anchors, newest) = (new SemanticVerifier(null), new Dictionary<string, PartyAnchor>(StringComparer.Ordinal), (DateTimeOffset?)null);
        var prover = await LogProver.OpenAsync(log, cancel);
        if (prover is not null)
        {
            await foreach (var (index, entry) in prover.EntriesAsync(cancel))
            {
                var fact = Read(meaning, entry);
                meaning.Add(index, fact);
                newest = newest > fact.At ? newest : fact.At;
                if (fact.Other is { Type: LeafTypes.Anchor } anchor && (string?)anchor.Body["kind"] is { } kind)
                {
                    anchors[anchor.Part] = new PartyAnchor(anchor.Part, kind, (long?)anchor.Body["size"] ?? 0, anchor.At);
                }
            }
        }

        var report = meaning.End();
        return new LedgerHealth(
            time.GetUtcNow(), prover?.Checkpoint.Size, newest, await lag.SinceAsync(cancel),
            await LaneAudit.RunAsync(lanes, covered, cancel),
            [.. report.OpenIntents.Select(open => new OpenIntent(open.Operation, newest!.Value - open.Age)).OrderBy(open => open.At)],
            [.. anchors.Values.OrderBy(anchor => anchor.Party, StringComparer.Ordinal)], await locks.ReadAsync(cancel),
            [.. report.Problems.Select(problem => problem.Rule).Distinct()]);
    }

    private static LeafFact Read(SemanticVerifier meaning, ReadOnlyMemory<byte> entry)
    {
        var hash = Rfc6962.LeafHash(entry.Span);
        return meaning.Read(LeafView.Read(entry.Span, hash));
    }
}
