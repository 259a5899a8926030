using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What the facts of a bundle of scans must be: whole scans that fit its scope, and nothing of anybody.</summary>
internal sealed class ScanChecks(BundleFacts facts, ScanScope scope, List<BundleProblem> problems)
{
    public void Check(BundleLog log)
    {
        var meaning = new SemanticVerifier(null);
        foreach (var (index, leaf) in log.Leaves)
        {
            meaning.Add(index, leaf);
            if (!BelongsHere(leaf, log))
            {
                Add(BundleNames.Entry(index), "foreign-leaf", "The leaf is of no scan that this bundle is about.");
            }
        }

        foreach (var problem in meaning.End().Problems.Where(problem => problem.Rule != EpochRules.Unknown))
        {
            Add(problem.Index is { } index ? BundleNames.Entry(index) : BundleNames.Checkpoint, problem.Rule, problem.Message);
        }

        if (log.Scans.Count == 0)
        {
            Add(BundleNames.Manifest, "scope", "The bundle is about scans, and holds none.");
        }

        foreach (var shown in facts.Shown)
        {
            Add(BundleNames.Shown(shown.Operation, shown.Place), "subjects", "A bundle of scans shows no record, and this is one.");
        }
    }

    private bool BelongsHere(Leaf leaf, BundleLog log) => leaf.Type switch
    {
        LeafTypes.Policy => log.NamedPolicies.Contains(leaf.Id),
        LeafTypes.Scan or LeafTypes.Purged => IsOurs(leaf.Id, log),
        LeafTypes.Intent or LeafTypes.Outcome => IsOurs(IntentFacts.Text(leaf.Body, "scan"), log),
        LeafTypes.Correction => log.Intents.ContainsKey(leaf.Id),
        _ => false,
    };

    private bool IsOurs(string scan, BundleLog log) => log.Scans.GetValueOrDefault(scan)?.Start is { } start && scope.Fits(start.Leaf);

    private void Add(string file, string rule, string message) => problems.Add(new BundleProblem(file, rule, message));
}
