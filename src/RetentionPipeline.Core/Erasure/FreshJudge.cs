using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Decides again on the record as it is now: where it moved since the scan, where another policy is in force than the
/// plan's, and where a clock stands in another record. It must be due under the plan's policy and under the one in
/// force.
/// </summary>
internal sealed class FreshJudge(LinkedClocks links, RampShare share)
{
    private readonly TaskJudge tasks = new(links);

    /// <summary>Unchanged means still due only where everything that decides lies in the record itself.</summary>
    public static bool NeedsFreshRead(ActRun run) =>
        run.Wanted is not null || run.InForce.Hash != run.Plan.Hash || LinkedClocks.Of(run.Plan, run.Batch.Dataset).Count > 0;

    public async Task<Decided> JudgeAsync(ActRun run, WorkEntry entry)
    {
        var fields = RecordReading.Fields(run.Plan, run.Batch.Dataset, [.. FieldsInForce(run)]);
        var snapshot = await run.ReadAsync(cancel =>
            run.Store.ReadAsync(run.Location, entry.Key, fields, cancel));
        if (snapshot is null)
        {
            return new(new RecordOutcome(OutcomeResult.Absent, Bases.ReadBack(run.Store.Consistency)), null);
        }

        if (snapshot.Stage is { } mark && run.Batch.Action is RuleAction.Anonymise && StageOutcome(run, mark) is { } ended)
        {
            return new(ended, null);
        }

        if (run.Wanted is { } wanted)
        {
            return await tasks.JudgeAsync(run, entry, snapshot, wanted);
        }

        var facts = await run.ReadAsync(cancel => links.ResolveAsync(run.Plan, run.Batch.Dataset, snapshot, [], cancel));
        var place = await share.PlaceAsync(entry.Key, run.Limit);
        if (Judge(run, run.Plan, facts, place, out var clockAt) is { } kept)
        {
            return new(kept, null);
        }

        if (run.InForce.Hash != run.Plan.Hash)
        {
            if (!HasSameRule(run))
            {
                return new(RecordOutcome.Changed("rule-gone"), null);
            }

            var now = await run.ReadAsync(cancel =>
                links.ResolveAsync(run.InForce, run.Batch.Dataset, snapshot, [], cancel));
            if (Judge(run, run.InForce, now, place, out _) is { } keptNow)
            {
                return new(keptNow, null);
            }
        }

        var link = facts.Links.Values.Select(value => value.Version).FirstOrDefault(version => version is not null);
        var subjects = RecordReading.Subjects(run.Dataset, snapshot);
        return new(null, new RecordView(snapshot.Version, subjects, clockAt, link, Moved: false));
    }

    /// <summary>Null if the record is due.</summary>
    private static RecordOutcome? Judge(ActRun run, Policy policy, RecordFacts facts, int place, out DateTimeOffset clockAt)
    {
        var rule = policy.FindRule(run.Batch.Rule)!;
        var decision = RetentionJudge.Decide(
            policy, rule, facts, run.Batch.CutOffAt, later => RampShare.Acts(later, place, run.Batch.CutOffAt));
        clockAt = (decision as RetentionDecision.Due)?.ClockAt ?? default;
        return decision switch
        {
            RetentionDecision.Due => null,
            RetentionDecision.Kept kept => RecordOutcome.Retained($"{kept.Reason}:{kept.Code}"),
            RetentionDecision.StageReached => RecordOutcome.Changed("stage-reached"),
            RetentionDecision.Undated => RecordOutcome.Changed("undated"),
            _ => RecordOutcome.Changed("not-due"),
        };
    }

    /// <summary>
    /// The stage names its operation: ours, or one whose deferred records these are, means that our own commit stands
    /// although its answer was lost; another one of the same rule means that somebody else did it.
    /// </summary>
    private static RecordOutcome? StageOutcome(ActRun run, StageMark mark)
    {
        if (IsOurs(run.Batch, mark.Operation))
        {
            return new RecordOutcome(OutcomeResult.Anonymised, Bases.ReadBack(run.Store.Consistency));
        }

        return run.Wanted is null && mark.Rule == run.Batch.Rule && mark.Stage == run.Plan.FindRule(run.Batch.Rule)!.Stage
            ? RecordOutcome.Changed("stage-by-other")
            : null;
    }

    /// <summary>Whether the operation is the batch's or one of its forebears.</summary>
    public static bool IsOurs(WorkBatch batch, Guid operation)
    {
        var link = DerivedId.Operation(batch.Scan, batch.Slice, batch.Number);
        for (var depth = 0; depth <= MaxChain; depth++, link = DerivedId.Child(link))
        {
            if (link == operation)
            {
                return true;
            }

            if (link == batch.Operation)
            {
                return false;
            }
        }

        return false;
    }

    private const int MaxChain = 10_000;

    private static bool HasSameRule(ActRun run) =>
        run.InForce.FindRule(run.Batch.Rule) is { } rule
        && rule.Dataset == run.Batch.Dataset
        && rule.Action == run.Batch.Action
        && rule.Mode is not RuleMode.Report;

    private static IEnumerable<string> FieldsInForce(ActRun run) =>
        run.InForce.Datasets.ContainsKey(run.Batch.Dataset)
            ? RecordReading.Fields(run.InForce, run.Batch.Dataset)
            : [];
}
