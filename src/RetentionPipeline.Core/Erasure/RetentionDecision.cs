using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>What a rule means for one record at one instant.</summary>
public abstract record RetentionDecision
{
    private RetentionDecision()
    {
    }

    /// <summary>Its period has ended and nothing keeps it.</summary>
    public sealed record Due(DateTimeOffset ClockAt) : RetentionDecision;

    /// <summary>Its period runs, or another stage is its turn.</summary>
    public sealed record NotDue(DateTimeOffset ClockAt) : RetentionDecision;

    /// <summary>Its period has ended; a keep-at-least rule or a coded exception keeps it.</summary>
    /// <param name="ClockAt">Its clock.</param>
    /// <param name="Reason">exception or keep-at-least.</param>
    /// <param name="Code">Code of the exception, or name of the keep-at-least rule.</param>
    public sealed record Kept(DateTimeOffset ClockAt, string Reason, string Code) : RetentionDecision;

    /// <summary>Its clock has not started: the process is open.</summary>
    public sealed record NotStarted : RetentionDecision;

    /// <summary>It is at this stage already, or beyond.</summary>
    public sealed record StageReached : RetentionDecision;

    /// <summary>No usable clock.</summary>
    /// <param name="Reason">Constant code.</param>
    public sealed record Undated(string Reason) : RetentionDecision;
}

/// <summary>What a decision rests on: the record as read, and the clocks that stand in other datasets' records.</summary>
/// <param name="Snapshot">The record.</param>
/// <param name="Links">By clock name; a linked clock without an entry was not looked up.</param>
public sealed record RecordFacts(RecordSnapshot Snapshot, IReadOnlyDictionary<string, LinkedValue> Links)
{
    /// <summary>Facts of a record whose dataset has no linked clock.</summary>
    public static RecordFacts Of(RecordSnapshot snapshot) => new(snapshot, new Dictionary<string, LinkedValue>());
}

/// <summary>The field of a linked record.</summary>
/// <param name="Version">The linked record's version; null if the record is not there.</param>
/// <param name="Present">Whether the record has the field.</param>
/// <param name="Value">Its value.</param>
public sealed record LinkedValue(string? Version, bool Present, object? Value);

/// <summary>
/// The pure function that decides. Slices decide by it what is due, handlers decide again by it where a record or the
/// policy changed; there is no second way.
/// </summary>
public static class RetentionJudge
{
    /// <summary>Decides for one record.</summary>
    /// <param name="policy">The policy to judge by.</param>
    /// <param name="rule">A rule of it.</param>
    /// <param name="facts">The record.</param>
    /// <param name="cutOffAt">A period that ends at this instant has ended.</param>
    /// <param name="acts">Whether a later stage's rule would act on this record (mode, share of a ramp).</param>
    public static RetentionDecision Decide(
        Policy policy, Rule rule, RecordFacts facts, DateTimeOffset cutOffAt, Func<Rule, bool> acts)
    {
        var own = DecideAlone(policy, rule, facts, cutOffAt);
        if (own is not RetentionDecision.Due due)
        {
            return own;
        }

        var later = policy.RulesOf(rule.Dataset).Any(other =>
            other.Stage > rule.Stage && acts(other)
            && DecideAlone(policy, other, facts, cutOffAt) is RetentionDecision.Due);
        return later ? new RetentionDecision.NotDue(due.ClockAt) : due;
    }

    private static RetentionDecision DecideAlone(
        Policy policy, Rule rule, RecordFacts facts, DateTimeOffset cutOffAt)
    {
        var dataset = policy.Datasets[rule.Dataset];
        var mark = facts.Snapshot.Stage;
        if (mark is not null && StageOf(policy, rule.Dataset, mark) >= rule.Stage)
        {
            return new RetentionDecision.StageReached();
        }

        // A rewrite may have coarsened the clock's own field: the mark holds it as it was.
        var reading = mark is not null && policy.FindRule(mark.Rule)?.Clock == rule.Clock
            ? new ClockReading.Started(mark.ClockAt)
            : Read(dataset, rule.Clock, facts, cutOffAt);
        if (reading is ClockReading.Undated && rule.FallbackClock is { } fallback)
        {
            reading = Read(dataset, fallback, facts, cutOffAt);
        }

        return reading switch
        {
            ClockReading.Undated undated => new RetentionDecision.Undated(undated.Reason),
            ClockReading.Started started => DecideStarted(dataset, rule, started.At, facts, cutOffAt),
            _ => new RetentionDecision.NotStarted(),
        };
    }

