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
/// <param name="Ends">How tasks ended.</param>
public sealed record AssigningPass(
    DateTimeOffset Now, long HoldVersion, IReadOnlyList<RequestEntry> Open, Dictionary<string, int> UnderWay, TaskEnds Ends)
{
    /// <summary>The requests on the list of a window's scan, by scan: a thousand that wait for it read it once.</summary>
    internal Dictionary<Guid, IReadOnlySet<Guid>> Listed { get; } = [];

    /// <summary>What beginning a window's scan was answered, by scan; likewise once.</summary>
    internal Dictionary<Guid, StartAnswer> Begun { get; } = [];
}

/// <summary>How tasks ended, each looked up once in a pass: the scan of a log serves many requests.</summary>
public sealed class TaskEnds(TaskDesk desk)
{
    private readonly Dictionary<Guid, TaskEnd?> found = [];

    /// <summary>Null until it has closed.</summary>
    public async Task<TaskEnd?> FindAsync(Guid scan, CancellationToken cancel)
    {
        if (!found.TryGetValue(scan, out var end))
        {
            found[scan] = end = await desk.FindEndAsync(scan, cancel);
        }

        return end;
    }
}

/// <summary>
/// Gives each task the scan that serves it. A dataset that says where it names persons gets a scan for each request; a log
/// is read once for all requests of a window.
/// </summary>
public sealed class TaskAssigner(RequestBook book, RequestEpochs epochs, TaskDesk desk, RequestWindows windows, TimeProvider time)
{
    /// <summary>Begins a pass. The version of the holds is read before any task begins: a hold that is released later differs from it.</summary>
    public async Task<AssigningPass> BeginAsync(IReadOnlyList<RequestEntry> open, CancellationToken cancel)
    {
        var holds = await desk.HoldVersionAsync(cancel);
        return new(time.GetUtcNow(), holds, open, new Dictionary<string, int>(await desk.CountOpenAsync(cancel)), new TaskEnds(desk));
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
            scan, row.Policy, task.Dataset, pass.Now, [row.Request], await book.OpenAsync(row, cancel))
        { Epochs = [await epochs.FindAsync(row, cancel)] };
        if (await desk.StartAsync(order, cancel) is StartAnswer.Waits)
        {
            return (task, true);
        }

        pass.UnderWay[task.Dataset] = pass.UnderWay.GetValueOrDefault(task.Dataset) + 1;
        return (task with { Scan = scan, HoldVersion = pass.HoldVersion }, true);
    }

    /// <summary>
    /// The newest window that has ended: its list is written once, with the plan, of all that wait by then. Who is not on
    /// it waits for the next one.
    /// </summary>
    private async Task<(RequestTask Task, bool IsBusy)> JoinWindowAsync(
        RequestRow row, RequestTask task, Dataset dataset, AssigningPass pass, CancellationToken cancel)
    {
        var window = windows.NumberAt(dataset, pass.Now) - 1;
        if (windows.NumberAt(dataset, task.Since) > window)
        {
            return (task, false);
        }

        var scan = DerivedId.Window(dataset.Name, window);
        if (await ListAsync(scan, pass, cancel) is null)
        {
            var (requests, identifiers) = await CollectAsync(dataset, window, pass, cancel);
            var order = new TaskOrder(
                scan, row.Policy, dataset.Name, pass.Now, [.. requests.Select(request => request.Request)], identifiers)
            { Epochs = await FindEpochsAsync(requests, cancel) };
            if (await desk.StartAsync(order, cancel) is StartAnswer.Waits)
            {
                return (task, true);
            }
        }

        // The list that stands decides, whoever wrote it.
        if (await ListAsync(scan, pass, cancel) is not { } listed || !listed.Contains(row.Request))
        {
            return (task, false);
        }

        // Beginning again completes what a crash cut off behind the plan.
        if (!pass.Begun.TryGetValue(scan, out var answer))
        {
            var again = new TaskOrder(scan, row.Policy, dataset.Name, pass.Now, [], []);
            pass.Begun[scan] = answer = await desk.StartAsync(again, cancel);
        }

        return answer is StartAnswer.Planned ? (task with { Scan = scan, HoldVersion = pass.HoldVersion }, true) : (task, true);
    }

    private async Task<IReadOnlySet<Guid>?> ListAsync(Guid scan, AssigningPass pass, CancellationToken cancel)
    {
        if (!pass.Listed.TryGetValue(scan, out var listed) && await desk.FindRequestsAsync(scan, cancel) is { } found)
        {
            pass.Listed[scan] = listed = found.ToHashSet();
        }

        return listed;
    }

    private async Task<(IReadOnlyList<RequestRow> Requests, IReadOnlyList<SubjectIdentifier> Identifiers)> CollectAsync(
        Dataset dataset, long window, AssigningPass pass, CancellationToken cancel)
    {
        var requests = new List<RequestRow>();
        var identifiers = new HashSet<SubjectIdentifier>();
        foreach (var row in pass.Open.Select(entry => entry.Row).Where(row => row.Tasks.Any(task => Waits(task, dataset, window)))
            .OrderBy(row => row.ReceivedAt).Take(RequestLimits.RequestsOfWindow))
        {
            requests.Add(row);
            identifiers.UnionWith(await book.OpenAsync(row, cancel));
        }

        return (requests, [.. identifiers]);
    }

    private async Task<IReadOnlyList<int>> FindEpochsAsync(IReadOnlyList<RequestRow> requests, CancellationToken cancel)
    {
        var found = new SortedSet<int>();
        foreach (var request in requests)
        {
            found.Add(await epochs.FindAsync(request, cancel));
        }

        return [.. found];
    }

    private bool Waits(RequestTask task, Dataset dataset, long window) =>
        task.Dataset == dataset.Name && task is { Scan: null, Ending: null }
        && windows.NumberAt(dataset, task.Since) <= window;
}
