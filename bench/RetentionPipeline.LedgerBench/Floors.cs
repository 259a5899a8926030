using System.Diagnostics;
using System.Globalization;

namespace RetentionPipeline.LedgerBench;

/// <summary>The figures that the ledger must reach, two shared cores, writes durable.</summary>
internal static class Floors
{
    public static Floor Integrated { get; } = new(10_567, 50_000);

    public static Floor IntegratedOnAzurite { get; } = new(5_000, 10_000);

    public static Floor Commitments { get; } = new(100_000, 200_000);

    public static Floor Verified { get; } = new(200_000, 400_000);

    /// <summary>Seconds that a piece of work takes once.</summary>
    public static double Seconds(int times, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        for (var n = 0; n < times; n++)
        {
            work();
        }

        return Stopwatch.GetElapsedTime(began).TotalSeconds / times;
    }
}

/// <summary>A figure's floor and aim, per second.</summary>
internal sealed record Floor(double Least, double Aim)
{
    public string Judge(double seen) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(seen >= Aim ? "at the aim" : seen >= Least ? "at its floor" : "UNDER ITS FLOOR")} (floor {Least:F0}, aim {Aim:F0})");
}
