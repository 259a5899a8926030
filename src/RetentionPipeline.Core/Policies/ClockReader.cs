namespace RetentionPipeline.Core.Policies;

/// <summary>What a clock says.</summary>
public abstract record ClockReading
{
    private ClockReading()
    {
    }

    /// <summary>The period began then, UTC.</summary>
    public sealed record Started(DateTimeOffset At) : ClockReading;

    /// <summary>What it waits for has not happened.</summary>
    public sealed record NotStarted : ClockReading;

    /// <summary>It says nothing that can be used.</summary>
    /// <param name="Reason">Constant of <see cref="UndatedReasons"/>.</param>
    public sealed record Undated(string Reason) : ClockReading;
}

/// <summary>Why a record is undated.</summary>
public static class UndatedReasons
{
    /// <summary>The record has no such field.</summary>
    public const string Missing = "missing";

    /// <summary>The field is null.</summary>
    public const string Null = "null";

    /// <summary>Text that is no instant.</summary>
    public const string Unparsable = "unparsable";

    /// <summary>Text without an offset: nobody can say which instant it means.</summary>
    public const string LocalTime = "local-time";

    /// <summary>Later than now.</summary>
    public const string Future = "future";

    /// <summary>Another type than declared: a number where text was, a text where a number was.</summary>
    public const string WrongType = "wrong-type";
}

/// <summary>Reads clocks, and guesses nothing: what is not what the policy declares makes the record undated.</summary>
public static class ClockReader
{
    private const string Dates = "yyyy-MM-dd";

    /// <summary>What a record without the field says.</summary>
    public static ClockReading Absent { get; } = new ClockReading.Undated(UndatedReasons.Missing);

    /// <summary>Reads the value of a field that the record has.</summary>
    /// <param name="value">String, long, double, bool, <see cref="DateTimeOffset"/>, <see cref="Guid"/>, byte[] or null.</param>
    /// <param name="format">What the policy declares.</param>
    /// <param name="now">A clock behind it is in the future.</param>
    public static ClockReading Read(object? value, ClockFormat format, DateTimeOffset now)
    {
        if (value is null)
        {
            return new ClockReading.Undated(UndatedReasons.Null);
        }

        var reading = (format, value) switch
        {
            (ClockFormat.Instant, DateTimeOffset instant) => new ClockReading.Started(instant.ToUniversalTime()),
            (ClockFormat.Instant, string text) => ReadInstant(text),
            (ClockFormat.Date, DateTimeOffset instant) => new ClockReading.Started(instant.ToUniversalTime()),
            (ClockFormat.Date, string text) => ReadDate(text),
            (ClockFormat.UnixSeconds, long seconds) => ReadUnix(seconds, 1000),
            (ClockFormat.UnixMilliseconds, long milliseconds) => ReadUnix(milliseconds, 1),
            _ => new ClockReading.Undated(UndatedReasons.WrongType),
        };
        return reading is ClockReading.Started started && started.At > now
            ? new ClockReading.Undated(UndatedReasons.Future)
            : reading;
    }

    private static ClockReading ReadInstant(string text)
    {
        // K reads an offset, Z, or nothing: with nothing it is local time, which no offset makes good.
        string[] forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];
        if (!DateTime.TryParseExact(
            text, forms, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var parsed))
        {
            return new ClockReading.Undated(UndatedReasons.Unparsable);
        }

        if (parsed.Kind is DateTimeKind.Unspecified)
        {
            return new ClockReading.Undated(UndatedReasons.LocalTime);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
            ? new ClockReading.Started(instant.ToUniversalTime())
            : new ClockReading.Undated(UndatedReasons.Unparsable);
    }

    private static ClockReading ReadDate(string text) =>
        DateOnly.TryParseExact(text, Dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? new ClockReading.Started(new DateTimeOffset(date.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero))
            : new ClockReading.Undated(UndatedReasons.Unparsable);

    private static ClockReading ReadUnix(long value, long toMilliseconds)
    {
        try
        {
            return new ClockReading.Started(DateTimeOffset.FromUnixTimeMilliseconds(checked(value * toMilliseconds)));
        }
        catch (Exception problem) when (problem is OverflowException or ArgumentOutOfRangeException)
        {
            return new ClockReading.Undated(UndatedReasons.Unparsable);
        }
    }
}
