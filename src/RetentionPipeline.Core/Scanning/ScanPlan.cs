using System.Text.Json.Serialization;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Scanning;

/// <summary>What a scan set out to do. Written once, sealed: ranges may hold record keys.</summary>
/// <param name="Scan">Its id.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="Mode">The rule's mode at the time.</param>
/// <param name="Policy">Hash of the policy that everything is decided under.</param>
/// <param name="CutOffAt">A period that ends by then has ended.</param>
/// <param name="Cap">Above it the scan parks.</param>
/// <param name="Ranges">One per slice.</param>
/// <param name="StartLeaf">Exact bytes of the start leaf.</param>
/// <param name="Purpose">Why it runs.</param>
/// <param name="PlannedAt">When.</param>
/// <param name="Failure">Why there are no ranges: the dataset could not be reached. Null otherwise.</param>
public sealed record ScanPlan(
    Guid Scan, string Rule, string Dataset, RuleMode Mode, string Policy, DateTimeOffset CutOffAt, ScanCap Cap,
    IReadOnlyList<RecordRange> Ranges, byte[] StartLeaf, ScanPurpose Purpose, DateTimeOffset PlannedAt, string? Failure)
{
    /// <summary>For <see cref="ScanPurpose.Request"/>: for whom. Null otherwise.</summary>
    public ScanRequests? Asked { get; init; }
}

/// <summary>The requests that a scan serves: one, or on a log all of a window.</summary>
/// <param name="Served">Their ids. Written once with the plan: who is not on the list joins the next window.</param>
/// <param name="Identifiers">Of all of them; none once the scan has closed.</param>
public sealed record ScanRequests(IReadOnlyList<Guid> Served, IReadOnlyList<SubjectIdentifier> Identifiers)
{
    /// <summary>Epochs of the pseudonyms that the requests were taken in under, each once.</summary>
    public IReadOnlyList<int> Epochs { get; init; } = [];

    /// <summary>The same; of a plan from before it was kept the first epoch, which was the only one then.</summary>
    [JsonIgnore]
    public IReadOnlyList<int> Under => Epochs.Count == 0 ? [1] : [.. Epochs.Select(epoch => Math.Max(1, epoch)).Distinct()];
}

/// <summary>Why a scan runs.</summary>
public enum ScanPurpose
{
    /// <summary>Its rule was due.</summary>
    Schedule,

    /// <summary>A person asked for it.</summary>
    Command,

    /// <summary>Persons asked for deletion: it looks for their records, whatever a period says.</summary>
    Request,

    /// <summary>A person wants to know what it would do: it ends at its verdict.</summary>
    DryRun,
}

/// <summary>Whether a plan may be carried out.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Reason">Constant code where it failed.</param>
/// <param name="Totals">Sums over all slices.</param>
/// <param name="At">When it was written.</param>
public sealed record ScanVerdict(VerdictKind Kind, string? Reason, ScanTotals Totals, DateTimeOffset At);

/// <summary>The verdicts.</summary>
public enum VerdictKind
{
    /// <summary>Within the cap: released.</summary>
    Within,

    /// <summary>Only counted.</summary>
    Report,

    /// <summary>Above the cap: a person decides on exactly this set.</summary>
    Over,

    /// <summary>A slice did not come to its end: nothing is released, and the scan shows as failed.</summary>
    Failed,
}

/// <summary>What was decided about a parked scan. The first one stands.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Actor">Pseudonym of the person; empty where time decided.</param>
/// <param name="At">When.</param>
public sealed record ScanDecision(DecisionKind Kind, string Actor, DateTimeOffset At);

/// <summary>The decisions.</summary>
public enum DecisionKind
{
    /// <summary>Release it.</summary>
    Approved,

    /// <summary>Nothing of it is carried out.</summary>
    Refused,

    /// <summary>Nobody decided in time: as if refused.</summary>
    Lapsed,
}

/// <summary>How a scan ended.</summary>
/// <param name="Leaf">Exact bytes of the closing leaf.</param>
/// <param name="Figures">What it says, for summaries.</param>
public sealed record ScanClosing(byte[] Leaf, ScanFigures Figures);

/// <summary>The figures of a closed scan. Each record counts by its last outcome.</summary>
/// <param name="Status">done, report, refused or failed.</param>
/// <param name="Reason">Constant code; null for done and report.</param>
/// <param name="Totals">What was counted.</param>
/// <param name="Results">Released records by result.</param>
/// <param name="NotActed">Due records that were only counted.</param>
/// <param name="Lines">Lines changed or dropped.</param>
/// <param name="OldestRemaining">The oldest clock of a record that is still there in its old form.</param>
/// <param name="Operations">Operations, children included.</param>
/// <param name="TooManyUndated">More undated records than the rule allows: shows as failed.</param>
/// <param name="ClosedAt">When.</param>
public sealed record ScanFigures(
    string Status, string? Reason, ScanTotals Totals, IReadOnlyDictionary<OutcomeResult, long> Results, long NotActed,
    long Lines, DateTimeOffset? OldestRemaining, int Operations, bool TooManyUndated, DateTimeOffset ClosedAt)
{
    /// <summary>Whether a person has to look.</summary>
    [JsonIgnore]
    public bool ShowsAsFailed =>
        Status == "failed" || TooManyUndated || Results.GetValueOrDefault(OutcomeResult.Failed) > 0;
}

/// <summary>Serialisers of the room's stored forms.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ScanPlan))]
[JsonSerializable(typeof(ScanVerdict))]
[JsonSerializable(typeof(ScanDecision))]
[JsonSerializable(typeof(ScanClosing))]
[JsonSerializable(typeof(OpenScan))]
[JsonSerializable(typeof(ScheduleRow))]
[JsonSerializable(typeof(CommandRow))]
[JsonSerializable(typeof(DeadLetterRow))]
[JsonSerializable(typeof(ResidualRow))]
internal sealed partial class ScanningJsonContext : JsonSerializerContext;
