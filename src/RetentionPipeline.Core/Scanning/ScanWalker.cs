using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>An operation of a scan, as its chain is walked.</summary>
/// <param name="Batch">The batch without its records.</param>
/// <param name="End">Null if it has not ended.</param>
public sealed record WalkedOperation(WorkBatch Batch, OperationEnd? End);

/// <summary>A record of an operation that has ended.</summary>
/// <param name="Outcome">Its outcome entry.</param>
/// <param name="Entry">What the slice saw of it; null once the batch is a tombstone.</param>
public sealed record WalkedRecord(string Outcome, WorkEntry? Entry);

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
            while (await book.Batches.FindHeadAsync(DerivedId.Operation(plan.Scan, slice, number), cancel) is { } batch)
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
            var end = await outcomes.FindEndAsync(next.Operation, cancel);
            yield return new WalkedOperation(next, end);
            next = end is { Deferred: > 0 }
                ? await book.Batches.FindHeadAsync(DerivedId.Child(next.Operation), cancel)
                : null;
        }
    }

    /// <summary>
    /// Whether the chain has ended and a published checkpoint covers each of its outcomes. A child that is not written
    /// yet leaves it open.
    /// </summary>
    public async Task<ChainState> StateOfChainAsync(WorkBatch batch, CancellationToken cancel)
    {
        OperationEnd? last = null;
        await foreach (var operation in WalkChainAsync(batch, cancel))
        {
            last = operation.End;
            if (last is null
                || await log.FindAsync(KeyOf(operation.Batch.Operation), cancel) is null)
            {
                return new ChainState(false, operation.Batch);
            }
        }

        return new ChainState(last is null or { Deferred: 0 }, batch);
    }

    /// <summary>The outcome entries of an operation, and its records while they are kept; none where it has not ended.</summary>
    public async Task<IReadOnlyList<WalkedRecord>> ReadRecordsAsync(WalkedOperation operation, CancellationToken cancel)
    {
        var results = await outcomes.FindAsync(operation.Batch.Operation, cancel);
        var batch = await book.Batches.FindAsync(operation.Batch.Operation, cancel);
        return [.. (results?.Entries ?? []).Select((entry, place) => new WalkedRecord(entry, batch!.Entries.ElementAtOrDefault(place)))];
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
