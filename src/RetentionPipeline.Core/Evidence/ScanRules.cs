using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// A closing leaf commits to the list of its operations: every chain has ended, the counts add up, and the root is that of
/// exactly these operations, in their order.
/// </summary>
internal sealed class ScanRules(
    ScanLeaves scan, IReadOnlyDictionary<string, IntentFacts> intents, IReadOnlyDictionary<string, OutcomeLeaf> outcomes)
{
    public void Check(List<LogProblem> problems)
    {
        if (scan.Close is not { } close)
        {
            return;
        }

        foreach (var open in scan.Operations.Where(operation => !outcomes.ContainsKey(operation)))
        {
            problems.Add(new(intents[open].Index, "chain-open", $"Scan {scan.Scan} is closed, and its operation {open} has no outcome."));
        }

        foreach (var outcome in scan.Operations.Select(outcomes.GetValueOrDefault).Where(one => one?.Child is { } child && !scan.Operations.Contains(child)))
        {
            problems.Add(new(outcome!.Index, "chain-open", $"Scan {scan.Scan} is closed, and nobody took up what {outcome.Operation} deferred."));
        }

        var body = close.Leaf.Body;
        var ordered = InOrder();
        var root = Convert.ToHexStringLower(MerkleTree.Root([.. ordered.Select(EntryHash)]));
        if ((long)body["operations"]! != ordered.Count || (string)body["root"]! != root || ordered.Count != scan.Operations.Count)
        {
            problems.Add(new(close.Index, "scan-operations", $"The closing leaf of scan {scan.Scan} does not commit to the operations that the log holds."));
        }

        var sums = new Dictionary<string, long>();
        foreach (var (result, count) in ordered.SelectMany(operation => outcomes[operation].Counts)
            .Where(pair => pair.Key is not OutcomeResult.Deferred))
        {
            var word = OutcomeEncoding.Word(result);
            sums[word] = sums.GetValueOrDefault(word) + count;
        }

        var stated = body["counts"]!.AsObject().ToDictionary(pair => pair.Key, pair => (long)pair.Value!);
        var adds = stated.Count == sums.Count && stated.All(pair => sums.GetValueOrDefault(pair.Key) == pair.Value)
            && (long)body["due"]! == sums.Values.Sum() + (long)body["notActed"]!;
        if (!adds)
        {
            problems.Add(new(close.Index, "scan-counts", $"The counts of scan {scan.Scan} do not add up to those of its operations."));
        }
    }

    /// <summary>Slices in order, batches in order, each followed by its children: ids are derived, so the order is known.</summary>
    private List<string> InOrder()
    {
        var ordered = new List<string>();
        if (!Guid.TryParse(scan.Scan, out var id))
        {
            return ordered;
        }

        // A slice that stops in time leaves numbers without records, which have no leaves.
        var numbers = (4 * scan.Operations.Count) + 1000;
        for (var slice = 0; slice < scan.Slices && ordered.Count < scan.Operations.Count; slice++)
        {
            for (var number = 0; number < numbers && ordered.Count < scan.Operations.Count; number++)
            {
                var operation = DerivedId.Operation(id, slice, number);
                while (scan.Operations.Contains(operation.ToString("D")) && outcomes.ContainsKey(operation.ToString("D")))
                {
                    ordered.Add(operation.ToString("D"));
                    operation = DerivedId.Child(operation);
                }
            }
        }

        return ordered;
    }

    private byte[] EntryHash(string operation) => Rfc6962.LeafHash(Jcs.Encode(new JsonObject
    {
        ["operation"] = operation,
        ["outcome"] = Convert.ToHexStringLower(outcomes[operation].Hash),
    }));
}
