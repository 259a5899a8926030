using System.Text.Unicode;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// A closing leaf commits to the list of its operations: every chain has ended, the counts add up, and the root is that of
/// exactly these operations, in their order.
/// </summary>
internal sealed class ScanRules(int number, ScanTotals scan, OperationTable operations)
{
    private const int EntryLength = 256;

    public void Check(List<LogProblem> problems)
    {
        if (scan.Leaves.Close is not { } close)
        {
            return;
        }

        foreach (var operation in scan.Operations)
        {
            ref readonly var facts = ref Facts(operation);
            if (!facts.HasOutcome)
            {
                problems.Add(new(facts.IntentIndex, "chain-open", $"Scan {scan.Id} is closed, and its operation {operation} has no outcome."));
            }
            else if (operations.Children.TryGetValue(operation, out var child) && !IsOfScan(child))
            {
                problems.Add(new(facts.OutcomeIndex, "chain-open", $"Scan {scan.Id} is closed, and nobody took up what {operation} deferred."));
            }
        }

        var body = close.Leaf.Body;
        var ordered = InOrder(withHidden: false);
        if (ordered.Count != scan.Operations.Count)
        {
            ordered = InOrder(withHidden: true);
        }

        if ((long)body["operations"]! != ordered.Count || ordered.Count != scan.Operations.Count
            || (string)body["root"]! != Convert.ToHexStringLower(MerkleTree.Root([.. ordered.Select(EntryHash)])))
        {
            problems.Add(new(close.Index, "scan-operations", $"The closing leaf of scan {scan.Id} does not commit to the operations that the log holds."));
        }

        var stated = body["counts"]!.AsObject().ToDictionary(pair => pair.Key, pair => (long)pair.Value!);
        var sums = scan.Ended.Named().ToDictionary(pair => OutcomeEncoding.Word(pair.Result), pair => pair.Count);
        var adds = stated.Count == sums.Count && stated.All(pair => sums.GetValueOrDefault(pair.Key) == pair.Value)
            && (long)body["due"]! == sums.Values.Sum() + (long)body["notActed"]!;
        if (!adds)
        {
            problems.Add(new(close.Index, "scan-counts", $"The counts of scan {scan.Id} do not add up to those of its operations."));
        }
    }

    private ref readonly OperationFacts Facts(NamedId operation) =>
        ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(operations.All, operation);

    private bool IsOfScan(NamedId operation) =>
        operations.All.TryGetValue(operation, out var facts) && facts.HasIntent && facts.Scan == number;

    /// <summary>
    /// Slices in order, batches in order, each followed by its children: ids are derived, so the order is known. Deriving
    /// costs the most of it: children that no outcome names are looked for only where something is missing.
    /// </summary>
    private List<Guid> InOrder(bool withHidden)
    {
        var ordered = new List<Guid>(scan.Operations.Count);
        if (!Guid.TryParse(scan.Id.ToString(), out var id))
        {
            return ordered;
        }

        // A slice that stops in time leaves numbers without records, which have no leaves.
        var numbers = (4 * scan.Operations.Count) + 1000;
        for (var slice = 0; slice < scan.Leaves.Slices && ordered.Count < scan.Operations.Count; slice++)
        {
            for (var batch = 0; batch < numbers && ordered.Count < scan.Operations.Count; batch++)
            {
                var operation = DerivedId.Operation(id, slice, batch);
                while (operations.All.TryGetValue(new(operation, null), out var facts) && facts.HasOutcome && facts.HasIntent && facts.Scan == number)
                {
                    ordered.Add(operation);
                    if (!withHidden && !operations.Children.ContainsKey(new(operation, null)))
                    {
                        break;
                    }

                    operation = DerivedId.Child(operation);
                }
            }
        }

        return ordered;
    }

    /// <summary>Leaf hash of JCS({operation, outcome}), which for these two is always of this form.</summary>
    private byte[] EntryHash(Guid operation)
    {
        Span<byte> entry = stackalloc byte[EntryLength];
        Utf8.TryWrite(entry, CultureInfo.InvariantCulture, $"{{\"operation\":\"{operation:D}\",\"outcome\":\"", out var length);
        Convert.TryToHexStringLower(Facts(new(operation, null)).OutcomeHash, entry[length..], out var written);
        length += written;
        "\"}"u8.CopyTo(entry[length..]);
        return Rfc6962.LeafHash(entry[..(length + 2)]);
    }
}
