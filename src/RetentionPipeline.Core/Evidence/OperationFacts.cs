using RetentionPipeline.Core.Erasure;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What a log says of one operation; an index below zero where it says nothing.</summary>
internal struct OperationFacts
{
    public long IntentIndex;
    public DateTimeOffset IntentAt;
    public long IntentCount;
    public long Epoch;
    public string Policy;
    public string? IntentRoot;
    public int Scan;
    public long OutcomeIndex;
    public DateTimeOffset OutcomeAt;
    public long OutcomeHolds;
    public long Deferred;
    public long Acted;
    public string Dataset;
    public string? OutcomeRoot;
    public LeafDigest OutcomeHash;

    /// <summary>Where the keys stand, also those of leaves whose body says nothing.</summary>
    public long IntentKey;
    public long OutcomeKey;

    public static OperationFacts None => new() { IntentIndex = -1, OutcomeIndex = -1, IntentKey = -1, OutcomeKey = -1 };

    public readonly bool HasIntent => IntentIndex >= 0;

    public readonly bool HasOutcome => OutcomeIndex >= 0;

    public void TakeIntent(long index, in LeafFact leaf, int scan)
    {
        (IntentIndex, IntentAt, IntentCount, Epoch) = (index, leaf.At, leaf.Batch.Count, leaf.Batch.Epoch);
        (Policy, IntentRoot, Scan) = (leaf.Batch.Policy, leaf.Batch.Root, scan);
    }

    public void TakeOutcome(long index, in LeafFact leaf)
    {
        (OutcomeIndex, OutcomeAt, OutcomeHolds) = (index, leaf.At, leaf.Batch.HoldVersion);
        (Dataset, OutcomeRoot, OutcomeHash) = (leaf.Batch.Dataset, leaf.Batch.Root, leaf.Batch.Hash);
        Deferred = leaf.Batch.Counts[OutcomeResult.Deferred];
        Acted = leaf.Batch.Counts[OutcomeResult.Erased] + leaf.Batch.Counts[OutcomeResult.Anonymised];
    }
}

/// <summary>The operations of a log, and those that others took up or name.</summary>
internal sealed class OperationTable
{
    public Dictionary<NamedId, OperationFacts> All { get; } = [];

    /// <summary>By child: what its intent names as its parent.</summary>
    public Dictionary<NamedId, NamedId> Parents { get; } = [];

    /// <summary>By operation: what its outcome names as its child.</summary>
    public Dictionary<NamedId, NamedId> Children { get; } = [];

    /// <summary>By operation: what its outcome states, kept where outcome entries will be compared with it.</summary>
    public Dictionary<NamedId, ResultCounts> Counts { get; } = [];
}

/// <summary>A scan: its own leaves, and what the operations add up to that name it.</summary>
internal sealed class ScanTotals(NamedId id)
{
    private ResultCounts ended;

    public ScanLeaves Leaves { get; } = new(id.ToString());

    public NamedId Id => id;

    public List<NamedId> Operations { get; } = [];

    public ref ResultCounts Ended => ref ended;
}
