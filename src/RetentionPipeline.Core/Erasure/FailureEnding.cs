namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Ends an operation that cannot end by itself: every record is stated as not confirmed, it may or may not be there. It
/// writes what is missing, in the order of any other delivery, so that the log has an intent for the outcome.
/// </summary>
public sealed class FailureEnding(IntentWriter intents, IScanSubjects subjects, ActRunner acts, OutcomeWriter outcomes)
{
    /// <summary>An operation that has ended meanwhile stays as it ended.</summary>
    public async Task EndAsFailedAsync(WorkBatch batch, CancellationToken cancel)
    {
        var results = await outcomes.FindAsync(batch.Operation, cancel);
        if (results is null)
        {
            var holdVersion = await acts.ReadHoldVersionAsync(cancel);
            var wanted = batch.Rule == Policies.Rule.Request ? await subjects.FindSubjectsAsync(batch.Scan, cancel) : null;
            var intent = await intents.MakeDurableAsync(batch, holdVersion, wanted?.Epochs, cancel);
            var failed = batch.Entries
                .Select(_ => new RecordOutcome(OutcomeResult.Failed, Bases.Decision, "not-confirmed")).ToList();
            var facts = new OutcomeFacts(failed, batch.Policy, holdVersion, Acted: false);
            results = await outcomes.WriteAsync(batch, intent, facts, cancel);
        }

        await outcomes.FinishAsync(batch, results, cancel);
    }
}
