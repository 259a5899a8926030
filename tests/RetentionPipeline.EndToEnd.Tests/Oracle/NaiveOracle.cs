using System.Globalization;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

/// <summary>What must become of a record.</summary>
internal enum Fate
{
    Stays,
    Goes,
    IsAnonymised,
}

/// <summary>
/// A second, naive computation of what a policy means for the sample company: its own reading of clocks, its own calendar
/// arithmetic by days, one record at a time, written from the domain's text and sharing no code with the pipeline.
/// </summary>
internal sealed class NaiveOracle(Policy policy, DateTimeOffset now, IReadOnlyList<SampleRecord> company)
{
    private readonly Dictionary<(string, string, string), SampleRecord> byKey =
        company.ToDictionary(record => (record.Container, record.Key.Partition, record.Key.Id));

    /// <summary>The fate of an entity; ramped and reported rules leave it open, as null.</summary>
    public Fate? Of(SampleRecord entity, string heldCustomer, params IReadOnlyCollection<string> requested)
    {
        var dataset = policy.Datasets.Values.Single(candidate => candidate.Container == entity.Container);
        if (dataset.Subjects.Any(subject => Text(entity, subject.Path) == heldCustomer))
        {
            return Fate.Stays;
        }

        // A request asks for no period; what keeps a record from it keeps it from the rules as well.
        if (dataset.Subjects.Any(subject => requested.Contains(Text(entity, subject.Path) ?? "")))
        {
            return IsKept(entity, dataset) ? Fate.Stays : Fate.Goes;
        }

        // The last stage whose time has come is the one that counts.
        foreach (var rule in policy.Rules.Where(rule => rule.Dataset == dataset.Name).Reverse())
        {
            if (rule.Mode is RuleMode.Ramp)
            {
                return null;
            }

            if (rule.Mode is RuleMode.Enforce && IsDue(entity, dataset, rule))
            {
                return rule.Action is RuleAction.Delete ? Fate.Goes : Fate.IsAnonymised;
            }
        }

        return Fate.Stays;
    }

    private bool IsDue(SampleRecord entity, Dataset dataset, Rule rule)
    {
        var start = Instant(entity, dataset, rule.Clock)
            ?? (rule.FallbackClock is { } fallback ? Instant(entity, dataset, fallback) : null);
        if (start is not { } from || rule.Periods.Any(purpose => End(from, purpose.Period) > now))
        {
            return false;
        }

        return !IsKept(entity, dataset);
    }

    private bool IsKept(SampleRecord entity, Dataset dataset)
    {
        var excepted = dataset.Exceptions.Any(exception => Text(entity, exception.Field) == exception.Value);
        var kept = dataset.KeepAtLeast.Any(keep =>
            Instant(entity, dataset, keep.Clock) is not { } kept || End(kept, keep.Period) > now);
        return excepted || kept;
    }

    private DateTimeOffset? Instant(SampleRecord entity, Dataset dataset, string name)
    {
        var clock = dataset.Clocks[name];
        var source = entity;
        if (clock.Link is { } link)
        {
            var partition = link.Partition.Replace("{CustomerId}", Text(entity, "CustomerId"), StringComparison.Ordinal);
            var table = policy.Datasets[link.Dataset].Container;
            if (!byKey.TryGetValue((table, partition, link.Id), out source))
            {
                return null;
            }
        }

        if (!source.Fields.TryGetValue(clock.Field, out var value))
        {
            return null;
        }

        DateTimeOffset? read = (clock.Format, value) switch
        {
            (ClockFormat.Instant, DateTimeOffset at) => at,
            (ClockFormat.Instant, string text) => ReadUtc(text),
            (ClockFormat.Date, string text) => new DateTimeOffset(
                int.Parse(text[..4], CultureInfo.InvariantCulture), int.Parse(text[5..7], CultureInfo.InvariantCulture),
                int.Parse(text[8..], CultureInfo.InvariantCulture), 0, 0, 0, TimeSpan.Zero),
            (ClockFormat.UnixSeconds, long seconds) => new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(seconds),
            (ClockFormat.UnixMilliseconds, long milliseconds) => new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMilliseconds(milliseconds),
            _ => null,
        };
        return read > now ? null : read;
    }

    /// <summary>Items hold UTC as text: 2026-01-31T10:00:00.000Z.</summary>
    private static DateTimeOffset? ReadUtc(string text)
    {
        if (text.Length != 24 || text[10] != 'T' || text[23] != 'Z')
        {
            return null;
        }

        int Part(int from, int length) => int.Parse(text.AsSpan(from, length), CultureInfo.InvariantCulture);
        return new DateTimeOffset(Part(0, 4), Part(5, 2), Part(8, 2), Part(11, 2), Part(14, 2), Part(17, 2), Part(20, 3), TimeSpan.Zero);
    }

    /// <summary>Walks the months one after the other by hand, then the days.</summary>
    internal static DateTimeOffset End(DateTimeOffset start, RetentionPeriod period)
    {
        var (year, month) = (start.UtcDateTime.Year, start.UtcDateTime.Month);
        for (var i = 0; i < period.Months; i++)
        {
            (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1);
        }

        var leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int[] lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        var day = Math.Min(start.UtcDateTime.Day, lengths[month - 1]);
        return new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero) + start.UtcDateTime.TimeOfDay + TimeSpan.FromDays(period.Days);
    }

    private static string? Text(SampleRecord entity, string field) => field switch
    {
        "PartitionKey" when !entity.IsItem => entity.Key.Partition,
        "RowKey" when !entity.IsItem => entity.Key.Id,
        _ => entity.Fields.TryGetValue(field, out var value) ? value.ToString() : null,
    };
}
