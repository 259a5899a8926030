using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Decides on a record for a request's task, on the record as it is now: it goes if one of the persons is in it and no
/// exception and no legal period keeps it, under the plan's policy or under the one in force.
/// </summary>
internal sealed class TaskJudge(LinkedClocks links)
{
    /// <summary>No line of the persons is in the log.</summary>
    public const string NoLines = "no-lines";

    private const string NotNamed = "not-named";

    public async Task<Decided> JudgeAsync(ActRun run, WorkEntry entry, RecordSnapshot snapshot, WantedSubjects wanted)
    {
        var subjects = RecordReading.Subjects(run.Dataset, snapshot);
        if (!run.Dataset.IsSearched && !wanted.AreIn(subjects))
        {
            return new(RecordOutcome.Changed(NotNamed), null);
        }

        // What cannot be read is left to the rewrite: its refusal says why.
        if (run.Dataset.IsSearched
            && await ContentSearch.LookAsync(run, entry.Key, snapshot.Version, wanted.Identifiers) is ContentLook.Clear)
        {
            return new(Absent(run), null);
        }

        foreach (var policy in new[] { run.Plan, run.InForce }.Where(policy => policy.Datasets.ContainsKey(run.Batch.Dataset)).Distinct())
        {
            var facts = await run.ReadAsync(cancel => links.ResolveAsync(policy, run.Batch.Dataset, snapshot, [], cancel));
            if (RetentionJudge.KeepingFromRequest(policy.Datasets[run.Batch.Dataset], facts, run.Batch.CutOffAt) is { } kept)
            {
                return new(RecordOutcome.Retained($"{kept.Reason}:{kept.Code}"), null);
            }
        }

        return new(null, new RecordView(snapshot.Version, subjects, entry.ClockAt, null, Moved: false) { Stage = snapshot.Stage });
    }

    /// <summary>The lines that were asked for are not there.</summary>
    public static RecordOutcome Absent(ActRun run) =>
        new(OutcomeResult.Absent, Bases.ReadBack(run.Store.Consistency), NoLines);
}
