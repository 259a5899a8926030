using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>What slices share with operations.</summary>
/// <param name="Stores">The stores.</param>
/// <param name="PolicyBook">The policies.</param>
/// <param name="Share">Shares of ramps.</param>
/// <param name="Limits">Time, stops, budgets.</param>
/// <param name="Outcomes">Tells which operations have ended.</param>
public sealed record SliceParts(
    IRecordStores Stores, PolicyBook PolicyBook, RampShare Share, ActLimits Limits, OutcomeWriter Outcomes);

/// <summary>Carries out one delivery of a slice: plans it or, once the verdict lets it, releases it.</summary>
public sealed partial class SliceHandler
{
    private static readonly TimeSpan ReleasePause = TimeSpan.FromSeconds(2);
    private readonly ScanBook book;
    private readonly Attempts attempts;
    private readonly VerdictWriter verdicts;
    private readonly SlicePlanner planner;
    private readonly SliceReleaser releaser;
    private readonly ActLimits limits;
    private readonly ILogger logger;

    /// <summary>Wires the parts of the room that only it needs.</summary>
    public SliceHandler(
        ScanBook book, Attempts attempts, VerdictWriter verdicts, SliceParts parts, ILogger<SliceHandler> logger)
    {
        (this.book, this.attempts, this.verdicts, this.logger) = (book, attempts, verdicts, logger);
        limits = parts.Limits;
        planner = new SlicePlanner(book, parts.Stores, parts.PolicyBook, parts.Share, limits, attempts);
        releaser = new SliceReleaser(book, attempts, parts.Outcomes, limits);
    }

    /// <summary>
    /// Handles one delivery; returns when the message may be completed. A slice that goes on has queued its own
    /// continuation by then.
    /// </summary>
    public async Task HandleAsync(WorkMessage message, CancellationToken cancel)
    {
        var plan = await book.FindPlanAsync(message.Id, cancel)
            ?? throw new UnprocessableWorkException("scan-unknown");
        if (message.Slice < 0 || message.Slice >= plan.Ranges.Count)
        {
            throw new UnprocessableWorkException("slice-unknown");
        }

        var address = WorkAddress.OfSlice(plan.Scan, message.Slice);
        var verdict = await book.FindVerdictAsync(plan.Scan, cancel);
        if (verdict is not null
            && await book.StateAsync(plan.Scan, cancel) is not ReleaseState.Released)
        {
            return;
        }

        if (await attempts.BeginAsync(address, message.Attempt, cancel) is DeliveryAge.Older)
        {
            return;
        }

        var state = (await attempts.FindAsync(address, cancel))!;
        if (verdict is null)
        {
            await PlanAsync(plan, message.Slice, address, state, cancel);
        }
        else
        {
            await ReleaseAsync(plan, message.Slice, address, state.Cursor, cancel);
        }
    }

    private async Task PlanAsync(
        ScanPlan plan, int slice, WorkAddress address, Attempt state, CancellationToken cancel)
    {
        PlanningEnd end;
        try
        {
            end = await planner.RunAsync(plan, slice, cancel);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested && failure is not UnprocessableWorkException)
        {
            await RetryLaterAsync(plan, address, state, failure, cancel);
            return;
        }

        switch (end)
        {
            case PlanningEnd.Last:
                await attempts.ChangeAsync(address, attempt => attempt with { BegunSends = 0 }, cancel);
                await verdicts.TryWriteAsync(plan, null, cancel);
                break;
            case PlanningEnd.Stopped:
                await attempts.ChangeAsync(
                    address, attempt => attempt with { Stopped = true, BegunAt = null, BegunSends = 0 },
                    CancellationToken.None);
                break;
            default:
                await attempts.SendAgainAsync(
                    address, null, attempt => attempt with { BegunSends = 0 }, cancel);
                break;
        }
    }

    /// <summary>
    /// A page could not be read. The next send waits longer each time; after five without a batch in between the scan
    /// has failed, and shows it. Nothing was touched, so nothing is lost by asking again.
    /// </summary>
    private async Task RetryLaterAsync(
        ScanPlan plan, WorkAddress address, Attempt state, Exception failure, CancellationToken cancel)
    {
        LogSliceFailed(plan.Dataset, state.BegunSends, failure.GetType().Name);
        if (state.BegunSends >= limits.Times.SendLimit)
        {
            await verdicts.TryWriteAsync(plan, FailureReasons.StoreUnreachable, cancel);
            return;
        }

        var wait = TimeSpan.FromSeconds(Math.Pow(2, state.BegunSends));
        await attempts.SendAgainAsync(address, limits.Time.GetUtcNow() + wait, attempt => attempt, cancel);
    }

    /// <summary>
    /// A failure behind some progress goes on as a new message: each delivery sends hundreds of batches, and ten that fail
    /// somewhere would be a dead letter.
    /// </summary>
    private async Task ReleaseAsync(ScanPlan plan, int slice, WorkAddress address, int cursor, CancellationToken cancel)
    {
        ReleaseEnd end;
        try
        {
            end = await releaser.RunAsync(plan, slice, cancel);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested && failure is not UnprocessableWorkException)
        {
            if ((await attempts.FindAsync(address, cancel))!.Cursor == cursor)
            {
                throw;
            }

            LogSliceFailed(plan.Dataset, 0, failure.GetType().Name);
            await attempts.SendAgainAsync(address, null, attempt => attempt with { BegunSends = 0 }, cancel);
            return;
        }

        switch (end)
        {
            case ReleaseEnd.AllSent:
                await attempts.ChangeAsync(address, attempt => attempt with { BegunSends = 0 }, cancel);
                break;
            case ReleaseEnd.Stopped:
                await attempts.ChangeAsync(
                    address, attempt => attempt with { Stopped = true, BegunAt = null, BegunSends = 0 },
                    CancellationToken.None);
                break;
            default:
                await attempts.SendAgainAsync(
                    address, limits.Time.GetUtcNow() + ReleasePause, attempt => attempt with { BegunSends = 0 },
                    cancel);
                break;
        }
    }

    [LoggerMessage(1002, LogLevel.Warning, "A slice of dataset {Dataset} failed, send {Send}: {Error}")]
    private partial void LogSliceFailed(string dataset, int send, string error);
}
