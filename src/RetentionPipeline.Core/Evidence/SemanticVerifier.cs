using System.Runtime.InteropServices;
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
    private readonly LeafFactReader reader = new(keepsRoots: openings is not null);
    private readonly List<LogProblem> problems = [];
    private readonly Dictionary<(string Type, NamedId Id, string Part), long> keys = [];
    private readonly OperationTable operations = new();
    private readonly Dictionary<NamedId, int> scanNumbers = [];
    private readonly List<ScanTotals> scans = [];
    private readonly HoldRules holds = new(openings);
    private readonly Dictionary<string, List<RequestLeaf>> requests = new(StringComparer.Ordinal);
    private readonly AnchorRules anchors = new();
    private readonly PurgeRules purges = new();
    private readonly EpochRules epochs = new();
    private readonly ForgottenRules forgotten = new();
    private readonly HashSet<string> policies = new(StringComparer.Ordinal);
    private DateTimeOffset lastAt;

    /// <summary>Takes the next leaf.</summary>
    public void Add(long index, Leaf leaf)
    {
        var bytes = Leaf.Encode(leaf.Type, leaf.Id, leaf.Part, leaf.At, leaf.Body);
        Add(index, Read(LeafView.Read(bytes, leaf.Hash ?? Rfc6962.LeafHash(bytes))));
    }

    /// <summary>What it needs of a leaf. Safe for concurrent use.</summary>
    internal LeafFact Read(in LeafView leaf) => reader.Read(leaf);

    /// <summary>Takes the next leaf.</summary>
    internal void Add(long index, in LeafFact leaf)
    {
        lastAt = leaf.At > lastAt ? leaf.At : lastAt;
        if (leaf.Other is null)
        {
            anchors.Take(index, leaf.At);
            AddBatch(index, leaf);
        }
        else if (!keys.TryAdd((leaf.Type, leaf.Id, leaf.Part), index))
        {
            ReportSecond(index, leaf, keys[(leaf.Type, leaf.Id, leaf.Part)]);
        }
        else
        {
            var other = leaf.Other;
            Guard(index, leaf.Type, () => Take(index, other));
        }
    }

    /// <summary>Ends: checks what needs the whole log.</summary>
    public SemanticReport End()
    {
        CheckOperations();
        epochs.End(problems);
        forgotten.End(holds.Forgotten, problems);
        var closed = scans.Select((scan, number) => (scan, number)).Where(one => one.scan.Leaves.Close is not null);
        problems.AddRange(closed.AsParallel().AsOrdered().SelectMany(one => CheckScan(one.scan, one.number)));

        foreach (var (index, leaf) in purges.Purged)
        {
            Guard(index, leaf.Type, () => purges.Check(index, leaf, scan => scans[NumberOf(scan)].Leaves.Close, problems));
        }

        var byName = scans.Where(scan => scan.Leaves.Start is not null || scan.Leaves.Close is not null)
            .ToDictionary(scan => scan.Leaves.Scan, scan => scan.Leaves, StringComparer.Ordinal);
        var requestRules = new RequestRules(byName, policies, openings);
        foreach (var (request, leaves) in requests)
        {
            Guard(leaves[^1].Index, LeafTypes.Request, () => requestRules.Check(request, leaves, problems));
        }

        var open = operations.All.Where(pair => pair.Value is { HasIntent: true, HasOutcome: false })
            .Select(pair => (pair.Key.ToString(), lastAt - pair.Value.IntentAt)).ToList();
        return new SemanticReport([.. problems.OrderBy(problem => problem.Index)], open, holds.Unchecked(), requestRules.Unchecked);
    }

    private void CheckOperations()
    {
        var known = "";
        foreach (var operation in operations.All.Keys)
        {
            ref readonly var facts = ref CollectionsMarshal.GetValueRefOrNullRef(operations.All, operation);
            if (facts.HasIntent)
            {
                // The same text as of the one before, nearly always: then it is the same string.
                if (!ReferenceEquals(facts.Policy, known) && !policies.Contains(facts.Policy))
                {
                    Report(facts.IntentIndex, "policy-unknown", $"The intent of {operation} names a policy that the log does not hold.");
                }
                else
                {
                    known = facts.Policy;
                }

                holds.CheckOpenings(operation, facts, problems);
            }

            if (facts.HasOutcome)
            {
                CheckChild(operation, facts);
                holds.CheckEntries(operation, facts, operations.Counts.GetValueOrDefault(operation), problems);
                holds.Check(operation, facts, problems);
            }
        }
    }

    private List<LogProblem> CheckScan(ScanTotals scan, int number)
    {
        var found = new List<LogProblem>();
        Guard(scan.Leaves.Close!.Value.Index, LeafTypes.Scan, () => new ScanRules(number, scan, operations).Check(found), found);
        return found;
    }

    private void AddBatch(long index, in LeafFact leaf)
    {
        ref var facts = ref CollectionsMarshal.GetValueRefOrAddDefault(operations.All, leaf.Id, out var isThere);
        if (!isThere)
        {
            facts = OperationFacts.None;
        }

        var isIntent = leaf.Type == LeafTypes.Intent;
        ref var key = ref isIntent ? ref facts.IntentKey : ref facts.OutcomeKey;
        if (leaf.Part.Length == 0 ? key >= 0 : !keys.TryAdd((leaf.Type, leaf.Id, leaf.Part), index))
        {
            ReportSecond(index, leaf, leaf.Part.Length == 0 ? key : keys[(leaf.Type, leaf.Id, leaf.Part)]);
            return;
        }

        key = leaf.Part.Length == 0 ? index : key;
        if (!leaf.IsWell)
        {
            ReportBody(index, leaf.Type, problems);
        }
        else if (isIntent)
        {
            facts.TakeIntent(index, leaf, NumberOf(leaf.Batch.Scan));
            scans[facts.Scan].Operations.Add(leaf.Id);
            epochs.Use(index, leaf.Batch.Epoch, leaf.At);
            if (leaf.Batch.Chained is { } parent)
            {
                operations.Parents[leaf.Id] = parent;
            }
        }
        else
        {
            facts.TakeOutcome(index, leaf);
            purges.Disclose(leaf.Batch.Scan, leaf.Batch.Residuals);
            CheckOutcome(index, leaf, facts);
        }
    }

    private void CheckOutcome(long index, in LeafFact leaf, in OperationFacts facts)
    {
        if (leaf.Batch.Chained is { } child)
        {
            operations.Children[leaf.Id] = child;
        }

        if (openings is not null)
        {
            operations.Counts[leaf.Id] = leaf.Batch.Counts;
        }

        if (!facts.HasIntent)
        {
            Report(index, "outcome-without-intent", $"The outcome of {leaf.Id} has no intent before it.");
            return;
        }

        scans[facts.Scan].Ended.AddEnded(leaf.Batch.Counts);
        if (facts.IntentCount != leaf.Batch.Count || leaf.Batch.Counts.Sum != leaf.Batch.Count)
        {
            Report(index, "counts", $"The outcome of {leaf.Id} states other numbers than its intent, or than its own sum.");
        }

        if (leaf.At < facts.IntentAt)
        {
            Report(index, "time-backwards", $"The outcome of {leaf.Id} is older than its intent.");
        }
    }

    private void Take(long index, Leaf leaf)
    {
        if (leaf.Type == LeafTypes.Anchor)
        {
            anchors.Take(index, leaf, problems);
            return;
        }

        anchors.Take(index, leaf.At);
        switch (leaf.Type)
        {
            case LeafTypes.Policy:
                policies.Add(leaf.Id);
                break;
            case LeafTypes.Scan:
                scans[NumberOf(NamedId.Of(System.Text.Encoding.ASCII.GetBytes(leaf.Id)))].Leaves.Take(index, leaf);
                break;
            case LeafTypes.Hold or LeafTypes.HoldEffective or LeafTypes.HoldReleased:
                holds.Take(index, leaf, problems);
                break;
            case LeafTypes.Purged:
                purges.Take(index, leaf);
                break;
            case LeafTypes.Forgotten:
                forgotten.Take(index, leaf, problems);
                break;
            case LeafTypes.KeyEpoch:
                epochs.Take(index, leaf);
                break;
            case LeafTypes.Request:
                TakeRequest(index, leaf);
                break;
        }
    }

    private void TakeRequest(long index, Leaf leaf)
    {
        var told = RequestLeaf.Of(index, leaf);
        (CollectionsMarshal.GetValueRefOrAddDefault(requests, leaf.Id, out _) ??= []).Add(told);
    }

    private void CheckChild(NamedId operation, in OperationFacts facts)
    {
        var isNamed = operations.Children.TryGetValue(operation, out var child);
        if (facts.Deferred > 0 != isNamed)
        {
            Report(facts.OutcomeIndex, "child", $"The outcome of {operation} defers records and names no child, or the other way round.");
        }

        if (!isNamed || !operations.All.TryGetValue(child, out var next) || !next.HasIntent)
        {
            return;
        }

        if (!operations.Parents.TryGetValue(child, out var parent) || parent != operation || next.IntentCount != facts.Deferred)
        {
            Report(next.IntentIndex, "child", $"The child {child} does not take up what {operation} deferred.");
        }

        if (next.IntentAt < facts.OutcomeAt)
        {
            Report(next.IntentIndex, "time-backwards", $"The child {child} is older than the outcome that deferred its records.");
        }
    }

    private int NumberOf(NamedId scan)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(scanNumbers, scan, out var isThere);
        if (!isThere)
        {
            number = scans.Count;
            scans.Add(new ScanTotals(scan));
        }

        return number;
    }

    /// <summary>A leaf of another form than its type's is a problem of the log, not of the verifier.</summary>
    private void Guard(long index, string type, Action check) => Guard(index, type, check, problems);

    private static void Guard(long index, string type, Action check, List<LogProblem> found)
    {
        try
        {
            check();
        }
        catch (Exception problem) when (problem is NullReferenceException or InvalidOperationException or FormatException or ArgumentException)
        {
            ReportBody(index, type, found);
        }
    }

    private void ReportSecond(long index, in LeafFact leaf, long first) => Report(
        index, leaf.Type == LeafTypes.Outcome ? "two-outcomes" : "same-key",
        $"A second leaf of type {leaf.Type} about {leaf.Id}, with other bytes than leaf {first}.");

    private static void ReportBody(long index, string type, List<LogProblem> found) =>
        found.Add(new(index, "body", $"The body of a leaf of type {type} lacks what such a leaf states."));

    private void Report(long index, string rule, string message) => problems.Add(new LogProblem(index, rule, message));
}
