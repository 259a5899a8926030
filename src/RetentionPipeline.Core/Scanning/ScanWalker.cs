using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>An operation of a scan, as its chain is walked.</summary>
/// <param name="Batch">The batch, or its tombstone.</param>
/// <param name="Results">Null if it has not ended.</param>
public sealed record WalkedOperation(WorkBatch Batch, BatchResults? Results);

/// <summary>Walks the operations of a scan: slices in order, batches in order, each followed by its children.</summary>
public sealed class ScanWalker(ScanBook book, Attempts attempts, OutcomeWriter outcomes, LogIndex log)
{
    /// <summary>All operations of the scan.</summary>
    public async IAsyncEnumerable<WalkedOperation> WalkAsync(
        ScanPlan plan, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var number = 0;
            while (await book.Batches.FindAsync(DerivedId.Operation(plan.Scan, slice, number), cancel) is { } batch)
            {
                await foreach (var operation in WalkChainAsync(batch, cancel))
                {
                    yield return operation;
                }

                number++;
            }
        }
    }

    /// <summary>A batch and its children; nothing for a batch without records.</summary>
    public async IAsyncEnumerable<WalkedOperation> WalkChainAsync(
        WorkBatch batch, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var next = batch.Count > 0 ? batch : null;
        while (next is not null)
        {
            var results = await outcomes.FindAsync(next.Operation, cancel);
            yield return new WalkedOperation(next, results);
            next = results is { Deferred.Count: > 0 }
                ? await book.Batches.FindAsync(DerivedId.Child(next.Operation), cancel)
                : null;
        }
    }

    /// <summary>
    /// Whether the chain has ended and a published checkpoint covers each of its outcomes. A child that is not written
    /// yet leaves it open.
    /// </summary>
    public async Task<ChainState> StateOfChainAsync(WorkBatch batch, CancellationToken cancel)
    {
        BatchResults? last = null;
        await foreach (var operation in WalkChainAsync(batch, cancel))
        {
            last = operation.Results;
            if (last is null
                || await log.FindAsync(KeyOf(operation.Batch.Operation), cancel) is null)
            {
                return new ChainState(false, operation.Batch);
            }
        }

        return new ChainState(last is null or { Deferred.Count: 0 }, batch);
    }

    /// <summary>Whether every batch of the slice was sent.</summary>
    public async Task<Attempt?> StateOfSliceAsync(ScanPlan plan, int slice, CancellationToken cancel) =>
        await attempts.FindAsync(WorkAddress.OfSlice(plan.Scan, slice), cancel);

    /// <summary>Whether a published checkpoint covers the leaf.</summary>
    public async Task<bool> IsInLogAsync(LeafKey key, CancellationToken cancel) => await log.FindAsync(key, cancel) is not null;

    private static LeafKey KeyOf(Guid operation) => new(LeafTypes.Outcome, operation.ToString("D"), "");
}

/// <summary>Where a chain stands.</summary>
/// <param name="Ended">Its last outcome is in the published log.</param>
/// <param name="Open">The operation that is not, otherwise.</param>
public sealed record ChainState(bool Ended, WorkBatch Open);
