using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>A scan to begin.</summary>
/// <param name="Scan">Its id, derived: beginning it twice is beginning it once.</param>
/// <param name="Policy">What everything is decided under.</param>
/// <param name="Rule">Of that policy.</param>
/// <param name="At">Cut-off.</param>
/// <param name="Purpose">Why.</param>
/// <param name="Asked">For whom, where persons asked.</param>
public sealed record ScanOrder(
    Guid Scan, Policy Policy, Rule Rule, DateTimeOffset At, ScanPurpose Purpose, ScanRequests? Asked = null);

/// <summary>Whether a scan has begun.</summary>
public enum StartAnswer
{
    /// <summary>Its plan stands and its slices are queued.</summary>
    Planned,

    /// <summary>Not now; asking again is right.</summary>
    Waits,
}

/// <summary>Begins a scan that is open: the plan once, the start leaf, the slices.</summary>
public sealed partial class ScanStarter(
    ScanParts parts, Attempts attempts, LaneWriter lanes, TimeProvider time, ILogger<ScanStarter> logger)
{
    /// <summary>Most slices of one scan.</summary>
    public const int MaxSlices = 64;

    /// <summary>A dataset whose first range ends within so many records is read by one slice.</summary>
    private const int SmallRange = 2_000;

    private const int RangeAttempts = 3;
    private readonly ConcurrentDictionary<Guid, int> failedRanges = new();

    /// <summary>Cutting asks many times and has no effect: one answer that fails is no reason to give it up.</summary>
    private ResiliencePipeline AskRetry { get; } = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<Exception>(failure => failure is not (OperationCanceledException or StoreUnavailableException)),
            MaxRetryAttempts = 3,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(200),
        }).Build();

    /// <summary>A crash after the plan leaves slices that the reconciler sends.</summary>
    public async Task<StartAnswer> StartAsync(ScanOrder order, CancellationToken cancel)
    {
        var plan = await parts.Book.FindPlanAsync(order.Scan, cancel);
        if (plan is null)
        {
            var (ranges, failure) = await ListRangesAsync(order, cancel);
            if (ranges is null && failure is null)
            {
                return StartAnswer.Waits;
            }

            plan = await parts.Book.WritePlanAsync(Make(order, ranges ?? [], failure), cancel);
        }

        await SendAsync(plan, cancel);
        return StartAnswer.Planned;
    }

    /// <summary>
    /// Sends what was not sent of a plan that stands. The start leaf is in a lane before the first slice can run and the
    /// scan can close: from it a verifier knows in which order the closing names the operations. A crash between the two
    /// leaves a leaf that is appended again and dropped by its key.
    /// </summary>
    public async Task SendAsync(ScanPlan plan, CancellationToken cancel)
    {
        var unsent = new List<WorkAddress>();
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var address = WorkAddress.OfSlice(plan.Scan, slice);
            if (await attempts.FindAsync(address, cancel) is null)
            {
                unsent.Add(address);
            }
        }

        if (unsent.Count > 0 || plan.Ranges.Count == 0)
        {
            await lanes.AppendAsync([plan.StartLeaf], cancel);
        }

        foreach (var address in unsent)
        {
            await attempts.SendFirstAsync(address, null, cancel);
        }
    }

    /// <summary>
    /// Ranges, or why there are none. A store that cannot be reached is asked again by the next runs; after a few the
    /// scan is planned as failed, so that it shows.
    /// </summary>
    private async Task<(IReadOnlyList<RecordRange>? Ranges, string? Failure)> ListRangesAsync(
        ScanOrder order, CancellationToken cancel)
    {
        var dataset = order.Policy.Datasets[order.Rule.Dataset];
        try
        {
            var store = parts.Stores.Get(dataset.Store);
            var location = RecordReading.Location(dataset);
            var ranges = await CutAsync(store, location, cancel);
            failedRanges.TryRemove(order.Scan, out _);
            return (ranges, null);
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            var failed = failedRanges.AddOrUpdate(order.Scan, 1, (_, before) => before + 1);
            LogUnreachable(order.Rule.Dataset, dataset.Store, failed, failure.GetType().Name);
            return (null, failed >= RangeAttempts ? FailureReasons.StoreUnreachable : null);
        }
    }

    /// <summary>Looking for places to cut at costs far more than seeing that there is nothing to cut.</summary>
    private async Task<IReadOnlyList<RecordRange>> CutAsync(
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
    private async Task<bool> IsSmallAsync(
        IRecordStore store, DatasetLocation location, RecordRange first, CancellationToken cancel)
    {
        string? position = null;
        for (var seen = 0; seen < SmallRange;)
        {
            var query = new PageQuery(location, first, position, [], 1_000);
            var page = await AskRetry.ExecuteAsync(async token => await store.ReadPageAsync(query, token), cancel);
            if (page.Position is null)
            {
                return true;
            }

            seen += Math.Max(1, page.Snapshots.Count);
            position = page.Position;
        }

        return false;
    }

    private ScanPlan Make(ScanOrder order, IReadOnlyList<RecordRange> ranges, string? failure)
    {
        var (now, rule) = (time.GetUtcNow(), order.Rule);
        var body = new JsonObject
        {
            ["action"] = rule.Action.ToString().ToLowerInvariant(),
            ["cutOff"] = LeafTime.Text(order.At),
            ["dataset"] = rule.Dataset,
            ["mode"] = rule.Mode.ToString().ToLowerInvariant(),
            ["policy"] = order.Policy.Hash,
            ["purpose"] = order.Purpose is ScanPurpose.DryRun ? "dry-run" : order.Purpose.ToString().ToLowerInvariant(),
            ["rule"] = rule.Name,
            ["slices"] = ranges.Count,
        };
        if (order.Asked is { } asked)
        {
            body["requests"] = asked.Served.Count;
        }
        else
        {
            body["cap"] = new JsonObject { ["percent"] = rule.Cap.Percent, ["records"] = rule.Cap.Count };
        }

        var leaf = Leaf.Encode(LeafTypes.Scan, order.Scan.ToString("D"), "start", now, body);
        return new ScanPlan(
            order.Scan, rule.Name, rule.Dataset, rule.Mode, order.Policy.Hash, order.At, rule.Cap, ranges, leaf,
            order.Purpose, now, failure)
        {
            Asked = order.Asked,
        };
    }

    [LoggerMessage(1001, LogLevel.Error, "Dataset {Dataset} of store {Store} cannot be reached, try {Try}: {Error}")]
    private partial void LogUnreachable(string dataset, string store, int @try, string error);
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
