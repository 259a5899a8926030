using Polly;
using Polly.Retry;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>How a delivery of a planning slice ended.</summary>
internal enum PlanningEnd
{
    /// <summary>The slice's last batch stands.</summary>
    Last,

    /// <summary>Its time is over; the position stands.</summary>
    OutOfTime,

    /// <summary>A stop stands; the position stands.</summary>
    Stopped,
}

/// <summary>
/// Reads one range by page, decides exactly, and writes batches. The newest batch is the position: after a crash, or
/// where another runner was faster, it is adopted and reading goes on behind it. Workers hear nothing of it.
/// </summary>
internal sealed class SlicePlanner(
    ScanBook book, IRecordStores stores, PolicyBook policies, RampShare share, ActLimits limits, Attempts attempts)
{
    private static readonly TimeSpan BudgetPatience = TimeSpan.FromSeconds(5);

    /// <summary>A page has no effect, so a passing failure is no reason to give the slice back.</summary>
    private ResiliencePipeline PageRetry { get; } = new ResiliencePipelineBuilder { TimeProvider = limits.Time }
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = 3,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(200),
        }).Build();

    public async Task<PlanningEnd> RunAsync(ScanPlan plan, int slice, CancellationToken cancel)
    {
        var startedAt = limits.Time.GetTimestamp();
        var policy = await policies.GetAsync(plan.Policy, cancel);
        var rule = policy.FindRule(plan.Rule, plan.Dataset)!;
        var dataset = policy.Datasets[plan.Dataset];
        var state = await attempts.FindAsync(WorkAddress.OfSlice(plan.Scan, slice), cancel);
        var newest = await book.FindNewestAsync(plan.Scan, slice, state?.Planned ?? 0, cancel);
        var reader = new SliceReader(policy, rule, plan, new LinkedClocks(stores), share);
        while (newest is not { Last: true })
        {
            var draft = BatchDraft.After(newest);
            var end = await FillAsync(plan, slice, dataset, policy, draft, reader, startedAt, cancel);
            newest = await WriteAsync(plan, slice, rule, policy, draft, newest, cancel);
            if (end is not PlanningEnd.Last)
            {
                return newest.Last ? PlanningEnd.Last : end;
            }
        }

        return PlanningEnd.Last;
    }

    /// <summary>Reads pages until the batch is full, the range ends, or the delivery has to.</summary>
    private async Task<PlanningEnd> FillAsync(
        ScanPlan plan, int slice, Dataset dataset, Policy policy, BatchDraft draft, SliceReader reader, long startedAt,
        CancellationToken cancel)
    {
        var store = stores.Get(dataset.Store);
        var location = RecordReading.Location(dataset);
        var fields = RecordReading.Fields(policy, plan.Dataset);
        var budget = policy.Stores[dataset.Store];
        while (!draft.Ended && draft.Entries.Count + limits.PageRecords <= limits.BatchRecords)
        {
            if (cancel.IsCancellationRequested
                || (await limits.Stops.CurrentAsync(cancel)).Stops(dataset.Store, plan.Rule))
            {
                return PlanningEnd.Stopped;
            }

            if (limits.Time.GetElapsedTime(startedAt) >= limits.Times.LongestHandling / 2
                || await limits.Budget.TakeAsync(
                    new BudgetUse(budget.Name, budget.RequestsPerSecond, store.Spent), 1, BudgetPatience, cancel) is BudgetAnswer.NoneInTime)
            {
                return PlanningEnd.OutOfTime;
            }

            var query = new PageQuery(location, plan.Ranges[slice], draft.Position, fields, limits.PageRecords);
            var page = await PageRetry.ExecuteAsync(
                async cancel => await store.ReadPageAsync(query, cancel), cancel);
            await reader.DecideAsync(page, draft, cancel);
        }

        return PlanningEnd.Last;
    }

    /// <summary>Written once: where another runner wrote this number first, its batch is the position, not ours.</summary>
    private async Task<WorkBatch> WriteAsync(
        ScanPlan plan, int slice, Rule rule, Policy policy, BatchDraft draft, WorkBatch? before, CancellationToken cancel)
    {
        var number = before is null ? 0 : before.Number + 1;
        var stands = await book.Batches.WriteOnceAsync(
            new WorkBatch
            {
                Operation = DerivedId.Operation(plan.Scan, slice, number),
                Scan = plan.Scan,
                Slice = slice,
                Number = number,
                Rule = plan.Rule,
                Dataset = plan.Dataset,
                Action = rule.Action,
                Policy = policy.Hash,
                CutOffAt = plan.CutOffAt,
                Entries = draft.Entries,
                Count = draft.Entries.Count,
                Position = draft.Position,
                Totals = draft.Totals,
                Last = draft.Ended,
            },
            cancel);
        await attempts.ChangeAsync(
            WorkAddress.OfSlice(plan.Scan, slice),
            attempt => attempt with { Planned = Math.Max(attempt.Planned, number + 1), BegunSends = 0 }, cancel);
        return stands;
    }
}

