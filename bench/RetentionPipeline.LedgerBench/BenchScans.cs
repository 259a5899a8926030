using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.LedgerBench;

/// <summary>
/// Whole scans as the pipeline writes them: start, an intent and an outcome for each of 500 operations, a closing over
/// them. All rules of meaning have something to look at.
/// </summary>
internal static class BenchScans
{
    /// <summary>Leaves of one scan.</summary>
    public const int Leaves = 2 + (2 * Operations);

    private const int Operations = 500;
    private static readonly DateTimeOffset At = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The leaves of scan number <paramref name="number"/>, in order.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Of(int number)
    {
        var (at, id) = (At.AddMinutes(number), DerivedId.Scan("visits-end", "visits", At.AddMinutes(number)));
        var leaves = new List<ReadOnlyMemory<byte>>(Leaves)
        {
            Leaf.Encode(LeafTypes.Scan, id.ToString("D"), "start", at, new JsonObject
            {
                ["action"] = "delete", ["cutOff"] = "2026-01-01T00:00:00.000Z", ["dataset"] = "visits", ["mode"] = "enforce",
                ["policy"] = BenchLeaves.Policy, ["purpose"] = "retention", ["rule"] = "visits-end", ["slices"] = 1,
            }),
        };
        var entries = new List<byte[]>(Operations);
        for (var batch = 0; batch < Operations; batch++)
        {
            var operation = DerivedId.Operation(id, 0, batch).ToString("D");
            leaves.Add(Leaf.Encode(LeafTypes.Intent, operation, "", at.AddSeconds(1), BenchLeaves.IntentBody(id.ToString("D"))));
            var outcome = Leaf.Encode(LeafTypes.Outcome, operation, "", at.AddSeconds(2), BenchLeaves.OutcomeBody(id.ToString("D")));
            leaves.Add(outcome);
            entries.Add(Rfc6962.LeafHash(Jcs.Encode(new JsonObject
            {
                ["operation"] = operation,
                ["outcome"] = Convert.ToHexStringLower(Rfc6962.LeafHash(outcome)),
            })));
        }

        leaves.Add(Leaf.Encode(LeafTypes.Scan, id.ToString("D"), "close", at.AddSeconds(3), new JsonObject
        {
            ["action"] = "delete",
            ["counts"] = new JsonObject { ["absent"] = Operations, ["erased"] = 999 * Operations },
            ["cutOff"] = "2026-01-01T00:00:00.000Z",
            ["dataset"] = "visits",
            ["done"] = 1_000 * Operations,
            ["due"] = 1_000 * Operations,
            ["examined"] = 1_000 * Operations,
            ["kept"] = new JsonObject(),
            ["listed"] = 0,
            ["notActed"] = 0,
            ["operations"] = Operations,
            ["policy"] = BenchLeaves.Policy,
            ["root"] = Convert.ToHexStringLower(MerkleTree.Root(entries)),
            ["rule"] = "visits-end",
            ["status"] = "done",
            ["undated"] = 0,
        }));
        return leaves;
    }
}
