using System.Buffers.Binary;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Which records a rule acts on in its mode. In a ramp a record is in the share when HMAC(data key, record key) mod
/// 10,000 is below the rate in hundredths of a per cent times the days since the ramp began, the first day being 1: the
/// same records every time, more of them every day, and nobody outside can tell which.
/// </summary>
public sealed class RampShare(ObjectSealer sealer)
{
    /// <summary>Places of <see cref="PlaceAsync"/>.</summary>
    public const int Places = 10_000;

    /// <summary>The record's place, 0 to 9,999.</summary>
    public async Task<int> PlaceAsync(RecordKey key, CancellationToken cancel) =>
        (int)(BinaryPrimitives.ReadUInt64BigEndian(await sealer.MacAsync(key.Canonical, cancel)) % Places);

    /// <summary>Whether any record's place matters under these rules.</summary>
    public static bool NeedsPlace(Policy policy, string dataset) =>
        policy.RulesOf(dataset).Any(rule => rule.Mode is RuleMode.Ramp);

    /// <summary>Whether the rule acts on a record at that place.</summary>
    public static bool Acts(Rule rule, int place, DateTimeOffset cutOffAt) => rule.Mode switch
    {
        RuleMode.Enforce => true,
        RuleMode.Ramp when rule.Ramp is { } ramp => place < Share(ramp, cutOffAt),
        _ => false,
    };

    private static long Share(Ramp ramp, DateTimeOffset cutOffAt)
    {
        long days = DateOnly.FromDateTime(cutOffAt.UtcDateTime).DayNumber - ramp.From.DayNumber + 1;
        return Math.Max(0, days) * ramp.HundredthsOfPercentPerDay;
    }
}
