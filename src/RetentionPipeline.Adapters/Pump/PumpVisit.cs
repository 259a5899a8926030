using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Pump;

/// <summary>How long a pump stays that a timer runs.</summary>
/// <param name="Idle">It ends when nothing was received for so long.</param>
/// <param name="Receiving">It receives nothing after so long; what it has then ends by itself.</param>
public sealed record PumpVisit(TimeSpan Idle, TimeSpan Receiving)
{
    /// <summary>Longer than the pause between two messages of a scan that is under way, shorter than a timer's minute.</summary>
    public static readonly TimeSpan DefaultIdle = TimeSpan.FromSeconds(35);

    /// <summary>
    /// A visit that is over within <paramref name="limit"/>: whatever is received last may take the longest handling. Throws
    /// <see cref="ArgumentException"/> for a limit in which nothing could be received.
    /// </summary>
    /// <param name="limit">Below the time at which the host ends the function.</param>
    /// <param name="times">The longest handling.</param>
    public static PumpVisit Within(TimeSpan limit, PipelineTimes times) => limit > times.LongestHandling
        ? new PumpVisit(DefaultIdle, limit - times.LongestHandling)
        : throw new ArgumentException(
            $"The pump's limit of {limit} leaves no time to receive: the longest handling is {times.LongestHandling}. "
            + "Make the limit longer than that.");
}