/// <summary>A batch that is being filled.</summary>
internal sealed class BatchDraft
{
    public List<WorkEntry> Entries { get; } = [];

    public string? Position { get; set; }

    public bool Ended { get; set; }

    public ScanTotals Totals { get; set; } = ScanTotals.Zero;

    public static BatchDraft After(WorkBatch? newest) =>
        newest is null ? new() : new() { Position = newest.Position, Totals = newest.Totals };
}

/// <summary>Decides on the records of a page.</summary>
internal sealed class SliceReader(Policy policy, Rule rule, ScanPlan plan, LinkedClocks links, RampShare share)
{
    private readonly Dataset dataset = policy.Datasets[plan.Dataset];
    private readonly bool hasLinks = LinkedClocks.Of(policy, plan.Dataset).Count > 0;
    private readonly bool needsPlace = RampShare.NeedsPlace(policy, plan.Dataset);
    private readonly WantedSubjects? wanted = plan.Asked is { } asked ? new(asked.Identifiers.ToHashSet()) : null;

    public async Task DecideAsync(RecordPage page, BatchDraft draft, CancellationToken cancel)
    {
        var seen = new Dictionary<(string, RecordKey), LinkedRecord>();
        var counts = new PageCounts();
        foreach (var snapshot in page.Snapshots)
        {
            if (wanted is not null)
            {
                ListAsked(snapshot, draft, counts, wanted);
                continue;
            }

            var facts = hasLinks
                ? await links.ResolveAsync(policy, plan.Dataset, snapshot, seen, cancel)
                : RecordFacts.Of(snapshot);
            var place = needsPlace ? await share.PlaceAsync(snapshot.Key, cancel) : 0;
            var decision = RetentionJudge.Decide(
                policy, rule, facts, plan.CutOffAt, later => RampShare.Acts(later, place, plan.CutOffAt));
            counts.Add(decision);
            if (decision is RetentionDecision.Due due)
            {
                if (RampShare.Acts(rule, place, plan.CutOffAt))
                {
                    counts.Listed++;
                    draft.Entries.Add(new WorkEntry(
                        snapshot.Key, snapshot.Version, due.ClockAt, RecordReading.Subjects(dataset, snapshot)));
                }
                else
                {
                    counts.Oldest = ScanTotals.Older(counts.Oldest, due.ClockAt);
                }
            }
        }

        draft.Totals = draft.Totals.Plus(counts.ToTotals(page.Snapshots.Count));
        draft.Position = page.Position;
        draft.Ended = page.Position is null;
    }

    /// <summary>
    /// A request's task lists every record that names one of its persons, kept ones too, so that each has an outcome of
    /// its own; of a log every blob, since only its content says whom it names.
    /// </summary>
    private void ListAsked(RecordSnapshot snapshot, BatchDraft draft, PageCounts counts, WantedSubjects asked)
    {
        var named = RecordReading.Subjects(dataset, snapshot);
        if (dataset.IsSearched || asked.AreIn(named))
        {
            counts.Add(new RetentionDecision.Due(plan.CutOffAt));
            counts.Listed++;
            draft.Entries.Add(new WorkEntry(snapshot.Key, snapshot.Version, plan.CutOffAt, named));
        }
    }

    private sealed class PageCounts
    {
        private readonly Dictionary<string, long> kept = new(StringComparer.Ordinal);
        private readonly Dictionary<string, long> undated = new(StringComparer.Ordinal);
        private long due;

        public long Listed { get; set; }

        public DateTimeOffset? Oldest { get; set; }

        public void Add(RetentionDecision decision)
        {
            switch (decision)
            {
                case RetentionDecision.Due:
                    due++;
                    break;
                case RetentionDecision.NotDue notDue:
                    Oldest = ScanTotals.Older(Oldest, notDue.ClockAt);
                    break;
                case RetentionDecision.Kept keeps:
                    kept[keeps.Code] = kept.GetValueOrDefault(keeps.Code) + 1;
                    Oldest = ScanTotals.Older(Oldest, keeps.ClockAt);
                    break;
                case RetentionDecision.Undated noClock:
                    undated[noClock.Reason] = undated.GetValueOrDefault(noClock.Reason) + 1;
                    break;
            }
        }

        public ScanTotals ToTotals(long examined) =>
            new(examined, undated.Values.Sum(), due, Listed, kept, undated, Oldest);
    }
}
