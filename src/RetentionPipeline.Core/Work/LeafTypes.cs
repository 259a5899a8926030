namespace RetentionPipeline.Core.Work;

/// <summary>Types of ledger leaves that this pipeline writes. What each body holds: <c>docs/ledger/leaves.md</c>.</summary>
public static class LeafTypes
{
    /// <summary>A policy text came into force. Id: its hash.</summary>
    public const string Policy = "policy";

    /// <summary>A scan started or closed. Id: the scan; part: start or close.</summary>
    public const string Scan = "scan";

    /// <summary>What a batch is about to do. Id: the operation.</summary>
    public const string Intent = "intent";

    /// <summary>What was observed for a batch. Id: the operation.</summary>
    public const string Outcome = "outcome";

    /// <summary>A hold was placed. Id: the hold.</summary>
    public const string Hold = "hold";

    /// <summary>No act older than the hold is under way any more. Id: the hold.</summary>
    public const string HoldEffective = "hold-effective";

    /// <summary>A hold was taken back. Id: the hold.</summary>
    public const string HoldReleased = "hold-released";

    /// <summary>A pseudonym key was made or destroyed. Id: the epoch's number; part: made or destroyed.</summary>
    public const string KeyEpoch = "key-epoch";

    /// <summary>Something of the pipeline's own was removed, by age or, of a person, on demand. Id: the run; part: what.</summary>
    public const string Forgotten = "forgotten";

    /// <summary>A request changed its state. Id: the request; part: the state.</summary>
    public const string Request = "request";

    /// <summary>The copies that a scan disclosed have aged out of the store's window. Id: the scan.</summary>
    public const string Purged = "purged";

    /// <summary>An outside party vouched for a checkpoint. Id: its size; part: the party.</summary>
    public const string Anchor = "anchor";

    /// <summary>Points at an earlier leaf that says less, or something else, than what was done.</summary>
    public const string Correction = "correction";
}

/// <summary>Times in leaves: UTC, to the millisecond.</summary>
public static class LeafTime
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary><c>yyyy-MM-ddTHH:mm:ss.fffZ</c>.</summary>
    public static string Text(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>Null for any other form.</summary>
    public static DateTimeOffset? TryParse(string text) => DateTimeOffset.TryParseExact(
        text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;
}
