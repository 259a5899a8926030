using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What the leaves of a log say together.</summary>
/// <param name="Problems">Rules that are broken.</param>
/// <param name="OpenIntents">Intents without an outcome, with their age at the log's last leaf.</param>
/// <param name="UncheckedHolds">Subject and record holds that were not checked, since no openings were given.</param>
/// <param name="UncheckedRequests">Requests whose list of datasets was not checked, since its entries were not given.</param>
public sealed record SemanticReport(
    IReadOnlyList<LogProblem> Problems, IReadOnlyList<(string Operation, TimeSpan Age)> OpenIntents,
    IReadOnlyList<string> UncheckedHolds, IReadOnlyList<string> UncheckedRequests);

/// <summary>
/// Checks what the leaves of a whole log mean: fed leaf by leaf, in order. Structure is checked before, by
/// <see cref="StructuralVerifier"/>. The rules stand in <c>docs/ledger/leaves.md</c>.
/// </summary>
public sealed class SemanticVerifier(IOpeningsSource? openings)
{
    private readonly List<LogProblem> problems = [];
    private readonly Dictionary<LeafKey, long> keys = [];
    private readonly Dictionary<string, IntentFacts> intents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OutcomeLeaf> outcomes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ScanLeaves> scans = new(StringComparer.Ordinal);
    private readonly HoldRules holds = new(openings);
    private readonly Dictionary<string, List<RequestLeaf>> requests = new(StringComparer.Ordinal);
    private readonly AnchorRules anchors = new();
    private readonly HashSet<string> policies = new(StringComparer.Ordinal);
    private DateTimeOffset lastAt;

    /// <summary>Takes the next leaf.</summary>
    public void Add(long index, Leaf leaf)
    {
        lastAt = leaf.At > lastAt ? leaf.At : lastAt;
        if (!keys.TryAdd(leaf.Key, index))
        {
            var rule = leaf.Type == LeafTypes.Outcome ? "two-outcomes" : "same-key";
            Report(index, rule, $"A second leaf of type {leaf.Type} about {leaf.Id}, with other bytes than leaf {keys[leaf.Key]}.");
            return;
        }

        Guard(index, leaf.Type, () => anchors.Take(index, leaf, problems));
        Guard(index, leaf.Type, () => Take(index, leaf));
    }

    /// <summary>Ends: checks what needs the whole log.</summary>
    public SemanticReport End()
    {
        foreach (var (operation, intent) in intents)
        {
            if (!policies.Contains(intent.Policy))
            {
                Report(intent.Index, "policy-unknown", $"The intent of {operation} names a policy that the log does not hold.");
            }

            holds.CheckOpenings(operation, intent, problems);
        }

        foreach (var outcome in outcomes.Values)
        {
            CheckChild(outcome);
            holds.CheckEntries(outcome, problems);
            holds.Check(outcome, problems);
        }

        foreach (var scan in scans.Values)
        {
            Guard(scan.Close?.Index ?? 0, LeafTypes.Scan, () => new ScanRules(scan, intents, outcomes).Check(problems));
        }

        var requestRules = new RequestRules(scans, policies, openings);
        foreach (var (request, leaves) in requests)
        {
            Guard(leaves[^1].Index, LeafTypes.Request, () => requestRules.Check(request, leaves, problems));
        }

        var open = intents.Where(pair => !outcomes.ContainsKey(pair.Key))
            .Select(pair => (pair.Key, lastAt - pair.Value.At)).ToList();
        return new SemanticReport([.. problems.OrderBy(problem => problem.Index)], open, holds.Unchecked(), requestRules.Unchecked);
    }

    private void Take(long index, Leaf leaf)
    {
        switch (leaf.Type)
        {
            case LeafTypes.Policy:
                policies.Add(leaf.Id);
                break;
            case LeafTypes.Intent:
                intents[leaf.Id] = IntentFacts.Of(index, leaf);
                ScanOf(intents[leaf.Id].Scan).Operations.Add(leaf.Id);
                break;
            case LeafTypes.Outcome:
                TakeOutcome(index, leaf);
                break;
            case LeafTypes.Scan:
                ScanOf(leaf.Id).Take(index, leaf);
                break;
            case LeafTypes.Hold or LeafTypes.HoldEffective or LeafTypes.HoldReleased:
                holds.Take(index, leaf, problems);
                break;
            case LeafTypes.Request:
                TakeRequest(index, leaf);
                break;
        }
    }

    private void TakeOutcome(long index, Leaf leaf)
    {
        var outcome = OutcomeLeaf.Of(index, leaf);
        outcomes[leaf.Id] = outcome;
        if (!intents.TryGetValue(leaf.Id, out var intent))
        {
            Report(index, "outcome-without-intent", $"The outcome of {leaf.Id} has no intent before it.");
            return;
        }

        if (intent.Count != outcome.Count || outcome.Counts.Values.Sum() != outcome.Count)
        {
            Report(index, "counts", $"The outcome of {leaf.Id} states other numbers than its intent, or than its own sum.");
        }

        if (leaf.At < intent.At)
        {
            Report(index, "time-backwards", $"The outcome of {leaf.Id} is older than its intent.");
        }
    }

    private void TakeRequest(long index, Leaf leaf)
    {
        var told = RequestLeaf.Of(index, leaf);
        if (!requests.TryGetValue(leaf.Id, out var leaves))
        {
            requests[leaf.Id] = leaves = [];
        }

        leaves.Add(told);
    }

    private void CheckChild(OutcomeLeaf outcome)
    {
        var deferred = outcome.Counts.GetValueOrDefault(OutcomeResult.Deferred);
        if (deferred > 0 != outcome.Child is not null)
        {
            Report(outcome.Index, "child", $"The outcome of {outcome.Operation} defers records and names no child, or the other way round.");
        }

        if (outcome.Child is not { } child || !intents.TryGetValue(child, out var intent))
        {
            return;
        }

        if (intent.Parent != outcome.Operation || intent.Count != deferred)
        {
            Report(intent.Index, "child", $"The child {child} does not take up what {outcome.Operation} deferred.");
        }

        if (intent.At < outcome.At)
        {
            Report(intent.Index, "time-backwards", $"The child {child} is older than the outcome that deferred its records.");
        }
    }

    private ScanLeaves ScanOf(string scan)
    {
        if (!scans.TryGetValue(scan, out var leaves))
        {
            scans[scan] = leaves = new ScanLeaves(scan);
        }

        return leaves;
    }

    /// <summary>A leaf of another form than its type's is a problem of the log, not of the verifier.</summary>
    private void Guard(long index, string type, Action check)
    {
        try
        {
            check();
        }
        catch (Exception problem) when (problem is NullReferenceException or InvalidOperationException or FormatException or ArgumentException)
        {
            Report(index, "body", $"The body of a leaf of type {type} lacks what such a leaf states.");
        }
    }

    private void Report(long index, string rule, string message) => problems.Add(new LogProblem(index, rule, message));
}
