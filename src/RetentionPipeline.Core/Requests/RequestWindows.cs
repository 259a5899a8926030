using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// How long a log collects requests before one pass serves them all. Windows follow one another from 1970-01-01 on; a
/// window is known by its number.
/// </summary>
public sealed record RequestWindows
{
    /// <summary>As the policy says.</summary>
    public static readonly RequestWindows OfPolicy = new((TimeSpan?)null);

    /// <summary>A second, whatever the policy says: for runs that end by themselves.</summary>
    public static readonly RequestWindows AtOnce = new(TimeSpan.FromSeconds(1));

    /// <summary>Days where the policy does not say.</summary>
    private const int DefaultDays = 7;

    private readonly TimeSpan? always;

    private RequestWindows(TimeSpan? always) => this.always = always;

    /// <summary>Every length that a window may have, for who checks one: a second, or up to so many days.</summary>
    public static IEnumerable<TimeSpan> Lengths(int mostDays) =>
        Enumerable.Range(1, mostDays).Select(days => TimeSpan.FromDays(days)).Prepend(AtOnce.always!.Value);

    /// <summary>The window of an instant, among windows of that length in whole seconds.</summary>
    public static long NumberAt(DateTimeOffset at, TimeSpan length) => at.ToUnixTimeSeconds() / (long)length.TotalSeconds;

    /// <summary>The window of an instant.</summary>
    public long NumberAt(Dataset dataset, DateTimeOffset at) => NumberAt(at, LengthOf(dataset));

    /// <summary>When that window has ended.</summary>
    public DateTimeOffset EndOf(Dataset dataset, long number) => DateTimeOffset.UnixEpoch + ((number + 1) * LengthOf(dataset));

    private TimeSpan LengthOf(Dataset dataset) => always ?? TimeSpan.FromDays(dataset.RequestWindow?.Days ?? DefaultDays);
}
