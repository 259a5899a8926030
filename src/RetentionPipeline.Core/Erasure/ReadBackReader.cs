using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Step 5: observes what was sent and says no more than was seen. Reads are retried until the delivery's end; what then
/// has the store's receipt is stated on the receipt alone, what has neither is deferred.
/// </summary>
internal static class ReadBackReader
{
    private const int ChunkSize = 100;

    public static async Task ObserveAsync(ActRun run, ActTrace?[] traces, RecordOutcome?[] outcomes, DateTimeOffset? until)
    {
        var sent = Enumerable.Range(0, traces.Length).Where(place => traces[place]?.Sent is not null).ToArray();
        foreach (var chunk in sent.Chunk(ChunkSize))
        {
            var keys = chunk.Select(place => run.Batch.Entries[place].Key).ToList();
            IReadOnlyList<ReadBack>? seen = null;
            await run.WaitForBudgetAsync(wanted: 1);
            try
            {
                seen = await run.ReadAsync(cancel => run.Store.ReadBackAsync(run.Location, keys, cancel));
            }
            catch (Exception) when (run.ActBegun)
            {
                // The delivery's time is over and no answer came: the receipts stand alone.
            }

            for (var i = 0; i < chunk.Length; i++)
            {
                outcomes[chunk[i]] = Interpret(run, traces[chunk[i]]!.Sent!, seen?[i], until);
            }
        }
    }

    private static RecordOutcome Interpret(ActRun run, SentAct sent, ReadBack? seen, DateTimeOffset? until)
    {
        var outcome = run.Batch.Action is RuleAction.Delete
            ? InterpretDelete(run, sent, seen)
            : InterpretRewrite(run, sent, seen);
        return outcome.Result is OutcomeResult.Erased or OutcomeResult.Anonymised
            ? outcome with
            {
                Until = until,
                ActedVersion = sent.ActedVersion,
                LinkVersion = sent.LinkVersion,
                Lines = sent.Lines,
                Basis = sent.Lines is { Dropped: > 0 } ? $"{outcome.Basis},{Bases.LinesDropped}" : outcome.Basis,
            }
            : outcome;
    }

    private static RecordOutcome InterpretDelete(ActRun run, SentAct sent, ReadBack? seen)
    {
        var consistency = run.Store.Consistency;
        return (sent.Result, seen) switch
        {
            (not null, null) => new(OutcomeResult.Erased, Bases.Receipt),
            (not null, { Found: null }) => new(OutcomeResult.Erased, Bases.ReceiptAndReadBack(consistency)),
            (not null, { Found: { } found }) when found.Version == sent.Version =>
                new(OutcomeResult.Failed, Bases.ReadBack(consistency), "still-there"),

            // The version that was decided on is gone by the store's word; somebody wrote a new record of that key.
            (not null, _) => new(OutcomeResult.Erased, Bases.Receipt, "written-anew"),
            (null, { Found: null }) => new(OutcomeResult.Absent, Bases.ReadBack(consistency)),
            _ => RecordOutcome.Deferred(DeferCause.Unknown),
        };
    }

    private static RecordOutcome InterpretRewrite(ActRun run, SentAct sent, ReadBack? seen)
    {
        var consistency = run.Store.Consistency;
        var ours = seen?.Found?.Stage is { } stage && FreshJudge.IsOurs(run.Batch, stage.Operation);
        return (sent.Result, seen) switch
        {
            (not null, { Found: not null }) when ours =>
                new(OutcomeResult.Anonymised, Bases.ReceiptAndReadBack(consistency)),
            (not null, null) => new(OutcomeResult.Anonymised, Bases.Receipt),
            (not null, { Found: null }) => new(OutcomeResult.Anonymised, Bases.Receipt, "gone-since"),
            (not null, _) => new(OutcomeResult.Anonymised, Bases.Receipt, "written-since"),
            (null, { Found: null }) => new(OutcomeResult.Absent, Bases.ReadBack(consistency)),
            (null, { Found: not null }) when ours =>
                new(OutcomeResult.Anonymised, Bases.ReadBack(consistency)),
            _ => RecordOutcome.Deferred(DeferCause.Unknown),
        };
    }
}
