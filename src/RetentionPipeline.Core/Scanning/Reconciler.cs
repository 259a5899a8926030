using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>
/// Sends again what was sent and has not ended, by timer: whatever a crash, a lost message or a dead letter left behind.
/// It leaves alone what is stopped or parked, and what began or may begin only lately.
/// </summary>
public sealed partial class Reconciler(
    ScanBook book, OpenScans open, ScanWalker walker, VerdictWriter verdicts, ReconcilerParts parts,
    ILogger<Reconciler> logger)
{
    private readonly Dictionary<(Guid Scan, int Slice), int> ended = [];

    /// <summary>One pass over all open scans.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await parts.PolicyBook.AppendLeafAsync(cancel);
        foreach (var scan in await open.ListAsync(cancel))
        {
            if (await book.FindPlanAsync(scan.Scan, cancel) is not { } plan)
            {
                await DropLeftBehindAsync(scan, cancel);
            }
            else if (await book.FindClosingAsync(scan.Scan, cancel) is null
                && !await IsStoppedAsync(plan, cancel))
            {
                await ReconcileAsync(plan, cancel);
            }
        }
    }

    /// <summary>
    /// A crash between a scan's row and its plan leaves the row. Whoever begins the same scan goes on from it; that of a
    /// window of requests is begun by nobody once its window is not the newest any more, and their next window serves
    /// them. A rule's scan that holds its dataset is the scan timer's to drop.
    /// </summary>
    private async Task DropLeftBehindAsync(OpenScan scan, CancellationToken cancel)
    {
        if (parts.Limits.Time.GetUtcNow() - scan.OpenedAt > parts.Limits.Times.Quiet
            && await open.HolderAsync(scan.Dataset, cancel) != scan.Scan)
        {
            LogLeftBehind(scan.Scan, scan.Rule, scan.Dataset);
            await open.RemoveAsync(scan.Scan, scan.Dataset, cancel);
        }
    }

    private async Task<bool> IsStoppedAsync(ScanPlan plan, CancellationToken cancel)
    {
        var policy = await parts.PolicyBook.GetAsync(plan.Policy, cancel);
        var stops = await parts.Limits.Stops.CurrentAsync(cancel);
        return stops.Stops(policy.Datasets[plan.Dataset].Store, plan.Rule);
    }

    private async Task ReconcileAsync(ScanPlan plan, CancellationToken cancel)
    {
        var verdict = await book.FindVerdictAsync(plan.Scan, cancel);
        if (verdict is null)
        {
            await ReconcilePlanningAsync(plan, cancel);
        }
        else if (verdict.Kind is VerdictKind.Within)
        {
            await verdicts.ReleaseAsync(plan, cancel);
            await ReconcileReleaseAsync(plan, cancel);
        }
        else if (verdict.Kind is VerdictKind.Over)
        {
            await ReconcileParkedAsync(plan, cancel);
        }
    }

    private async Task ReconcilePlanningAsync(ScanPlan plan, CancellationToken cancel)
    {
        await parts.Starter.SendAsync(plan, cancel);
        var failure = parts.Limits.Time.GetUtcNow() - plan.PlannedAt > parts.Limits.Times.PlanningLimit
            ? FailureReasons.PlanningTooLong
            : null;
        if (await verdicts.TryWriteAsync(plan, failure ?? plan.Failure, cancel) is not null)
        {
            return;
        }

        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var address = WorkAddress.OfSlice(plan.Scan, slice);
            if (await parts.Attempts.FindAsync(address, cancel) is { } state
                && await IsStuckAsync(plan, address, state, cancel))
            {
                await verdicts.TryWriteAsync(plan, FailureReasons.SliceStuck, cancel);
                return;
            }
        }
    }

    /// <summary>An approved scan takes its dataset back as soon as nobody else holds it, and is released.</summary>
    private async Task ReconcileParkedAsync(ScanPlan plan, CancellationToken cancel)
    {
        var decision = await book.FindDecisionAsync(plan.Scan, cancel);
        if (decision is null)
        {
            await open.FreeDatasetAsync(plan.Scan, plan.Dataset, cancel);
        }
        else if (decision.Kind is DecisionKind.Approved
            && await open.OpenAsync(plan.Scan, plan.Rule, plan.Dataset, cancel) is OpenAnswer.Opened)
        {
            await verdicts.ReleaseAsync(plan, cancel);
            await ReconcileReleaseAsync(plan, cancel);
        }
    }

    private async Task ReconcileReleaseAsync(ScanPlan plan, CancellationToken cancel)
    {
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var address = WorkAddress.OfSlice(plan.Scan, slice);
            if (await parts.Attempts.FindAsync(address, cancel) is not { } state)
            {
                continue;
            }

            var newest = await book.FindNewestAsync(plan.Scan, slice, state.Planned, cancel);
            if (newest is not null && state.Cursor <= newest.Number
                && await IsStuckAsync(plan, address, state, cancel))
            {
                // A release alarms and goes on: what it has not sent is as due as before.
                LogReleaseStuck(plan.Scan, slice);
                await parts.Attempts.SendAgainAsync(
                    address, null, attempt => attempt with { BegunSends = 0 }, cancel);
            }

            await ReconcileOperationsAsync(plan, slice, state.Cursor, cancel);
        }
    }

    private async Task ReconcileOperationsAsync(ScanPlan plan, int slice, int cursor, CancellationToken cancel)
    {
        var behind = true;
        for (var number = ended.GetValueOrDefault((plan.Scan, slice)); number < cursor; number++)
        {
            var batch = await book.Batches.FindHeadAsync(DerivedId.Operation(plan.Scan, slice, number), cancel);
            var chain = await walker.StateOfChainAsync(batch!, cancel);
            if (chain.Ended)
            {
                if (behind)
                {
                    ended[(plan.Scan, slice)] = number + 1;
                }

                continue;
            }

            behind = false;
            await ReconcileOperationAsync(plan, chain.Open, cancel);
        }
    }

    private async Task ReconcileOperationAsync(ScanPlan plan, WorkBatch batch, CancellationToken cancel)
    {
        var address = WorkAddress.OfOperation(batch.Operation);
        if (await parts.Attempts.FindAsync(address, cancel) is not { } state)
        {
            await parts.Attempts.SendFirstAsync(address, null, cancel);
        }
        else if (await IsStuckAsync(plan, address, state, cancel))
        {
            LogOperationStuck(batch.Operation);
            await parts.Ending.EndAsFailedAsync((await book.Batches.FindAsync(batch.Operation, cancel))!, cancel);
        }
    }

    /// <summary>
    /// Sends the work again where it has been quiet for long enough, or was stopped and may go on. True if the limit of
    /// sends that began without an end is reached.
    /// </summary>
    private async Task<bool> IsStuckAsync(
        ScanPlan plan, WorkAddress address, Attempt state, CancellationToken cancel)
    {
        var lastAt = state.BegunAt > state.NotBefore ? state.BegunAt.Value : state.NotBefore;
        var quiet = parts.Limits.Time.GetUtcNow() - lastAt > parts.Limits.Times.Quiet;
        if (!quiet && !state.Stopped)
        {
            return false;
        }

        if (state.BegunSends >= parts.Limits.Times.SendLimit)
        {
            return true;
        }

        if (state.BegunAt is null && !state.Stopped)
        {
            LogNobodyReads(address.Queue, plan.Scan);
        }

        await parts.Attempts.SendAgainAsync(address, null, attempt => attempt, cancel);
        return false;
    }

    [LoggerMessage(1006, LogLevel.Error, "Slice {Slice} of scan {Scan} began to release five times and did not end")]
    private partial void LogReleaseStuck(Guid scan, int slice);

    [LoggerMessage(1007, LogLevel.Error, "Operation {Operation} began five times and did not end; it is not confirmed")]
    private partial void LogOperationStuck(Guid operation);

    [LoggerMessage(1022, LogLevel.Warning, "Scan {Scan} of rule {Rule} on {Dataset} was opened and never planned; it is dropped")]
    private partial void LogLeftBehind(Guid scan, string rule, string dataset);

    [LoggerMessage(1008, LogLevel.Error, "Nobody reads queue {Queue}: work of scan {Scan} was sent and not begun")]
    private partial void LogNobodyReads(string queue, Guid scan);
}

/// <summary>What the reconciler works with.</summary>
public sealed record ReconcilerParts(
    Attempts Attempts, FailureEnding Ending, PolicyBook PolicyBook, ScanStarter Starter, ActLimits Limits);
