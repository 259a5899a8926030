using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>
/// Holds the sum of all slices against the cap. Written once, from plan and batches alone, by whoever sees the last
/// slice end; nothing was touched and nobody told before.
/// </summary>
public sealed partial class VerdictWriter(
    ScanBook book, OpenScans open, Attempts attempts, TimeProvider time, ILogger<VerdictWriter> logger)
{
    /// <summary>
    /// Writes the verdict if every slice has its last batch, or <paramref name="failure"/> says that the scan failed;
    /// then does what follows from the one that stands. Null if slices are still being read.
    /// </summary>
    public async Task<ScanVerdict?> TryWriteAsync(ScanPlan plan, string? failure, CancellationToken cancel)
    {
        var verdict = await book.FindVerdictAsync(plan.Scan, cancel);
        if (verdict is null)
        {
            var totals = ScanTotals.Zero;
            for (var slice = 0; slice < plan.Ranges.Count; slice++)
            {
                var state = await attempts.FindAsync(WorkAddress.OfSlice(plan.Scan, slice), cancel);
                var newest = await book.FindNewestAsync(plan.Scan, slice, state?.Planned ?? 0, cancel);
                if (newest is not { Last: true } && failure is null)
                {
                    return null;
                }

                totals = totals.Plus(newest?.Totals ?? ScanTotals.Zero);
            }

            verdict = await book.WriteVerdictAsync(
                plan.Scan, Judge(plan, totals, failure ?? plan.Failure, time.GetUtcNow()), cancel);
        }

        await FollowAsync(plan, verdict, cancel);
        return verdict;
    }

    /// <summary>Queues the release of each slice that was not asked to release yet.</summary>
    public async Task ReleaseAsync(ScanPlan plan, CancellationToken cancel)
    {
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var address = WorkAddress.OfSlice(plan.Scan, slice);
            if (await attempts.FindAsync(address, cancel) is not { Releasing: true })
            {
                await attempts.SendAgainAsync(
                    address, null, attempt => attempt with { Releasing = true, BegunSends = 0 }, cancel);
            }
        }
    }

    private static ScanVerdict Judge(ScanPlan plan, ScanTotals totals, string? failure, DateTimeOffset now)
    {
        var kind = (plan, failure) switch
        {
            (_, not null) => VerdictKind.Failed,
            ({ Purpose: ScanPurpose.DryRun } or { Mode: RuleMode.Report }, _) => VerdictKind.Report,
            _ when totals.Listed > plan.Cap.Count
                || totals.Listed * 100 > plan.Cap.Percent * totals.Examined => VerdictKind.Over,
            _ => VerdictKind.Within,
        };
        return new ScanVerdict(kind, failure, totals, now);
    }

    /// <summary>A parked scan gives its dataset free; the reconciler repeats this where a crash cut it off.</summary>
    private async Task FollowAsync(ScanPlan plan, ScanVerdict verdict, CancellationToken cancel)
    {
        switch (verdict.Kind)
        {
            case VerdictKind.Within:
                await ReleaseAsync(plan, cancel);
                break;
            case VerdictKind.Over when await book.FindDecisionAsync(plan.Scan, cancel) is null:
                LogParked(plan.Scan, plan.Rule, verdict.Totals.Listed, verdict.Totals.Examined);
                await open.FreeDatasetAsync(plan.Scan, plan.Dataset, cancel);
                break;
            case VerdictKind.Failed:
                LogFailed(plan.Scan, plan.Rule, verdict.Reason ?? "");
                break;
        }
    }

    [LoggerMessage(
        1003, LogLevel.Error,
        "Scan {Scan} of rule {Rule} is above its cap: {Listed} of {Examined} records. It waits for a decision")]
    private partial void LogParked(Guid scan, string rule, long listed, long examined);

    [LoggerMessage(1004, LogLevel.Error, "Scan {Scan} of rule {Rule} failed: {Reason}. Nothing was released")]
    private partial void LogFailed(Guid scan, string rule, string reason);
}
