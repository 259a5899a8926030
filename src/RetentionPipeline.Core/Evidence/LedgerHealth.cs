using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Whether what is written into a container can be changed by its owner.</summary>
public enum LockState
{
    /// <summary>It has no immutability policy.</summary>
    None,

    /// <summary>It has one; who asked may not see which.</summary>
    Unseen,

    /// <summary>It has one that protects nothing yet: it can be removed.</summary>
    Unlocked,

    /// <summary>It has one that nobody can remove or shorten.</summary>
    Locked,
}

/// <summary>The policy of a container.</summary>
/// <param name="Container">Its name.</param>
/// <param name="State">What it protects.</param>
/// <param name="Days">Days since a blob was made; null where it cannot be seen.</param>
/// <param name="AllowsAppends">Append blobs may grow; null where it cannot be seen.</param>
public sealed record ContainerLock(string Container, LockState State, int? Days, bool? AllowsAppends);

/// <summary>Tells the policies of the containers that a ledger never changes anything in. Throws what its store throws.</summary>
public interface ILedgerLocks
{
    /// <summary>One for each; none where the store has no such thing.</summary>
    Task<IReadOnlyList<ContainerLock>> ReadAsync(CancellationToken cancel);
}

/// <summary>The last anchor of an outside party that the log names.</summary>
/// <param name="Party">Its name.</param>
/// <param name="Kind">rfc3161 or witness.</param>
/// <param name="Size">Size of the log that it vouched for.</param>
/// <param name="At">When.</param>
public sealed record PartyAnchor(string Party, string Kind, long Size, DateTimeOffset At);

/// <summary>What an outsider can rely on.</summary>
public enum TrustGrade
{
    /// <summary>Locked storage, an anchor of the last 24 hours, and a witness.</summary>
    A,

    /// <summary>An anchor: nothing before it can be back-dated.</summary>
    B,

    /// <summary>Neither: its operator could rewrite it.</summary>
    C,
}

/// <summary>The state of a ledger at one moment.</summary>
/// <param name="At">When it was looked at.</param>
/// <param name="Size">Leaves in the published log; null before the first checkpoint.</param>
/// <param name="NewestLeafAt">Time of its youngest leaf.</param>
/// <param name="WaitingSince">Since when leaves wait for the published log; null if none does.</param>
/// <param name="Lanes">What the lanes hold.</param>
/// <param name="OpenIntents">What was begun and has no outcome.</param>
/// <param name="Anchors">Of each outside party.</param>
/// <param name="Locks">Of each container.</param>
/// <param name="BrokenRules">Rules of meaning that the log breaks, by name.</param>
public sealed record LedgerHealth(
    DateTimeOffset At, long? Size, DateTimeOffset? NewestLeafAt, DateTimeOffset? WaitingSince, LaneReport Lanes,
    IReadOnlyList<OpenIntent> OpenIntents, IReadOnlyList<PartyAnchor> Anchors, IReadOnlyList<ContainerLock> Locks,
    IReadOnlyList<string> BrokenRules)
{
    private static readonly TimeSpan LateLeaf = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LateIntent = TimeSpan.FromHours(1);
    private static readonly TimeSpan LateAnchor = TimeSpan.FromHours(24);

    /// <summary>By locks and anchors.</summary>
    public TrustGrade Grade
    {
        get
        {
            var recent = Anchors.Where(anchor => At - anchor.At <= LateAnchor).Select(anchor => anchor.Kind).ToHashSet();
            var isLocked = Locks.Count > 0 && Locks.All(container => container.State is LockState.Locked);
            return isLocked && recent.Contains(AnchorRules.TimeStamp) && recent.Contains(AnchorRules.Witness) ? TrustGrade.A
                : Anchors.Count > 0 ? TrustGrade.B : TrustGrade.C;
        }
    }

    /// <summary>What somebody has to look at.</summary>
    public IReadOnlyList<string> Troubles() =>
    [
        .. Size is null ? new[] { "The ledger has no checkpoint." } : [],
        .. WaitingSince is { } since && At - since > LateLeaf
            ? new[] { $"Leaves wait for the published log since {since:u}: is the integrator running?" } : [],
        .. Lanes.Gaps.Select(gap =>
            $"Blocks {gap.First} to {gap.Last} of writer {gap.Writer} are in no lane: their append failed and was made again, or they were taken away."),
        .. Lanes.SkippedBytes > 0 ? new[] { $"{Lanes.SkippedBytes} bytes in the lanes are no blocks: torn appends, or somebody else's." } : [],
        .. OpenIntents.Where(intent => At - intent.At > LateIntent)
            .Select(intent => $"Operation {intent.Operation} was begun {intent.At:u} and has no outcome."),
        .. Anchors.Where(anchor => At - anchor.At > LateAnchor)
            .Select(anchor => $"{anchor.Party} has vouched for nothing since {anchor.At:u}."),
        .. Locks.Where(container => container is { State: LockState.Locked, Container: "ledger-wal", AllowsAppends: false })
            .Select(_ => "The policy of the lanes forbids appends and cannot be changed any more: the ledger needs another container."),
        .. BrokenRules.Select(rule => $"The log breaks the rule {rule}. {RuleMeanings.Of(rule)}"),
    ];

    /// <summary>What it cannot promise, as things are.</summary>
    public IReadOnlyList<string> Limits() =>
    [
        .. Locks.Where(container => container.State is LockState.None or LockState.Unlocked).Select(container => container.State is LockState.None
            ? $"The container {container.Container} has no immutability policy: its owner can change it."
            : $"The policy of {container.Container} is not locked: it protects nothing yet."),
        .. Anchors.Count == 0 ? new[] { "No outside party has vouched for the log: its operator could rewrite it, key and all." } : [],
    ];

    /// <summary>Indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(new ReportedHealth(this, Grade, Troubles(), Limits()), HealthJson.Default.ReportedHealth);
}

/// <summary>What was begun and has no outcome.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="At">Time of its intent.</param>
public sealed record OpenIntent(string Operation, DateTimeOffset At);

internal sealed record ReportedHealth(LedgerHealth Ledger, TrustGrade Grade, IReadOnlyList<string> Troubles, IReadOnlyList<string> Limits);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ReportedHealth))]
internal sealed partial class HealthJson : JsonSerializerContext;
