using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>What the scan timer works with.</summary>
/// <param name="Book">Plans.</param>
/// <param name="Open">Scans that have not closed.</param>
/// <param name="Schedule">Which rules are due.</param>
/// <param name="PolicyBook">The policy in force.</param>
/// <param name="Stores">To cut datasets into ranges.</param>
public sealed record ScanParts(
    ScanBook Book, OpenScans Open, ScanSchedule Schedule, PolicyBook PolicyBook, IRecordStores Stores);

/// <summary>
/// The scan timer: plans what is due and queues slices, and does nothing else. Overlapping, doubled, late or missed runs
/// do no harm: a scan's id is derived, its plan is written once, its dataset is taken in one step.
/// </summary>
public sealed class ScanHandler(
    ScanParts parts, ScanStarter starter, StopSwitch stops, TimeProvider time)
{
    private const int MaxDatasetsAtOnce = 8;

    /// <summary>
    /// Plans each rule that is due and whose dataset is free. Datasets side by side, since cutting one into ranges takes
    /// a while; the rules of one in the policy's order. Returns the scans planned.
    /// </summary>
    public async Task<IReadOnlyList<Guid>> RunAsync(ScheduleUse use, CancellationToken cancel)
    {
        var policy = await parts.PolicyBook.InForceAsync(cancel);
        var due = await parts.Schedule.ListDueAsync(policy.Rules, use, cancel);
        using var places = new SemaphoreSlim(MaxDatasetsAtOnce);
        var planned = await Task.WhenAll(policy.Rules.Where(rule => due.ContainsKey(rule.Name)).GroupBy(rule => rule.Dataset).Select(async rules =>
        {
            await places.WaitAsync(cancel);
            try
            {
                return await RunDatasetAsync(policy, [.. rules], due, cancel);
            }
            finally
            {
                places.Release();
            }
        }));
        return [.. planned.SelectMany(scans => scans)];
    }

    private async Task<List<Guid>> RunDatasetAsync(
        Policy policy, IReadOnlyList<Rule> rules, IReadOnlyDictionary<string, DueScan> due, CancellationToken cancel)
    {
        var planned = new List<Guid>();
        foreach (var rule in rules)
        {
            var stop = await stops.CurrentAsync(cancel);
            if (!stop.Stops(policy.Datasets[rule.Dataset].Store, rule.Name)
                && await StartAsync(policy, rule, due[rule.Name], cancel) is StartAnswer.Planned)
            {
                planned.Add(due[rule.Name].Scan);
            }
        }

        return planned;
    }

    /// <summary>
    /// Order: the dataset, the scan, the schedule. A crash before the plan leaves a dataset taken for a scan that the next
    /// run plans, or gives free.
    /// </summary>
    private async Task<StartAnswer> StartAsync(Policy policy, Rule rule, DueScan due, CancellationToken cancel)
    {
        if (await parts.Open.OpenAsync(due.Scan, rule.Name, rule.Dataset, cancel) is OpenAnswer.DatasetBusy)
        {
            await FreeUnplannedAsync(rule.Dataset, cancel);
            return StartAnswer.Waits;
        }

        var answer = await starter.StartAsync(new(due.Scan, policy, rule, due.At, due.Purpose), cancel);
        if (answer is StartAnswer.Planned)
        {
            await parts.Schedule.MarkPlannedAsync(due, cancel);
        }

        return answer;
    }

    private async Task FreeUnplannedAsync(string dataset, CancellationToken cancel)
    {
        if (await parts.Open.HolderAsync(dataset, cancel) is { } holder
            && await parts.Book.FindPlanAsync(holder, cancel) is null
            && (await parts.Open.ListAsync(cancel)).FirstOrDefault(open => open.Scan == holder) is { } stale
            && time.GetUtcNow() - stale.OpenedAt > TimeSpan.FromMinutes(10))
        {
            await parts.Open.RemoveAsync(holder, dataset, cancel);
        }
    }
}