    private static RetentionDecision DecideStarted(
        Dataset dataset, Rule rule, DateTimeOffset clockAt, RecordFacts facts, DateTimeOffset cutOffAt)
    {
        if (rule.Periods.Any(purpose => purpose.Period.EndOf(clockAt) > cutOffAt))
        {
            return new RetentionDecision.NotDue(clockAt);
        }

        return Keeping(dataset, clockAt, facts, cutOffAt, reason => new RetentionDecision.Undated(reason))
            ?? new RetentionDecision.Due(clockAt);
    }

    /// <summary>
    /// What keeps a record although somebody asks for its deletion; null if nothing does. Fails closed: a period that the
    /// law demands, whose clock cannot be read, keeps the record.
    /// </summary>
    public static RetentionDecision.Kept? KeepingFromRequest(Dataset dataset, RecordFacts facts, DateTimeOffset cutOffAt) =>
        Keeping(dataset, cutOffAt, facts, cutOffAt, null) as RetentionDecision.Kept;

    private static RetentionDecision? Keeping(
        Dataset dataset, DateTimeOffset clockAt, RecordFacts facts, DateTimeOffset cutOffAt,
        Func<string, RetentionDecision>? undatedAs)
    {
        foreach (var exception in dataset.Exceptions)
        {
            if (facts.Snapshot.Fields.TryGetValue(exception.Field, out var value)
                && Convert.ToString(value, CultureInfo.InvariantCulture) == exception.Value)
            {
                return new RetentionDecision.Kept(clockAt, KeepReasons.Exception, exception.Code);
            }
        }

        foreach (var keep in dataset.KeepAtLeast)
        {
            switch (Read(dataset, keep.Clock, facts, cutOffAt))
            {
                case ClockReading.Undated undated when undatedAs is not null:
                    return undatedAs(undated.Reason);
                case ClockReading.Started started when keep.Period.EndOf(started.At) <= cutOffAt:
                    break;
                default:
                    // Also where the legal period has not even begun: the process that starts it is still open.
                    return new RetentionDecision.Kept(clockAt, KeepReasons.KeepAtLeast, keep.Name);
            }
        }

        return null;
    }

    private static ClockReading Read(Dataset dataset, string name, RecordFacts facts, DateTimeOffset now)
    {
        var clock = dataset.Clocks[name];
        bool present;
        object? value;
        if (clock.Link is null)
        {
            present = facts.Snapshot.Fields.TryGetValue(clock.Field, out value);
        }
        else
        {
            if (!facts.Links.TryGetValue(name, out var link) || link.Version is null)
            {
                return new ClockReading.Undated(KeepReasons.LinkMissing);
            }

            (present, value) = (link.Present, link.Value);
        }

        var reading = present ? ClockReader.Read(value, clock.Format, now) : ClockReader.Absent;
        return clock.OpenWhileMissing && (!present || value is null) ? new ClockReading.NotStarted() : reading;
    }

    private static int StageOf(Policy policy, string dataset, StageMark mark) =>
        policy.FindRule(mark.Rule) is { } rule && rule.Dataset == dataset ? rule.Stage : mark.Stage;
}

/// <summary>Reasons of decisions, constants that stand in outcomes.</summary>
public static class KeepReasons
{
    /// <summary>A coded exception of the policy.</summary>
    public const string Exception = "exception";

    /// <summary>A period that the law demands.</summary>
    public const string KeepAtLeast = "keep-at-least";

    /// <summary>A legal hold.</summary>
    public const string Hold = "hold";

    /// <summary>The record that a linked clock points to is not there.</summary>
    public const string LinkMissing = "link-missing";
}
