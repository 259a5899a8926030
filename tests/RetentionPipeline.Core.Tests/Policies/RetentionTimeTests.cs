using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Core.Tests.Policies;

/// <summary>Periods and clocks, exhaustively over leap years and by every kind of undated value.</summary>
public sealed class RetentionTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 15, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2024-01-31T10:00:00Z", "P1M", "2024-02-29T10:00:00Z")]
    [InlineData("2023-01-31T10:00:00Z", "P1M", "2023-02-28T10:00:00Z")]
    [InlineData("2024-02-29T00:00:00Z", "P1Y", "2025-02-28T00:00:00Z")]
    [InlineData("2024-02-29T00:00:00Z", "P1Y1M", "2025-03-29T00:00:00Z")]
    [InlineData("2024-02-28T00:00:00Z", "P2D", "2024-03-01T00:00:00Z")]
    [InlineData("2024-01-31T00:00:00Z", "P1M1D", "2024-03-01T00:00:00Z")]
    [InlineData("2026-03-29T01:30:00+01:00", "P1D", "2026-03-30T00:30:00Z")]
    [InlineData("9999-12-31T00:00:00Z", "P1D", "9999-12-31T23:59:59.9999999Z")]
    public void A_period_ends_by_the_calendar(string start, string period, string end) =>
        Assert.Equal(At(end), RetentionPeriod.TryParse(period)!.EndOf(At(start)));

    [Fact]
    public void For_every_day_of_eight_years_a_record_is_not_due_a_day_early()
    {
        string[] periods = ["P1D", "P30D", "P1M", "P6M", "P13M", "P1Y", "P7Y", "P1Y6M15D", "P2W"];
        foreach (var text in periods)
        {
            var period = RetentionPeriod.TryParse(text)!;
            for (var day = new DateTime(2023, 1, 1, 0, 0, 0, DateTimeKind.Utc); day.Year < 2031; day = day.AddDays(1))
            {
                var end = period.EndOf(new DateTimeOffset(day)).UtcDateTime;
                var month = new DateTime(day.Year, day.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(period.Months);
                var expected = month.AddDays(Math.Min(day.Day, DateTime.DaysInMonth(month.Year, month.Month)) - 1 + period.Days);
                Assert.Equal(expected, end);
            }
        }
    }

    [Theory]
    [InlineData("P")]
    [InlineData("P0D")]
    [InlineData("30D")]
    [InlineData("PT1H")]
    [InlineData("P1.5Y")]
    [InlineData("P-1D")]
    [InlineData("P1D1Y")]
    [InlineData("P2000Y")]
    [InlineData("p1d")]
    [InlineData("P1D ")]
    public void What_is_no_period_is_refused(string text) => Assert.Null(RetentionPeriod.TryParse(text));

    [Theory]
    [InlineData("P30D", "P30D")]
    [InlineData("P18M", "P1Y6M")]
    [InlineData("P2W", "P14D")]
    public void A_period_is_written_in_its_normal_form(string text, string normal) =>
        Assert.Equal(normal, RetentionPeriod.TryParse(text)!.ToString());

    public static TheoryData<object?, ClockFormat, string> Undated => new()
    {
        { null, ClockFormat.Instant, UndatedReasons.Null },
        { 1_700_000_000L, ClockFormat.Instant, UndatedReasons.WrongType }, { 1_700_000_000_000L, ClockFormat.Instant, UndatedReasons.WrongType },
        { "1700000000", ClockFormat.Instant, UndatedReasons.Unparsable }, { "2024-05-01T10:00:00", ClockFormat.Instant, UndatedReasons.LocalTime },
        { "01.05.2024", ClockFormat.Instant, UndatedReasons.Unparsable }, { "2024-02-30T00:00:00Z", ClockFormat.Instant, UndatedReasons.Unparsable },
        { Now.AddSeconds(1), ClockFormat.Instant, UndatedReasons.Future }, { "2026-03-16", ClockFormat.Date, UndatedReasons.Future },
        { "2026-13-01", ClockFormat.Date, UndatedReasons.Unparsable }, { "2024-05-01", ClockFormat.UnixSeconds, UndatedReasons.WrongType },
        { 1_700_000_000_000L, ClockFormat.UnixSeconds, UndatedReasons.Unparsable }, { long.MaxValue, ClockFormat.UnixSeconds, UndatedReasons.Unparsable },
        { 1.5, ClockFormat.UnixMilliseconds, UndatedReasons.WrongType }, { true, ClockFormat.Instant, UndatedReasons.WrongType },
        { Guid.Empty, ClockFormat.Date, UndatedReasons.WrongType }, { new byte[] { 1 }, ClockFormat.Instant, UndatedReasons.WrongType },
    };

    [Theory]
    [MemberData(nameof(Undated))]
    public void What_is_not_what_was_declared_is_undated(object? value, ClockFormat format, string reason) =>
        Assert.Equal(new ClockReading.Undated(reason), ClockReader.Read(value, format, Now));

    [Fact]
    public void What_was_declared_is_read_in_utc()
    {
        var expected = new ClockReading.Started(new DateTimeOffset(2024, 5, 1, 8, 0, 0, TimeSpan.Zero));
        Assert.Equal(expected, ClockReader.Read("2024-05-01T10:00:00+02:00", ClockFormat.Instant, Now));
        Assert.Equal(expected, ClockReader.Read("2024-05-01T08:00:00.000Z", ClockFormat.Instant, Now));
        Assert.Equal(expected, ClockReader.Read(1_714_550_400L, ClockFormat.UnixSeconds, Now));
        Assert.Equal(expected, ClockReader.Read(1_714_550_400_000L, ClockFormat.UnixMilliseconds, Now));
        Assert.Equal(
            new ClockReading.Started(new DateTimeOffset(2024, 5, 1, 0, 0, 0, TimeSpan.Zero)), ClockReader.Read("2024-05-01", ClockFormat.Date, Now));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
