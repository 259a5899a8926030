using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>A task to begin: deletion of what one dataset holds of the persons of one or more requests.</summary>
/// <param name="Scan">Its id, derived.</param>
/// <param name="Policy">Hash of the policy that it is decided under.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="At">Cut-off for what keeps a record.</param>
/// <param name="Served">The requests that it serves.</param>
/// <param name="Identifiers">Of all their persons.</param>
public sealed record TaskOrder(
    Guid Scan, string Policy, string Dataset, DateTimeOffset At, IReadOnlyList<Guid> Served,
    IReadOnlyList<SubjectIdentifier> Identifiers)
{
    /// <summary>Epochs of the pseudonyms that the requests were taken in under, each once.</summary>
    public IReadOnlyList<int> Epochs { get; init; } = [];
}

/// <summary>How a task ended.</summary>
/// <param name="Status">done, or failed.</param>
/// <param name="Counts">Records by the word of their last outcome.</param>
/// <param name="Kept">Retained records by reason: hold, keep-at-least:NAME, exception:CODE.</param>
/// <param name="Root">Of its operations, as its closing leaf states it; lowercase hex.</param>
public sealed record TaskEnd(
    string Status, IReadOnlyDictionary<string, long> Counts, IReadOnlyDictionary<string, long> Kept, string Root)
{
    /// <summary>A legal hold kept something: its release lets the request go on.</summary>
    [JsonIgnore]
    public bool IsHeld => Kept.ContainsKey(KeepReasons.Hold);
}

/// <summary>
/// Begins and follows the tasks of requests. A task is a scan like any other: planned, released, acted on and closed by
/// the same handlers.
/// </summary>
public sealed class TaskDesk(
    ScanStarter starter, ScanBook book, OpenScans open, ScanWalker walker, PolicyBook policies, ActRunner acts)
{
    /// <summary>The policy in force.</summary>
    public Task<Policy> PolicyInForceAsync(CancellationToken cancel) => policies.InForceAsync(cancel);

    /// <summary>The policy of that hash.</summary>
    public Task<Policy> PolicyAsync(string hash, CancellationToken cancel) => policies.GetAsync(hash, cancel);

    /// <summary>Version of the table of holds: it moves when one is placed or released.</summary>
    public Task<long> HoldVersionAsync(CancellationToken cancel) => acts.ReadHoldVersionAsync(cancel);

    /// <summary>Tasks under way, by dataset.</summary>
    public async Task<IReadOnlyDictionary<string, int>> CountOpenAsync(CancellationToken cancel) =>
        (await open.ListAsync(cancel)).Where(scan => scan.Rule == Rule.Request)
            .GroupBy(scan => scan.Dataset).ToDictionary(group => group.Key, group => group.Count());

    /// <summary>The requests that a task serves; null if it was never planned.</summary>
    public async Task<IReadOnlyList<Guid>?> FindRequestsAsync(Guid scan, CancellationToken cancel) =>
        await book.FindPlanAsync(scan, cancel) is { Asked: { } asked } ? asked.Served : null;

    /// <summary>
    /// Begins a task; one that has begun stays as it is, with the list of requests that it began with. Order: the row, the
    /// plan, the rest, the row again if the reconciler took the scan for one that nobody begins; a crash between leaves a
    /// task that the next call begins.
    /// </summary>
    public async Task<StartAnswer> StartAsync(TaskOrder order, CancellationToken cancel)
    {
        if (await book.StateAsync(order.Scan, cancel) is ReleaseState.Closed)
        {
            return StartAnswer.Planned;
        }

        var policy = await policies.GetAsync(order.Policy, cancel);
        await open.OpenBesideAsync(order.Scan, Rule.Request, order.Dataset, cancel);
        var answer = await starter.StartAsync(
            new(order.Scan, policy, Rule.OfRequest(policy.Datasets[order.Dataset]), order.At, ScanPurpose.Request,
                new ScanRequests(order.Served, order.Identifiers) { Epochs = order.Epochs }),
            cancel);
        if (answer is StartAnswer.Planned)
        {
            await open.OpenBesideAsync(order.Scan, Rule.Request, order.Dataset, cancel);
        }

        return answer;
    }

    /// <summary>
    /// Null until it has closed, and a published checkpoint covers its closing leaf: so whatever is told about a request
    /// stands in the log behind the scans that it names.
    /// </summary>
    public async Task<TaskEnd?> FindEndAsync(Guid scan, CancellationToken cancel)
    {
        if (await book.StateAsync(scan, cancel) is not ReleaseState.Closed
            || await book.FindClosingAsync(scan, cancel) is not { } closing
            || await book.FindPlanAsync(scan, cancel) is not { } plan
            || !await walker.IsInLogAsync(Leaf.Parse(closing.Leaf).Key, cancel))
        {
            return null;
        }

        var kept = new SortedDictionary<string, long>(StringComparer.Ordinal);
        if (closing.Figures.Results.GetValueOrDefault(OutcomeResult.Retained) > 0)
        {
            await foreach (var operation in walker.WalkAsync(plan, cancel))
            {
                CountKept(await walker.ReadRecordsAsync(operation, cancel), kept);
            }
        }

        var counts = closing.Figures.Results.ToDictionary(pair => OutcomeEncoding.Word(pair.Key), pair => pair.Value);
        var root = Leaf.Parse(closing.Leaf).Body["root"]!.GetValue<string>();
        return new TaskEnd(closing.Figures.Status, counts, kept, root);
    }

    private static void CountKept(IReadOnlyList<WalkedRecord> records, SortedDictionary<string, long> kept)
    {
        foreach (var record in records)
        {
            var read = JsonNode.Parse(record.Outcome)!;
            if (read["result"]!.GetValue<string>() == OutcomeEncoding.Word(OutcomeResult.Retained))
            {
                var reason = read["reason"]!.GetValue<string>();
                kept[reason] = kept.GetValueOrDefault(reason) + 1;
            }
        }
    }
}
