using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Finds the leaves that a bundle holds: those of scans, and what these rest on, in one reading of the log.</summary>
internal static class BundleLeaves
{
    /// <summary>
    /// Leaves of the scans and of their operations, those told besides, and the policies that any of them names; in the log's
    /// order.
    /// </summary>
    /// <param name="scans">Ids of the scans.</param>
    /// <param name="told">Leaves of a request; none where scans are all there is.</param>
    /// <param name="prover">The log.</param>
    /// <param name="anchors">Every anchor of the log is added.</param>
    /// <param name="cancel">Ends the reading.</param>
    public static async Task<IReadOnlyList<(long Index, ReadOnlyMemory<byte> Bytes)>> FindAsync(
        IReadOnlySet<string> scans, IReadOnlyList<(long Index, Leaf Leaf)> told, LogProver prover, List<AnchorLeaf> anchors,
        CancellationToken cancel)
    {
        var own = told.Select(leaf => leaf.Index).ToHashSet();
        var operations = new HashSet<string>(StringComparer.Ordinal);
        var policies = new Dictionary<string, (long Index, ReadOnlyMemory<byte> Bytes)>(StringComparer.Ordinal);
        var named = told.Select(leaf => (string?)leaf.Leaf.Body["policy"]).ToHashSet();
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
                case LeafTypes.Request when own.Contains(index):
                    break;
                default:
                    continue;
            }

            named.Add((string?)leaf.Body["policy"]);
            found.Add((index, entry));
        }

        return [.. found.Concat(policies.Where(policy => named.Contains(policy.Key)).Select(policy => policy.Value)).OrderBy(leaf => leaf.Index)];
    }

    /// <summary>Each leaf with its proof under the prover's checkpoint.</summary>
    public static async Task<IReadOnlyList<ProvedLeaf>> ProveAsync(
        IReadOnlyList<(long Index, ReadOnlyMemory<byte> Bytes)> leaves, LogProver prover, CancellationToken cancel)
    {
        var proved = new List<ProvedLeaf>(leaves.Count);
        foreach (var (index, bytes) in leaves)
        {
            proved.Add(new(await prover.ProveAsync(index, cancel), bytes));
        }

        return proved;
    }
}
