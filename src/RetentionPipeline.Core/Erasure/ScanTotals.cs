namespace RetentionPipeline.Core.Erasure;

/// <summary>What a slice counted. Sums of slices add up to the scan's.</summary>
/// <param name="Examined">Records read.</param>
/// <param name="Undated">Records without a usable clock.</param>
/// <param name="Due">Records whose period has ended and that nothing keeps.</param>
/// <param name="Listed">Due records in batches; the other due ones are only counted (report, beyond the share).</param>
/// <param name="Kept">Records whose period has ended, kept by law: by code of the exception or name of the rule.</param>
/// <param name="UndatedBy">Undated records by reason.</param>
/// <param name="OldestNotDue">The oldest clock of a record that is not due or not listed; null if there is none.</param>
public sealed record ScanTotals(
    long Examined, long Undated, long Due, long Listed, IReadOnlyDictionary<string, long> Kept,
    IReadOnlyDictionary<string, long> UndatedBy, DateTimeOffset? OldestNotDue)
{
    /// <summary>Nothing counted.</summary>
    public static readonly ScanTotals Zero =
        new(0, 0, 0, 0, new Dictionary<string, long>(), new Dictionary<string, long>(), null);

    /// <summary>The sum.</summary>
    public ScanTotals Plus(ScanTotals other) => new(
        Examined + other.Examined, Undated + other.Undated, Due + other.Due, Listed + other.Listed,
        Sum(Kept, other.Kept), Sum(UndatedBy, other.UndatedBy), Older(OldestNotDue, other.OldestNotDue));

    /// <summary>The older of two instants, where null is none.</summary>
    public static DateTimeOffset? Older(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other ?? one : one;

    private static SortedDictionary<string, long> Sum(
        IReadOnlyDictionary<string, long> one, IReadOnlyDictionary<string, long> other)
    {
        var sum = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (key, count) in one.Concat(other))
        {
            sum[key] = sum.GetValueOrDefault(key) + count;
        }

        return sum;
    }
}
