using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Gathers what proves scans (one, or all of a dataset or of a period) from the published log alone. It opens no record, so
/// it holds nothing of anybody. Reads the log twice: a scan's start may stand behind its first intents.
/// </summary>
public sealed class ScanBundleCollector(LogReader log, IObjectStore objects, AnchoredLog anchored)
{
    /// <summary>The bundle of every scan that fits, under the newest checkpoint that can be anchored.</summary>
    public async Task<BundleAnswer> CollectAsync(ScanScope scope, NoteVerifier verifier, CancellationToken cancel)
    {
        if (await LogProver.OpenAsync(log, cancel) is not { } prover || await FindScansAsync(scope, prover, cancel) is not { Count: > 0 } scans)
        {
            return new BundleAnswer.NotInLog();
        }

        var anchors = new List<AnchorLeaf>();
        var leaves = await BundleLeaves.FindAsync(scans, [], prover, anchors, cancel);
        if (2 * leaves.Count > StoredZip.MaxFiles)
        {
            return new BundleAnswer.TooLarge();
        }

        (prover, var given) = await anchored.ChooseAsync(prover, anchors, leaves[^1].Index, cancel);
        var proved = await BundleLeaves.ProveAsync(leaves, prover, cancel);
        var facts = new BundleFacts(
            Guid.Empty, prover.Note, verifier, proved, [], new Dictionary<string, ReadOnlyMemory<byte>>(), new(null, [], [], []))
        {
            Scope = scope,
            Anchors = given,
        };
        facts = facts with { PolicyTexts = await PolicyTexts.ReadAsync(new BundleLog(facts), objects, cancel) };
        return BundleAnswer.Of(facts, new BundleLog(facts));
    }

    private static async Task<HashSet<string>> FindScansAsync(ScanScope scope, LogProver prover, CancellationToken cancel)
    {
        var scans = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (_, entry) in prover.EntriesAsync(cancel))
        {
            if (Leaf.TryReadKey(entry.Span) is { Type: LeafTypes.Scan, Part: "start" } && Leaf.Parse(entry.Span) is var start && scope.Fits(start))
            {
                scans.Add(start.Id);
            }
        }

        return scans;
    }
}
