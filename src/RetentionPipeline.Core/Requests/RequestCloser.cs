using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// Closes a request whose datasets have all reported. Order: what is told, written once; the leaf; the reply; the row. A
/// crash between leaves an open row, and the next pass tells the same again.
/// </summary>
public sealed partial class RequestCloser(
    RequestBook book, RequestAnswers answers, TimeProvider time, ILogger<RequestCloser> logger)
{
    /// <summary>
    /// Completed only if nothing was kept and nothing is unconfirmed. What a hold keeps leaves the row open, with the
    /// identifiers sealed in it, until the hold is released. False where nothing changed.
    /// </summary>
    public async Task<bool> TryCloseAsync(RequestEntry entry, RequestRow row, TaskEnds ends, CancellationToken cancel)
    {
        var ended = new List<EndedTask>();
        foreach (var task in row.Tasks)
        {
            ended.Add(new(task, task.End ?? (task.Scan is { } scan ? await ends.FindAsync(scan, cancel) : null)));
        }

        var state = row.Tasks.All(task => task.Ending is TaskEnding.Done) ? RequestState.Completed : RequestState.PartiallyCompleted;
        var held = row.Tasks.Any(task => task.Ending is TaskEnding.Held);
        if (held && row.State == state && row == entry.Row with { Tasks = row.Tasks } && row.Tasks.SequenceEqual(entry.Row.Tasks))
        {
            return false;
        }

        // Another hold that came or went, and nothing else, is no news for the source.
        var answer = RequestAnswers.OfEnd(row, state, ended, time.GetUtcNow());
        var news = !held || !await answers.IsToldAsync(row, answer, cancel);
        if (news)
        {
            await answers.TellAsync(row, state, answer, cancel);
            LogEnded(row.Request, row.Source, RequestAnswers.Word(state));
        }

        if (held)
        {
            await book.ReplaceAsync(entry, row with { State = state, Ends = row.Ends + (news ? 1 : 0) }, cancel);
        }
        else
        {
            await book.EndAsync(entry, row with { State = state }, cancel);
        }

        return true;
    }

    /// <summary>What a scan's end means for the request.</summary>
    public static TaskEnding EndingOf(TaskEnd end) =>
        end.Status != "done" || end.Counts.GetValueOrDefault("failed") > 0 ? TaskEnding.Failed
        : end.IsHeld ? TaskEnding.Held
        : end.Kept.Count > 0 ? TaskEnding.Kept
        : TaskEnding.Done;

    [LoggerMessage(3003, LogLevel.Information, "Request {Request} of source {Source}: {State}")]
    private partial void LogEnded(Guid request, string source, string state);
}
