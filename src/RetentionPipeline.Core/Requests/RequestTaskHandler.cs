using Microsoft.Extensions.Logging;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// Carries requests on, by timer: begins their tasks, follows them, and closes a request when every dataset has reported.
/// Whatever it does it may do twice: tasks have derived ids, what is told is written once, rows change under their version.
/// </summary>
public sealed partial class RequestTaskHandler(
    RequestBook book, RequestHandler receipts, TaskAssigner assigner, RequestCloser closer,
    ILogger<RequestTaskHandler> logger)
{
    /// <summary>
    /// One pass over the open requests. Returns how many tasks are under way or could begin now; what waits for a window,
    /// a hold or a person is not counted.
    /// </summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var open = (await book.ListOpenAsync(cancel)).Where(entry => entry.Row.State is not RequestState.Parked).ToList();
        if (open.Count == 0)
        {
            return 0;
        }

        var busy = 0;
        var pass = await assigner.BeginAsync(open, cancel);
        foreach (var entry in open)
        {
            busy += await CarryOnAsync(entry, pass, cancel);
        }

        return busy;
    }

    private async Task<int> CarryOnAsync(RequestEntry entry, AssigningPass pass, CancellationToken cancel)
    {
        var row = entry.Row;
        if (row.AnswerPending)
        {
            await receipts.TellReceiptAsync(row, cancel);
            row = row with { AnswerPending = false };
        }

        if (row.State is RequestState.Rejected)
        {
            await book.EndAsync(entry, row, cancel);
            return 1;
        }

        var tasks = new List<RequestTask>();
        var busy = 0;
        foreach (var task in row.Tasks)
        {
            var (next, isBusy) = await StepAsync(row, task, pass, cancel);
            tasks.Add(next);
            busy += isBusy ? 1 : 0;
        }

        row = row with { Tasks = tasks };
        if (tasks.All(task => task.Ending is not null) && await closer.TryCloseAsync(entry, row, pass.Ends, cancel))
        {
            return 0;
        }

        var changed = row.AnswerPending != entry.Row.AnswerPending || !row.Tasks.SequenceEqual(entry.Row.Tasks);
        if (changed)
        {
            await book.ReplaceAsync(entry, row, cancel);
        }

        return busy + (changed ? 1 : 0);
    }

    private async Task<(RequestTask Task, bool IsBusy)> StepAsync(
        RequestRow row, RequestTask task, AssigningPass pass, CancellationToken cancel)
    {
        if (task.Ending is TaskEnding.Held && task.HoldVersion != pass.HoldVersion)
        {
            return (task with { Number = task.Number + 1, Since = pass.Now, Scan = null, Ending = null, End = null }, true);
        }

        if (task.Ending is not null)
        {
            return (task, false);
        }

        if (task.Scan is not { } scan)
        {
            return await assigner.AssignAsync(row, task, pass, cancel);
        }

        if (await pass.Ends.FindAsync(scan, cancel) is not { } end)
        {
            return (task, true);
        }

        if (end.Status != "done" && pass.Now - row.ReceivedAt < RequestLimits.LongestTrying)
        {
            LogTaskFailed(row.Request, task.Dataset, task.Number);
            var wait = TimeSpan.FromHours(Math.Min(24, Math.Pow(2, task.Number)));
            return (task with { Number = task.Number + 1, Since = pass.Now + wait, Scan = null }, false);
        }

        return (task with { Ending = RequestCloser.EndingOf(end), End = end }, true);
    }

    [LoggerMessage(3002, LogLevel.Error, "The task of request {Request} on dataset {Dataset} failed, try {Try}; it is tried again")]
    private partial void LogTaskFailed(Guid request, string dataset, int @try);
}

/// <summary>Times of requests.</summary>
public static class RequestLimits
{
    /// <summary>
    /// A task that fails is tried again for so long: an answer is due one month from receipt (GDPR Art. 12(3); 28 days at
    /// least).
    /// </summary>
    public static readonly TimeSpan LongestTrying = TimeSpan.FromDays(27);

    /// <summary>Tasks of one dataset under way at once; the others wait.</summary>
    public const int TasksAtOnce = 8;

    /// <summary>Requests that one pass over a log serves.</summary>
    public const int RequestsOfWindow = 1_000;
}
