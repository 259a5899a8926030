using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Local.Runs;

/// <summary>
/// The requests to delete of a run: those that were received in it, and those that were open. received = completed + kept +
/// held + parked + rejected + open.
/// </summary>
/// <param name="Kept">Answered as partially completed: the law keeps something, or something is not confirmed.</param>
/// <param name="Held">A legal hold keeps something; they go on after its release.</param>
/// <param name="Parked">Above the cap of their source.</param>
/// <param name="Open">Not answered.</param>
/// <param name="Failed">Of those that ended, how many have a dataset that is not confirmed.</param>
/// <param name="Erased">Records erased for them, logs that lost lines included.</param>
/// <param name="Retained">Records that a hold or the law keeps.</param>
/// <param name="Lines">Lines of logs dropped for them.</param>
public sealed record RequestSummary(
    int Received, int Completed, int Kept, int Held, int Parked, int Rejected, int Open, int Failed, long Erased, long Retained,
    long Lines)
{
    /// <summary>Of the rows, and of the scans that served them.</summary>
    public static RequestSummary Of(IReadOnlyList<RequestRow> rows, IReadOnlyList<ScanStatus> scans)
    {
        int Count(RequestState state) => rows.Count(row => row.State == state);
        long Sum(OutcomeResult result) => scans.Sum(scan => scan.Results.GetValueOrDefault(result));
        bool Has(RequestRow row, TaskEnding ending) => row.Tasks.Any(task => task.Ending == ending);
        var held = rows.Count(row => row.State is RequestState.PartiallyCompleted && Has(row, TaskEnding.Held));
        return new RequestSummary(
            rows.Count, Count(RequestState.Completed), Count(RequestState.PartiallyCompleted) - held, held,
            Count(RequestState.Parked), Count(RequestState.Rejected), Count(RequestState.Accepted),
            rows.Count(row => Has(row, TaskEnding.Failed)),
            Sum(OutcomeResult.Erased) + Sum(OutcomeResult.Anonymised), Sum(OutcomeResult.Retained), scans.Sum(scan => scan.Lines));
    }
}
