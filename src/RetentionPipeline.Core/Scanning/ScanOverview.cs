using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Scanning;

/// <summary>Where a scan stands.</summary>
public enum ScanPhase
{
    /// <summary>Slices are read.</summary>
    Planning,

    /// <summary>Above its cap: a person decides.</summary>
    Parked,

    /// <summary>Its operations act.</summary>
    Acting,

    /// <summary>It has ended.</summary>
    Closed,
}

/// <summary>A scan, for people.</summary>
/// <param name="Plan">What it set out to do.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="Totals">What was counted so far.</param>
/// <param name="Results">Records by result so far; deferred ones are under way.</param>
/// <param name="Lines">Lines changed or dropped so far.</param>
/// <param name="Operations">Operations that have ended.</param>
/// <param name="FirstAt">When it was planned.</param>
/// <param name="LastAt">Time of its newest outcome; null without one.</param>
/// <param name="Figures">Set once it is closed.</param>
public sealed record ScanStatus(
    ScanPlan Plan, ScanPhase Phase, ScanTotals Totals, IReadOnlyDictionary<OutcomeResult, long> Results, long Lines,
    int Operations, DateTimeOffset FirstAt, DateTimeOffset? LastAt, ScanFigures? Figures)
{
    /// <summary>Records that have ended.</summary>
    public long Ended => Results.Where(pair => pair.Key is not OutcomeResult.Deferred).Sum(pair => pair.Value);

    /// <summary>Due records that were or will be only counted.</summary>
    public long NotActed => Figures?.NotActed
        ?? (Plan.Mode is RuleMode.Report || Plan.Purpose is ScanPurpose.DryRun || Phase is ScanPhase.Parked
            ? Totals.Due
            : Totals.Due - Totals.Listed);
}

/// <summary>Reads where scans stand.</summary>
public sealed class ScanOverview(ScanBook book, ScanWalker walker)
{
    /// <summary>Null if the scan was never planned.</summary>
    public async Task<ScanStatus?> FindAsync(Guid scan, CancellationToken cancel)
    {
        if (await book.FindPlanAsync(scan, cancel) is not { } plan)
        {
            return null;
        }

        var closing = await book.FindClosingAsync(scan, cancel);
        var verdict = await book.FindVerdictAsync(scan, cancel);
        var state = await book.StateAsync(scan, cancel);
        var phase = (closing, verdict, state) switch
        {
            (not null, _, _) => ScanPhase.Closed,
            (_, null, _) => ScanPhase.Planning,
            (_, { Kind: VerdictKind.Over }, ReleaseState.NotReleased) => ScanPhase.Parked,
            _ => ScanPhase.Acting,
        };
        var totals = verdict?.Totals ?? await CountAsync(plan, cancel);
        var results = new Dictionary<OutcomeResult, long>();
        var (lines, operations, last) = (0L, 0, (DateTimeOffset?)null);
        await foreach (var operation in walker.WalkAsync(plan, cancel))
        {
            if (operation.End is not { } ended)
            {
                continue;
            }

            operations++;
            lines += ended.Lines;
            last = last is null || ended.At > last ? ended.At : last;
            foreach (var (result, count) in ended.Counts)
            {
                results[result] = results.GetValueOrDefault(result) + count;
            }
        }

        results.Remove(OutcomeResult.Deferred);
        return new ScanStatus(plan, phase, totals, results, lines, operations, plan.PlannedAt, last, closing?.Figures);
    }

    private async Task<ScanTotals> CountAsync(ScanPlan plan, CancellationToken cancel)
    {
        var totals = ScanTotals.Zero;
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            totals = totals.Plus((await book.FindNewestAsync(plan.Scan, slice, 0, cancel))?.Totals ?? ScanTotals.Zero);
        }

        return totals;
    }
}
