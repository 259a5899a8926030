using System.Text.RegularExpressions;

namespace RetentionPipeline.Core.Policies;

/// <summary>
/// An ISO 8601 duration in calendar terms (<c>P30D</c>, <c>P6M</c>, <c>P7Y</c>, <c>P1Y6M</c>, <c>P2W</c>): months and
/// days, no time of day.
/// </summary>
/// <param name="Months">Years count twelve.</param>
/// <param name="Days">Weeks count seven.</param>
public sealed partial record RetentionPeriod(int Months, int Days)
{
    /// <summary>
    /// When a period that began at <paramref name="start"/> has ended: all months in one step, then the days, in UTC.
    /// 31 January and one month end on the last day of February. One step matters: 29 February 2024 and P1Y1M end on
    /// 29 March 2025, by year and month apart on the 28th. An end beyond year 9999 is the last instant there is.
    /// </summary>
    public DateTimeOffset EndOf(DateTimeOffset start)
    {
        try
        {
            return new DateTimeOffset(start.UtcDateTime.AddMonths(Months).AddDays(Days), TimeSpan.Zero);
        }
        catch (ArgumentOutOfRangeException)
        {
            return DateTimeOffset.MaxValue;
        }
    }

    /// <summary>Null if the text is no such duration, is zero, or is longer than 1,000 years.</summary>
    public static RetentionPeriod? TryParse(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var months = (12 * Part("y")) + Part("m");
        var days = (7 * Part("w")) + Part("d");
        return months + days > 0 && months <= 12_000 && days <= 365_000 ? new((int)months, (int)days) : null;

        long Part(string name) =>
            match.Groups[name] is { Success: true } group ? long.Parse(group.Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Normalised: years, months, days.</summary>
    public override string ToString()
    {
        var years = Months / 12 > 0 ? $"{Months / 12}Y" : "";
        var months = Months % 12 > 0 ? $"{Months % 12}M" : "";
        return $"P{years}{months}{(Days > 0 ? $"{Days}D" : "")}";
    }

    [GeneratedRegex(@"\AP(?=\d)(?:(?<y>\d{1,6})Y)?(?:(?<m>\d{1,6})M)?(?:(?<w>\d{1,6})W)?(?:(?<d>\d{1,6})D)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
