namespace RetentionPipeline.Ledger;

/// <summary>
/// Keys of the log's younger leaves, 128 bits each of key and bytes: those that duplicates are looked for among. A duplicate
/// has the bytes of the leaf that it repeats, so it bears that leaf's time: a leaf older than <see cref="Days"/> can only
/// repeat one that is as old, and those are looked up in the log itself (<see cref="PastEntries"/>). So memory follows
/// from the leaves of some weeks, whatever the log has grown to.
/// </summary>
internal sealed class RecentKeys
{
    /// <summary>Longer than messages live (14 days), than a parked scan waits (7), and both together.</summary>
    public const int Days = 30;

    private readonly Dictionary<UInt128, UInt128> contents = [];
    private readonly SortedDictionary<long, List<UInt128>> byDay = [];
    private long newest = long.MinValue;

    public int Count => contents.Count;

    /// <summary>Whether all leaves of that time are known here.</summary>
    public bool Reaches(DateTimeOffset at) => newest == long.MinValue || DayOf(at) >= newest - Days;

    public UInt128? Find(UInt128 place) => contents.TryGetValue(place, out var content) ? content : null;

    public void Add(UInt128 place, UInt128 content, DateTimeOffset at)
    {
        var day = DayOf(at);
        if (!Reaches(at) || !contents.TryAdd(place, content))
        {
            return;
        }

        if (!byDay.TryGetValue(day, out var places))
        {
            byDay.Add(day, places = []);
        }

        places.Add(place);
        if (day > newest)
        {
            newest = day;
            Forget();
        }
    }

    private void Forget()
    {
        while (byDay.Keys.First() is var oldest && oldest < newest - Days)
        {
            byDay[oldest].ForEach(place => contents.Remove(place));
            byDay.Remove(oldest);
        }
    }

    private static long DayOf(DateTimeOffset at) => at.UtcTicks / TimeSpan.TicksPerDay;
}

/// <summary>From the earliest to the latest time of the leaves of a bundle.</summary>
internal readonly record struct LeafTimes(long From, long To)
{
    public static LeafTimes None => new(long.MaxValue, long.MinValue);

    public LeafTimes With(DateTimeOffset at) => new(Math.Min(From, at.UtcTicks), Math.Max(To, at.UtcTicks));

    public bool Span(DateTimeOffset at) => From <= at.UtcTicks && at.UtcTicks <= To;
}
