using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Holds;

/// <summary>Tells which operations name a person or a record. Erasure answers from its openings.</summary>
public interface IOperationSubjects
{
    /// <summary>
    /// Whether the operation's records may include one that the hold covers; true where that cannot be told (a log's
    /// content names whom it names).
    /// </summary>
    Task<bool> MayConcernAsync(LoggedIntent intent, HoldScope scope, CancellationToken cancel);
}

/// <summary>
/// Makes placed holds effective and completes what a crash left half done, by timer. A hold is in force from its row on;
/// it is effective, and shown so, when (a) the wait is over in which an act may rest on an older reading, (b) a published
/// checkpoint covers every lane to the length that it had after that wait, and (c) each older intent that it covers has
/// its outcome there. The leaf names that tree's size.
/// </summary>
public sealed partial class HoldHandler(
    HoldTable table, HoldDesk desk, ReleasedHolds released, HoldLog log, IOperationSubjects operations,
    ILogger<HoldHandler> logger)
{
    /// <summary>One pass over all holds.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var pending = false;
        await foreach (var entry in table.ListEntriesAsync(cancel))
        {
            switch (entry.Hold.State)
            {
                case HoldState.Pending:
                    pending = true;
                    await desk.AppendAsync(entry, LeafTypes.Hold, cancel);
                    await TryMakeEffectiveAsync(entry, cancel);
                    break;
                case HoldState.Effective:
                    await desk.AppendAsync(entry, LeafTypes.HoldEffective, cancel);
                    break;
                case HoldState.Releasing:
                    await desk.CompleteReleaseAsync(entry.Hold.Id, cancel);
                    break;
                case HoldState.Released:
                    await released.UnnameAsync(entry, cancel);
                    break;
            }
        }

        if (!pending)
        {
            await log.Intents.FollowAsync(cancel);
            log.Intents.ForgetEnded();
        }
    }

    private async Task TryMakeEffectiveAsync(HoldEntry entry, CancellationToken cancel)
    {
        if (log.Time.GetUtcNow() - entry.Hold.PlacedAt < log.Times.BarrierWait)
        {
            return;
        }

        if (entry.Barrier is null)
        {
            var lengths = await log.Lanes.LengthsAsync(cancel);
            var barrier = new HoldBarrierState([.. lengths.Select(length => length.ToString())], [], []);
            await table.ReplaceAsync(entry with { Barrier = barrier }, cancel);
            return;
        }

        if (!await CoversAsync(entry.Barrier, cancel))
        {
            return;
        }

        var size = await log.Intents.FollowAsync(cancel);
        var (waitsFor, touched) = await SortOlderAsync(entry.Hold, cancel);
        if (waitsFor.Count > 0)
        {
            LogWaits(entry.Hold.Id, waitsFor.Count);
            await table.ReplaceAsync(entry with { Barrier = entry.Barrier with { WaitsFor = waitsFor } }, cancel);
            return;
        }

        var effective = entry with
        {
            Hold = entry.Hold with { State = HoldState.Effective },
            Barrier = entry.Barrier with { WaitsFor = [], Touched = touched },
            Leaves = HoldDesk.With(
                entry.Leaves, LeafTypes.HoldEffective,
                HoldLeaves.Effective(entry.Hold, size, log.Time.GetUtcNow())),
        };
        if (await table.ReplaceAsync(effective, cancel) is RowCommit.Committed)
        {
            await desk.AppendAsync(effective, LeafTypes.HoldEffective, cancel);
        }
    }

    private async Task<bool> CoversAsync(HoldBarrierState barrier, CancellationToken cancel)
    {
        if (await log.Reader.CoveredLanesAsync(cancel) is not { } covered)
        {
            return false;
        }

        for (var lane = 0; lane < barrier.LanePositions.Count; lane++)
        {
            if (covered[lane] < LanePosition.Parse(barrier.LanePositions[lane]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One stuck message of other records blocks no hold: only operations that may concern it are waited for.</summary>
    private async Task<(IReadOnlyList<Guid> WaitsFor, IReadOnlyList<Guid> Touched)> SortOlderAsync(
        Hold hold, CancellationToken cancel)
    {
        var waitsFor = new List<Guid>();
        var touched = new List<Guid>();
        foreach (var intent in log.Intents.OlderThan(hold.Version).ToList())
        {
            var concerns = hold.Scope is HoldScope.OfDataset { Dataset: var dataset }
                ? dataset == intent.Dataset
                : await operations.MayConcernAsync(intent, hold.Scope, cancel);
            if (concerns)
            {
                (intent.Ended ? touched : waitsFor).Add(intent.Operation);
            }
        }

        return (waitsFor, touched);
    }

    [LoggerMessage(6001, LogLevel.Warning, "Hold {Hold} waits for {Count} operations that began before it")]
    private partial void LogWaits(Guid hold, int count);
}

/// <summary>What the barrier reads.</summary>
public sealed record HoldLog(LogReader Reader, IntentBook Intents, ILaneStore Lanes, TimeProvider Time, PipelineTimes Times);
