using System.Globalization;

namespace RetentionPipeline.Local.Sample;

/// <summary>Ages, addresses and processes, drawn from one sequence.</summary>
internal sealed class SampleValues(SampleRandom random, DateTimeOffset now)
{
    public SampleRandom Random => random;

    public DateTimeOffset Now => now;

    /// <summary>Half within the period, most of the rest up to twice as old, some up to ten years.</summary>
    public DateTimeOffset Age(int periodDays) => random.Below(10) switch
    {
        < 5 => Ago(1 + random.Below(periodDays)),
        < 9 => Ago(periodDays + random.Below(periodDays)),
        _ => Ago(periodDays + random.Below(Math.Max(periodDays, 3900 - periodDays))),
    };

    public DateTimeOffset Ago(int days) => Minutes((days * 1440) + random.Below(1440));

    public DateTimeOffset Minutes(int minutes)
    {
        var at = now.AddMinutes(-minutes);
        return new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    public string Address() => random.Chance(25)
        ? $"2001:db8:{random.Below(65536):x}:{random.Below(65536):x}::{1 + random.Below(65535):x}"
        : $"{(random.Chance(50) ? "203.0.113" : "198.51.100")}.{1 + random.Below(254)}";

    /// <summary>An instant as items hold it.</summary>
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static Dictionary<string, object> With(string name, object value, params ReadOnlySpan<(string, object)> more)
    {
        var fields = new Dictionary<string, object> { [name] = value };
        foreach (var (another, its) in more)
        {
            fields[another] = its;
        }

        return fields;
    }
}
