namespace RetentionPipeline.Core.Work;

/// <summary>The times that the protocol rests on. One set per deployment; the local run's are shorter.</summary>
/// <param name="LongestHandling">A delivery ends within it; no act begins after half of it.</param>
/// <param name="LongestRequest">An act that was begun has ended, one way or the other, within it.</param>
public sealed record PipelineTimes(TimeSpan LongestHandling, TimeSpan LongestRequest)
{
    /// <summary>On Azure.</summary>
    public static readonly PipelineTimes Azure = new(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(15));

    /// <summary>On one machine.</summary>
    public static readonly PipelineTimes Local = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5));

    /// <summary>An act stands on a reading of holds and policy that is at most so old when it ends.</summary>
    public TimeSpan GuardLimit { get; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a placed hold or a stored policy waits until no act can rest on an older reading.</summary>
    public TimeSpan BarrierWait => GuardLimit + LongestRequest;

    /// <summary>How often each instance reads the stop rows.</summary>
    public TimeSpan StopReadEvery { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Not having read the stop rows for so long counts as a stop of everything.</summary>
    public TimeSpan StopBlindLimit { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The reconciler leaves work alone until so long after its last beginning.</summary>
    public TimeSpan Quiet => 2 * LongestHandling;

    /// <summary>Sends that have begun without an end, after which work counts as failed.</summary>
    public int SendLimit { get; } = 5;

    /// <summary>A slice without its last batch for so long makes the scan's verdict failed.</summary>
    public TimeSpan PlanningLimit { get; } = TimeSpan.FromDays(1);

    /// <summary>A parked scan that nobody decides on is refused by itself.</summary>
    public TimeSpan ParkedLimit { get; } = TimeSpan.FromDays(7);
}
