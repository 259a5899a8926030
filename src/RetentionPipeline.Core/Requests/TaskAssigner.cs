using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>What one pass of the timer knows.</summary>
/// <param name="Now">Its instant.</param>
/// <param name="HoldVersion">Of the holds.</param>
/// <param name="Open">The open requests.</param>
/// <param name="UnderWay">Tasks under way by dataset; counted up as the pass begins more.</param>
public sealed record AssigningPass(
    DateTimeOffset Now, long HoldVersion, IReadOnlyList<RequestEntry> Open, Dictionary<string, int> UnderWay);

/// <summary>
/// Gives each task the scan that serves it. A dataset that says where it names persons gets a scan for each request; a log
/// is read once for all requests of a window.
/// </summary>
public sealed class TaskAssigner(RequestBook book, TaskDesk desk, TimeProvider time)
{
    /// <summary>Begins a pass. The version of the holds is read before any task begins: a hold that is released later differs from it.</summary>
    public async Task<AssigningPass> BeginAsync(IReadOnlyList<RequestEntry> open, CancellationToken cancel)
    {
        var holds = await desk.HoldVersionAsync(cancel);
        return new(time.GetUtcNow(), holds, open, new Dictionary<string, int>(await desk.CountOpenAsync(cancel)));
    }

    /// <summary>The task with its scan, or as it was; and whether it is not merely waiting for its time.</summary>
    public async Task<(RequestTask Task, bool IsBusy)> AssignAsync(
        RequestRow row, RequestTask task, AssigningPass pass, CancellationToken cancel)
    {
        var dataset = (await desk.PolicyAsync(row.Policy, cancel)).Datasets[task.Dataset];
        if (dataset.IsSearched)
        {
            return await JoinWindowAsync(row, task, dataset, pass, cancel);
        }

        if (dataset.Subjects.Count == 0)
        {
            return (task with { Ending = TaskEnding.NotSearchable }, true);
        }

        if (task.Since > pass.Now)
        {
            return (task, false);
        }

        if (pass.UnderWay.GetValueOrDefault(task.Dataset) >= RequestLimits.TasksAtOnce)
        {
            return (task, true);
        }

        var scan = DerivedId.TaskOf(row.Request, task.Dataset, task.Number);
        var order = new TaskOrder(
            scan, row.Policy, task.Dataset, pass.Now, [row.Request], await book.OpenAsync(row, cancel));
        if (await desk.StartAsync(order, cancel) is StartAnswer.Waits)
        {
            return (task, true);
        }

        pass.UnderWay[task.Dataset] = pass.UnderWay.GetValueOrDefault(task.Dataset) + 1;
        return (task with { Scan = scan, HoldVersion = pass.HoldVersion }, true);
    }

    /// <summary>When a task of a log can begin: at the end of the window that collects it.</summary>
    public static DateTimeOffset WindowEnd(Dataset dataset, RequestTask task) =>
        RequestLimits.EndOfWindow(RequestLimits.WindowOf(task.Since, Days(dataset)), Days(dataset));

    /// <summary>
    /// The newest window that has ended: its list is written once, with the plan, of all that wait by then. Who is not on
    /// it waits for the next one.
    /// </summary>
    private async Task<(RequestTask Task, bool IsBusy)> JoinWindowAsync(
        RequestRow row, RequestTask task, Dataset dataset, AssigningPass pass, CancellationToken cancel)
    {
        var window = RequestLimits.WindowOf(pass.Now, Days(dataset)) - 1;
        if (RequestLimits.WindowOf(task.Since, Days(dataset)) > window)
        {
            return (task, false);
        }

        var scan = DerivedId.Window(dataset.Name, window);
        if (await desk.FindRequestsAsync(scan, cancel) is null)
        {
            var (requests, identifiers) = await CollectAsync(dataset, window, pass, cancel);
            var order = new TaskOrder(scan, row.Policy, dataset.Name, pass.Now, requests, identifiers);
            if (await desk.StartAsync(order, cancel) is StartAnswer.Waits)
            {
                return (task, true);
            }
        }

        // The list that stands decides, whoever wrote it. Beginning again completes what a crash cut off behind the plan.
        if (await desk.FindRequestsAsync(scan, cancel) is not { } listed || !listed.Contains(row.Request))
        {
            return (task, false);
        }

        var again = new TaskOrder(scan, row.Policy, dataset.Name, pass.Now, [], []);
        return await desk.StartAsync(again, cancel) is StartAnswer.Planned
            ? (task with { Scan = scan, HoldVersion = pass.HoldVersion }, true)
            : (task, true);
    }

    private async Task<(IReadOnlyList<Guid> Requests, IReadOnlyList<SubjectIdentifier> Identifiers)> CollectAsync(
        Dataset dataset, long window, AssigningPass pass, CancellationToken cancel)
    {
        var requests = new List<Guid>();
        var identifiers = new HashSet<SubjectIdentifier>();
        foreach (var row in pass.Open.Select(entry => entry.Row).Where(row => row.Tasks.Any(task => Waits(task, dataset, window)))
            .OrderBy(row => row.ReceivedAt).Take(RequestLimits.RequestsOfWindow))
        {
            requests.Add(row.Request);
            identifiers.UnionWith(await book.OpenAsync(row, cancel));
        }

        return (requests, [.. identifiers]);
    }

    private static bool Waits(RequestTask task, Dataset dataset, long window) =>
        task.Dataset == dataset.Name && task is { Scan: null, Ending: null }
        && RequestLimits.WindowOf(task.Since, Days(dataset)) <= window;

    private static int Days(Dataset dataset) => dataset.RequestWindow?.Days ?? RequestLimits.DefaultWindowDays;
}
