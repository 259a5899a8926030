using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

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
public sealed partial class ScanHandler(
    ScanParts parts, Attempts attempts, LaneWriter lanes, StopSwitch stops, TimeProvider time,
    ILogger<ScanHandler> logger)
{
    /// <summary>Most slices of one scan.</summary>
    public const int MaxSlices = 64;

    /// <summary>A dataset whose first range ends within so many records is read by one slice.</summary>
    private const int SmallRange = 2_000;

    private const int MaxDatasetsAtOnce = 8;
    private const int RangeAttempts = 3;
    private readonly ConcurrentDictionary<Guid, int> failedRanges = new();

    /// <summary>
    /// Plans each rule that is due and whose dataset is free. Datasets side by side, since cutting one into ranges takes
    /// a while; the rules of one in the policy's order. Returns the scans planned.
    /// </summary>
    public async Task<IReadOnlyList<Guid>> RunAsync(ScheduleUse use, CancellationToken cancel)
    {
        var policy = await parts.PolicyBook.InForceAsync(cancel);
        using var places = new SemaphoreSlim(MaxDatasetsAtOnce);
        var planned = await Task.WhenAll(policy.Rules.GroupBy(rule => rule.Dataset).Select(async rules =>
        {
            await places.WaitAsync(cancel);
            try
            {
                return await RunDatasetAsync(policy, [.. rules], use, cancel);
            }
            finally
            {
                places.Release();
            }
        }));
        return [.. planned.SelectMany(scans => scans)];
    }

    private async Task<List<Guid>> RunDatasetAsync(
        Policy policy, IReadOnlyList<Rule> rules, ScheduleUse use, CancellationToken cancel)
    {
        var planned = new List<Guid>();
        foreach (var rule in rules)
        {
            var stop = await stops.CurrentAsync(cancel);
            if (stop.Stops(policy.Datasets[rule.Dataset].Store, rule.Name)
                || await parts.Schedule.FindDueAsync(rule, use, cancel) is not { } due)
            {
                continue;
            }

            if (await StartAsync(policy, rule, due, cancel) is PlanAnswer.Planned)
            {
                planned.Add(due.Scan);
            }
        }

        return planned;
    }

    /// <summary>
    /// Order: the dataset, the plan, the start leaf, the slices, the schedule. A crash before the plan leaves a dataset
    /// taken for a scan that the next run plans, or gives free; one after it leaves slices that the reconciler sends.
    /// </summary>
    private async Task<PlanAnswer> StartAsync(Policy policy, Rule rule, DueScan due, CancellationToken cancel)
    {
        if (await parts.Open.OpenAsync(due.Scan, rule.Name, rule.Dataset, cancel) is OpenAnswer.DatasetBusy)
        {
            await FreeUnplannedAsync(rule.Dataset, cancel);
            return PlanAnswer.Waits;
        }

        var plan = await parts.Book.FindPlanAsync(due.Scan, cancel);
        if (plan is null)
        {
            var (ranges, failure) = await ListRangesAsync(policy, rule, due.Scan, cancel);
            if (ranges is null && failure is null)
            {
                return PlanAnswer.Waits;
            }

            plan = await parts.Book.WritePlanAsync(Make(policy, rule, due, ranges ?? [], failure), cancel);
        }

        await lanes.AppendAsync([plan.StartLeaf], cancel);
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var address = WorkAddress.OfSlice(plan.Scan, slice);
            if (await attempts.FindAsync(address, cancel) is null)
            {
                await attempts.SendFirstAsync(address, null, cancel);
            }
        }

        await parts.Schedule.MarkPlannedAsync(due, cancel);
        return PlanAnswer.Planned;
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

    /// <summary>
    /// Ranges, or why there are none. A store that cannot be reached is asked again by the next runs; after a few the
    /// scan is planned as failed, so that it shows.
    /// </summary>
    private async Task<(IReadOnlyList<RecordRange>? Ranges, string? Failure)> ListRangesAsync(
        Policy policy, Rule rule, Guid scan, CancellationToken cancel)
    {
        var dataset = policy.Datasets[rule.Dataset];
        try
        {
            var store = parts.Stores.Get(dataset.Store);
            var location = RecordReading.Location(dataset);
            var ranges = await CutAsync(store, location, cancel);
            failedRanges.TryRemove(scan, out _);
            return (ranges, null);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            var failed = failedRanges.AddOrUpdate(scan, 1, (_, before) => before + 1);
            LogUnreachable(rule.Dataset, dataset.Store, failed, failure.GetType().Name);
            return (null, failed >= RangeAttempts ? FailureReasons.StoreUnreachable : null);
        }
    }

    /// <summary>Looking for places to cut at costs far more than seeing that there is nothing to cut.</summary>
    private static async Task<IReadOnlyList<RecordRange>> CutAsync(
        IRecordStore store, DatasetLocation location, CancellationToken cancel)
    {
        var whole = await store.ListRangesAsync(location, 1, cancel);
        if (whole.Count == 1 && await IsSmallAsync(store, location, whole[0], cancel))
        {
            return whole;
        }

        var ranges = await store.ListRangesAsync(location, MaxSlices, cancel);
        return ranges.Count > 1 && whole.Count == 1 && await IsSmallAsync(store, location, ranges[0], cancel) ? whole : ranges;
    }

    /// <summary>Many slices of few records would make many small batches, and a message for each.</summary>
    private static async Task<bool> IsSmallAsync(
        IRecordStore store, DatasetLocation location, RecordRange first, CancellationToken cancel)
    {
        string? position = null;
        for (var seen = 0; seen < SmallRange;)
        {
            var page = await store.ReadPageAsync(new(location, first, position, [], 1_000), cancel);
            if (page.Position is null)
            {
                return true;
            }

            seen += Math.Max(1, page.Snapshots.Count);
            position = page.Position;
        }

        return false;
    }

    private ScanPlan Make(
        Policy policy, Rule rule, DueScan due, IReadOnlyList<RecordRange> ranges, string? failure)
    {
        var now = time.GetUtcNow();
        var body = new JsonObject
        {
            ["action"] = rule.Action.ToString().ToLowerInvariant(),
            ["cap"] = new JsonObject { ["percent"] = rule.Cap.Percent, ["records"] = rule.Cap.Count },
            ["cutOff"] = LeafTime.Text(due.At),
            ["dataset"] = rule.Dataset,
            ["mode"] = rule.Mode.ToString().ToLowerInvariant(),
            ["policy"] = policy.Hash,
            ["purpose"] = due.Purpose is ScanPurpose.DryRun ? "dry-run" : due.Purpose.ToString().ToLowerInvariant(),
            ["rule"] = rule.Name,
            ["slices"] = ranges.Count,
        };
        var leaf = Leaf.Encode(LeafTypes.Scan, due.Scan.ToString("D"), "start", now, body);
        return new ScanPlan(
            due.Scan, rule.Name, rule.Dataset, rule.Mode, policy.Hash, due.At, rule.Cap, ranges, leaf, due.Purpose,
            now, failure);
    }

    [LoggerMessage(1001, LogLevel.Error, "Dataset {Dataset} of store {Store} cannot be reached, try {Try}: {Error}")]
    private partial void LogUnreachable(string dataset, string store, int @try, string error);

    private enum PlanAnswer
    {
        Planned,
        Waits,
    }
}

/// <summary>Why a scan failed: constants that stand in verdicts and leaves.</summary>
public static class FailureReasons
{
    /// <summary>The dataset's store or container could not be reached, or refused the credentials.</summary>
    public const string StoreUnreachable = "store-unreachable";

    /// <summary>A slice began five times and did not end.</summary>
    public const string SliceStuck = "slice-stuck";

    /// <summary>Planning took longer than a day.</summary>
    public const string PlanningTooLong = "planning-too-long";
}
