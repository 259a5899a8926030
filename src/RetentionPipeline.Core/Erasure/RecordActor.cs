using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>What an actor leaves for the read-back, or the outcome where there is nothing to read back.</summary>
/// <param name="Outcome">Set where the outcome is known.</param>
/// <param name="Sent">Set where an act was sent and must be observed.</param>
internal sealed record ActTrace(RecordOutcome? Outcome, SentAct? Sent)
{
    public static implicit operator ActTrace(RecordOutcome outcome) => new(outcome, null);
}

/// <summary>An act that was sent.</summary>
/// <param name="Result">Null if its answer is lost.</param>
/// <param name="Version">The version that it was conditional on.</param>
/// <param name="ActedVersion">That version, where it is not the one that the scan saw.</param>
/// <param name="LinkVersion">Version of the linked record that the decision rests on.</param>
/// <param name="Lines">Lines of a rewritten log.</param>
internal sealed record SentAct(
    ActResult.Done? Result, string Version, string? ActedVersion, string? LinkVersion, ContentChange? Lines);

/// <summary>
/// Acts on one record: looks at stops, holds and the policy in force, decides again where something moved, and sends at
/// most two acts, each under the version that was decided on.
/// </summary>
internal sealed class RecordActor(FreshJudge judge)
{
    public async Task<ActTrace> ActAsync(ActRun run, WorkEntry entry, int remaining)
    {
        var current = new RecordView(entry.Version, entry.Subjects, entry.ClockAt, null, Moved: false);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            if (run.IsLateFor(attempt))
            {
                return RecordOutcome.Deferred(DeferCause.Time);
            }

            if (await run.WhyNotNowAsync() is not DeferCause.None and var cause)
            {
                return RecordOutcome.Deferred(cause);
            }

            var decided = await DecideAsync(run, entry, current);
            if (decided.Outcome is { } ended)
            {
                return ended;
            }

            current = decided.View!;
            if (await run.TakeBudgetAsync(remaining) is BudgetAnswer.NoneInTime)
            {
                return RecordOutcome.Deferred(DeferCause.Budget);
            }

            var (result, lines) = run.Batch.Action is RuleAction.Delete
                ? await DeleteAsync(run, entry, current, decided.Looked!)
                : await RewriteAsync(run, entry, current);
            switch (result)
            {
                case Sending.Ended { Outcome: var outcome }:
                    return outcome;
                case Sending.TooLate:
                    break;
                case Sending.Observed { Result: null or ActResult.Done } sent:
                    var acted = current.Version == entry.Version ? null : current.Version;
                    return new ActTrace(null, new SentAct(
                        sent.Result as ActResult.Done, current.Version, acted, current.LinkVersion, lines));
                case Sending.Observed { Result: ActResult.NotFound }:
                    return new RecordOutcome(OutcomeResult.Absent, Bases.Receipt);
                case Sending.Observed { Result: ActResult.Throttled throttled }:
                    return RecordOutcome.Deferred(DeferCause.Throttled, throttled.RetryAfter);
                case Sending.Observed { Result: ActResult.Refused refused }:
                    return RecordOutcome.Failed(refused.Reason);
            }

            current = current with { Moved = true };
        }

        return RecordOutcome.Deferred(DeferCause.Contended);
    }

    /// <summary>Holds first, then the decision where it must be made anew, then a look into a log's content.</summary>
    private async Task<Decided> DecideAsync(ActRun run, WorkEntry entry, RecordView current)
    {
        if (current.Moved || FreshJudge.NeedsFreshRead(run))
        {
            var fresh = await judge.JudgeAsync(run, entry);
            if (fresh.Outcome is not null)
            {
                return fresh;
            }

            current = fresh.View!;
        }

        return await LookAtHoldsAsync(run, entry, current);
    }

    /// <summary>The act rests on the reading that was matched here, never on one that was made after it.</summary>
    private static async Task<Decided> LookAtHoldsAsync(ActRun run, WorkEntry entry, RecordView current)
    {
        var reading = await run.ReadAsync(run.Guard.CurrentAsync);
        if (reading.InForce.Hash != run.InForce.Hash)
        {
            return new(RecordOutcome.Deferred(DeferCause.PolicyChanged), null);
        }

        if (reading.HoldSet.Match(run.Batch.Dataset, entry.Key, current.Subjects) is not null)
        {
            return new(RecordOutcome.Retained(KeepReasons.Hold), null);
        }

        return await HeldContent.IsHeldAsync(run, entry.Key, current.Version, reading.HoldSet)
            ? new(RecordOutcome.Retained(KeepReasons.Hold), null)
            : new(null, current, reading);
    }

    private static async Task<(Sending, ContentChange?)> DeleteAsync(
        ActRun run, WorkEntry entry, RecordView current, GuardReading looked)
    {
        if (!run.Guard.HasRoom(looked))
        {
            return (Sending.TooLate.Instance, null);
        }

        var result = await run.SendActAsync(
            looked, cancel => run.Store.DeleteAsync(run.Location, entry.Key, current.Version, cancel));
        return (new Sending.Observed(result), null);
    }

    /// <summary>Reading and staging are no act; between them and the commit the holds are looked at once more.</summary>
    private static async Task<(Sending, ContentChange?)> RewriteAsync(ActRun run, WorkEntry entry, RecordView current)
    {
        var rewrite = Rewrites.For(run, current);
        var prepared = await run.ReadAsync(cancel =>
            run.Store.PrepareRewriteAsync(run.Location, entry.Key, current.Version, rewrite, cancel));
        if (prepared is PreparedRewrite.Ended ended)
        {
            return (new Sending.Observed(ended.Result), null);
        }

        var ready = (PreparedRewrite.Ready)prepared;
        if (run.Wanted is not null && ready.Change is { Dropped: 0 })
        {
            return (new Sending.Ended(TaskJudge.Absent(run)), null);
        }

        if (await run.WhyNotNowAsync() is not DeferCause.None and var cause)
        {
            return (new Sending.Ended(RecordOutcome.Deferred(cause)), null);
        }

        var looked = await LookAtHoldsAsync(run, entry, current);
        if (looked.Outcome is { } kept)
        {
            return (new Sending.Ended(kept), null);
        }

        return run.Guard.HasRoom(looked.Looked!)
            ? (new Sending.Observed(await run.SendActAsync(looked.Looked!, ready.Commit)), ready.Change)
            : (Sending.TooLate.Instance, null);
    }

    private abstract record Sending
    {
        public sealed record Observed(ActResult? Result) : Sending;

        public sealed record Ended(RecordOutcome Outcome) : Sending;

        /// <summary>Nothing was sent: the look at the holds is too long ago. Read and decide again.</summary>
        public sealed record TooLate : Sending
        {
            public static readonly TooLate Instance = new();
        }
    }
}

/// <summary>The record as the next act sees it.</summary>
/// <param name="Version">The version to act on.</param>
/// <param name="Subjects">The persons in it.</param>
/// <param name="ClockAt">Its clock.</param>
/// <param name="LinkVersion">Version of the linked record, if one was read.</param>
/// <param name="Moved">The last act found another version: read and decide again.</param>
internal sealed record RecordView(
    string Version, IReadOnlyList<SubjectIdentifier> Subjects, DateTimeOffset ClockAt, string? LinkVersion, bool Moved)
{
    /// <summary>Of a request's task: the stage that the record is at, which dropping lines does not move.</summary>
    public StageMark? Stage { get; init; }
}

/// <summary>An outcome, or what to act on and the reading of holds and policy that it was matched with.</summary>
internal sealed record Decided(RecordOutcome? Outcome, RecordView? View, GuardReading? Looked = null);
