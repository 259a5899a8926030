using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>The words for what was observed. There are no others.</summary>
public enum OutcomeResult
{
    /// <summary>The store confirmed the delete of the version that was decided on.</summary>
    Erased,

    /// <summary>It was not there; by whom it went is not claimed.</summary>
    Absent,

    /// <summary>The operators were applied and the store confirmed it.</summary>
    Anonymised,

    /// <summary>Kept by a hold, an exception or a keep-at-least rule.</summary>
    Retained,

    /// <summary>No longer due: somebody touched it, or the policy did.</summary>
    Changed,

    /// <summary>Goes on in the child operation.</summary>
    Deferred,

    /// <summary>Not confirmed: it may or may not be there.</summary>
    Failed,
}

/// <summary>Why a record goes on in the child operation.</summary>
public enum DeferCause
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>A stop stands, or this instance is asked to end.</summary>
    Stopped,

    /// <summary>The store's rate budget is used up.</summary>
    Budget,

    /// <summary>Another policy came into force during the batch.</summary>
    PolicyChanged,

    /// <summary>The delivery's time is over.</summary>
    Time,

    /// <summary>The store asked to come back later.</summary>
    Throttled,

    /// <summary>The store's answer is lost, and the record is still there.</summary>
    Unknown,

    /// <summary>Somebody else changed the record twice meanwhile.</summary>
    Contended,
}

/// <summary>What was observed for one record.</summary>
/// <param name="Result">The word.</param>
/// <param name="Basis">
/// What it rests on, joined by commas: <c>receipt</c> (the store's answer), <c>read-back:CONSISTENCY</c>,
/// <c>decision</c> (nothing was tried), <c>lines-dropped</c>.
/// </param>
/// <param name="Reason">Constant code or name from the policy; null where the result says it all.</param>
/// <param name="Until">When the last disclosed residual copy is gone; null without one.</param>
/// <param name="ActedVersion">The version acted on, where it is not the one that the scan saw.</param>
/// <param name="LinkVersion">Version of the linked record that the clock was read from.</param>
/// <param name="Lines">What happened to the lines of a log.</param>
/// <param name="Cause">For <see cref="OutcomeResult.Deferred"/>.</param>
/// <param name="RetryAfter">What the store asked for.</param>
public sealed record RecordOutcome(
    OutcomeResult Result, string Basis, string? Reason = null, DateTimeOffset? Until = null,
    string? ActedVersion = null, string? LinkVersion = null, ContentChange? Lines = null,
    DeferCause Cause = DeferCause.None, TimeSpan? RetryAfter = null)
{
    /// <summary>Nothing was tried or nothing came of it; the child goes on.</summary>
    public static RecordOutcome Deferred(DeferCause cause, TimeSpan? retryAfter = null) =>
        new(OutcomeResult.Deferred, Bases.Decision, Cause: cause, RetryAfter: retryAfter);

    /// <summary>Kept.</summary>
    public static RecordOutcome Retained(string reason) => new(OutcomeResult.Retained, Bases.Decision, reason);

    /// <summary>No longer due.</summary>
    public static RecordOutcome Changed(string reason) => new(OutcomeResult.Changed, Bases.Decision, reason);

    /// <summary>The store will not do it.</summary>
    public static RecordOutcome Failed(string reason) => new(OutcomeResult.Failed, Bases.Receipt, reason);
}

/// <summary>What an outcome rests on.</summary>
public static class Bases
{
    /// <summary>The pipeline's own decision on what it read; nothing was tried.</summary>
    public const string Decision = "decision";

    /// <summary>The store's answer to the act.</summary>
    public const string Receipt = "receipt";

    /// <summary>Lines of a log were dropped.</summary>
    public const string LinesDropped = "lines-dropped";

    /// <summary>A read after the act.</summary>
    public static string ReadBack(string consistency) => "read-back:" + consistency;

    /// <summary>Both.</summary>
    public static string ReceiptAndReadBack(string consistency) => $"{Receipt},{ReadBack(consistency)}";
}
