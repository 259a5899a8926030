using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>How a delivery of a releasing slice ended.</summary>
internal enum ReleaseEnd
{
    /// <summary>Every batch is sent.</summary>
    AllSent,

    /// <summary>Enough is under way, or the delivery's time is over.</summary>
    GoesOn,

    /// <summary>A stop stands.</summary>
    Stopped,
}

/// <summary>
/// Sends a slice's batches in order, each as a message that only names the operation, and keeps about a minute of work
/// under way, less where what waits for half of that would count as forgotten: so queues stay short, and a stop or a
/// changed policy meets little that is on its way. The cursor is raised after each send; who finds it behind sends again,
/// and the copy finds its attempt taken. A batch that takes long (its message waits for a lock to run out, its store puts
/// it off) holds up none behind it, within a span that a delivery can look through.
/// </summary>
internal sealed class SliceReleaser(ScanBook book, Attempts attempts, OutcomeWriter outcomes, ActLimits limits)
{
    /// <summary>From the first batch that has not ended to the newest that was sent, in windows.</summary>
    private const int MostWindows = 4;

    private const int LeastSpan = 256;
    private static readonly TimeSpan MostWork = TimeSpan.FromMinutes(1);

    public async Task<ReleaseEnd> RunAsync(ScanPlan plan, int slice, CancellationToken cancel)
    {
        var startedAt = limits.Time.GetTimestamp();
        var address = WorkAddress.OfSlice(plan.Scan, slice);
        var state = (await attempts.FindAsync(address, cancel))!;
        var count = (await book.FindNewestAsync(plan.Scan, slice, state.Planned, cancel))!.Number + 1;
        var ahead = await ListEndedAheadAsync(plan.Scan, slice, state, cancel);
        while (state.Cursor < count)
        {
            if (limits.Time.GetElapsedTime(startedAt) >= limits.Times.LongestHandling / 2)
            {
                return ReleaseEnd.GoesOn;
            }

            if (cancel.IsCancellationRequested || (await limits.Stops.CurrentAsync(cancel)).StopsEverything)
            {
                return ReleaseEnd.Stopped;
            }

            state = await LookAtEndedAsync(plan.Scan, address, state, ahead, cancel);
            var (sentAndOpen, window) = (state.Cursor - state.Ended, Window(state));
            if (sentAndOpen - ahead.Count >= window || sentAndOpen >= Math.Max(LeastSpan, MostWindows * window))
            {
                return ReleaseEnd.GoesOn;
            }

            var operation = DerivedId.Operation(plan.Scan, slice, state.Cursor);
            if (await book.Batches.FindHeadAsync(operation, cancel) is { Count: > 0 })
            {
                await attempts.SendFirstAsync(WorkAddress.OfOperation(operation), null, cancel);
            }

            var sent = state.Cursor + 1;
            state = await attempts.ChangeAsync(
                address, attempt => attempt with { Cursor = Math.Max(attempt.Cursor, sent) }, cancel);
        }

        return ReleaseEnd.AllSent;
    }

    /// <summary>Work for so long is kept under way.</summary>
    private TimeSpan Most => limits.Times.Quiet / 2 < MostWork ? limits.Times.Quiet / 2 : MostWork;

    /// <summary>
    /// As many as end in that time by what was seen of late, at least sixteen; four where a deployment's times are short,
    /// since each of the many slices that release at once has as many, and all stand in one queue. What was seen of late is
    /// counted from the mark before the last one, so that a new mark does not begin at nothing.
    /// </summary>
    private int Window(Attempt state)
    {
        var now = limits.Time.GetUtcNow();
        var (mark, at) = state.PriorAt is { } prior ? (state.Prior, prior) : (state.Mark, state.MarkedAt ?? now);
        var elapsed = now - at;
        var inTime = elapsed < TimeSpan.FromSeconds(5) ? 0 : (state.Ended + state.Ahead - mark) / elapsed.TotalSeconds * Most.TotalSeconds;
        return Math.Max(Most < MostWork ? 4 : 16, (int)inTime);
    }

    /// <summary>Batches that have ended though one before them has not.</summary>
    private async Task<HashSet<int>> ListEndedAheadAsync(Guid scan, int slice, Attempt state, CancellationToken cancel)
    {
        var ahead = new HashSet<int>();
        for (var number = state.Ended; number < state.Cursor; number++)
        {
            if (await HasEndedAsync(scan, slice, number, cancel))
            {
                ahead.Add(number);
            }
        }

        return ahead;
    }

    private async Task<Attempt> LookAtEndedAsync(
        Guid scan, WorkAddress address, Attempt state, HashSet<int> ahead, CancellationToken cancel)
    {
        var ended = state.Ended;
        while (ended < state.Cursor && (ahead.Remove(ended) || await HasEndedAsync(scan, address.Slice, ended, cancel)))
        {
            ended++;
        }

        var now = limits.Time.GetUtcNow();
        var renewMark = state.MarkedAt is null || now - state.MarkedAt > Most;
        if (ended == state.Ended && ahead.Count == state.Ahead && !renewMark)
        {
            return state;
        }

        return await attempts.ChangeAsync(
            address, attempt => attempt with
            {
                Ended = Math.Max(attempt.Ended, ended),
                Ahead = ahead.Count,
                Mark = renewMark ? attempt.Ended + attempt.Ahead : attempt.Mark,
                MarkedAt = renewMark ? now : attempt.MarkedAt,
                Prior = renewMark ? attempt.Mark : attempt.Prior,
                PriorAt = renewMark ? attempt.MarkedAt : attempt.PriorAt,
            }, cancel);
    }

    private async Task<bool> HasEndedAsync(Guid scan, int slice, int number, CancellationToken cancel)
    {
        var operation = DerivedId.Operation(scan, slice, number);
        return await outcomes.FindEndAsync(operation, cancel) is not null
            || await book.Batches.FindHeadAsync(operation, cancel) is { Count: 0 };
    }
}
