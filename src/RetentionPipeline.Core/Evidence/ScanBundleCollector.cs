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
        var leaves = await FindLeavesAsync(scans, prover, anchors, cancel);
        if (2 * leaves.Count > StoredZip.MaxFiles)
        {
            return new BundleAnswer.TooLarge();
        }

        (prover, var given) = await anchored.ChooseAsync(prover, anchors, leaves[^1].Index, cancel);
        var proved = new List<ProvedLeaf>(leaves.Count);
        foreach (var (index, bytes) in leaves)
        {
            proved.Add(new(await prover.ProveAsync(index, cancel), bytes));
        }

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

    private static async Task<IReadOnlyList<(long Index, ReadOnlyMemory<byte> Bytes)>> FindLeavesAsync(
        HashSet<string> scans, LogProver prover, List<AnchorLeaf> anchors, CancellationToken cancel)
    {
        var operations = new HashSet<string>(StringComparer.Ordinal);
        var policies = new Dictionary<string, (long Index, ReadOnlyMemory<byte> Bytes)>(StringComparer.Ordinal);
        var named = new HashSet<string?>();
        var found = new List<(long Index, ReadOnlyMemory<byte> Bytes)>();
        await foreach (var (index, entry) in prover.EntriesAsync(cancel))
        {
            var leaf = Leaf.Parse(entry.Span);
            switch (leaf.Type)
            {
                case LeafTypes.Policy:
                    policies.TryAdd(leaf.Id, (index, entry));
                    continue;
                case LeafTypes.Anchor:
                    anchors.AddRange(AnchorLeaf.Of(leaf) is { } anchor ? [anchor] : []);
                    continue;
                case LeafTypes.Intent when scans.Contains(IntentFacts.Text(leaf.Body, "scan")):
                    operations.Add(leaf.Id);
                    break;
                case LeafTypes.Scan or LeafTypes.Purged when scans.Contains(leaf.Id):
                case LeafTypes.Outcome or LeafTypes.Correction when operations.Contains(leaf.Id):
                    break;
                default:
                    continue;
            }

            named.Add((string?)leaf.Body["policy"]);
            found.Add((index, entry));
        }

        return [.. found.Concat(policies.Where(policy => named.Contains(policy.Key)).Select(policy => policy.Value)).OrderBy(leaf => leaf.Index)];
    }
}
