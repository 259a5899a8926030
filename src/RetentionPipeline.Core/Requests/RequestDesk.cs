using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>A request, for people and for the system that sent it.</summary>
/// <param name="Row">Its row.</param>
/// <param name="Datasets">What each dataset says.</param>
public sealed record RequestStatus(RequestRow Row, IReadOnlyList<DatasetStatus> Datasets);

/// <summary>What a dataset says about a request.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="State">done, kept, held, failed, not-searchable, or open.</param>
/// <param name="Reason">Of an open one: waiting-for-window, waiting-to-begin, running. Null otherwise.</param>
/// <param name="ExpectedBy">When an open one is expected to end; null otherwise.</param>
public sealed record DatasetStatus(string Dataset, string State, string? Reason, DateTimeOffset? ExpectedBy)
{
    /// <summary>Reason of a log that still collects requests.</summary>
    public const string WaitsForWindow = "waiting-for-window";
}

/// <summary>Whether a verb changed a request.</summary>
public enum RequestChange
{
    /// <summary>It did.</summary>
    Changed,

    /// <summary>No such request was received.</summary>
    Unknown,

    /// <summary>It is not parked.</summary>
    NotParked,
}

/// <summary>Shows requests, and takes a person's decision on those that are above their source's cap.</summary>
public sealed class RequestDesk(RequestBook book, TaskDesk desk, RequestWindows windows)
{
    /// <summary>A pass over a log takes a day at most, or shows as late.</summary>
    private static readonly TimeSpan PassOfWindow = TimeSpan.FromDays(1);

    /// <summary>Null if no such request was received.</summary>
    public Task<RequestStatus?> FindAsync(string source, string eventId, CancellationToken cancel) =>
        FindAsync(DerivedId.RequestOf(source, eventId), cancel);

    /// <summary>By its id in the log; null if no such request was received.</summary>
    public async Task<RequestStatus?> FindAsync(Guid request, CancellationToken cancel)
    {
        if (await book.FindAsync(request, cancel) is not { Row: var row })
        {
            return null;
        }

        var policy = await desk.PolicyAsync(row.Policy, cancel);
        return new RequestStatus(row, [.. row.Tasks.Select(task => StatusOf(row, task, policy.Datasets[task.Dataset]))]);
    }

    /// <summary>The requests that have not ended, and those that were received from an instant on.</summary>
    public async Task<IReadOnlyList<RequestRow>> ListAsync(DateTimeOffset since, CancellationToken cancel)
    {
        var open = (await book.ListOpenAsync(cancel)).Select(entry => entry.Row).ToList();
        var ended = (await book.ListEndedAsync(cancel)).Select(entry => entry.Row).Where(row => row.ReceivedAt >= since);
        return [.. open.Concat(ended).DistinctBy(row => row.Request).OrderBy(row => row.ReceivedAt)];
    }

    /// <summary>Lets a parked request go on; its source is told by the timer.</summary>
    public Task<RequestChange> AdmitAsync(string source, string eventId, CancellationToken cancel) => DecideAsync(
        source, eventId, row => row with { State = RequestState.Accepted, AnswerPending = true }, cancel);

    /// <summary>Refuses a parked request; its source is told by the timer.</summary>
    public Task<RequestChange> RefuseAsync(string source, string eventId, CancellationToken cancel) => DecideAsync(
        source, eventId,
        row => row with { State = RequestState.Rejected, Reasons = [RequestReasons.RefusedAboveCap], Tasks = [], AnswerPending = true },
        cancel);

    private async Task<RequestChange> DecideAsync(
        string source, string eventId, Func<RequestRow, RequestRow> decide, CancellationToken cancel)
    {
        while (await book.FindAsync(DerivedId.RequestOf(source, eventId), cancel) is { } entry)
        {
            if (entry.Row.State is not RequestState.Parked)
            {
                return RequestChange.NotParked;
            }

            if (await book.ReplaceAsync(entry, decide(entry.Row), cancel) is RowCommit.Committed)
            {
                return RequestChange.Changed;
            }
        }

        return RequestChange.Unknown;
    }

    private DatasetStatus StatusOf(RequestRow row, RequestTask task, Dataset dataset)
    {
        if (task.Ending is not null)
        {
            return new DatasetStatus(task.Dataset, RequestAnswers.TaskWord(task.Ending), null, null);
        }

        return dataset.IsSearched && task.Scan is null
            ? new(task.Dataset, "open", DatasetStatus.WaitsForWindow, windows.EndOf(dataset, windows.NumberAt(dataset, task.Since)) + PassOfWindow)
            : new(task.Dataset, "open", task.Scan is null ? "waiting-to-begin" : "running", row.ReceivedAt + RequestLimits.LongestTrying);
    }
}
