using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Holds and the policy in force, read together.</summary>
/// <param name="HoldSet">The holds.</param>
/// <param name="InForce">The policy.</param>
/// <param name="ReadAt">Monotonic time stamp from before the reading began.</param>
public sealed record GuardReading(HoldSet HoldSet, Policy InForce, long ReadAt);

/// <summary>
/// What an act must have looked at. A placed hold becomes effective, and a stored policy takes effect in the log, when
/// no act can rest on an older reading any more: so an act ends within <see cref="PipelineTimes.GuardLimit"/> of the
/// reading that it rests on, by the monotonic clock. One object per delivery.
/// </summary>
public sealed class ActGuard(HoldTable holds, PolicyBook policies, TimeProvider time, PipelineTimes times)
{
    private readonly SemaphoreSlim one = new(1, 1);
    private GuardReading? last;

    /// <summary>
    /// A reading with room for one more act in it. Reading is begun anew after a third of the limit, so that a slow
    /// table costs no act its time.
    /// </summary>
    public async Task<GuardReading> CurrentAsync(CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try
        {
            if (last is null || time.GetElapsedTime(last.ReadAt) > times.GuardLimit / 3)
            {
                var at = time.GetTimestamp();
                var set = await holds.ReadAsync(cancel);
                last = new GuardReading(set, await policies.InForceAsync(cancel), at);
            }

            return last;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Whether an act that takes the longest request still ends within the limit of the reading.</summary>
    public bool HasRoom(GuardReading reading) =>
        time.GetElapsedTime(reading.ReadAt) <= times.GuardLimit - times.LongestRequest;

    /// <summary>How long an act that rests on the reading may take from now.</summary>
    public TimeSpan TimeFor(GuardReading reading)
    {
        var left = times.GuardLimit - time.GetElapsedTime(reading.ReadAt);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < times.LongestRequest ? left : times.LongestRequest;
    }
}

/// <summary>Makes a guard for each delivery.</summary>
public sealed class ActGuards(HoldTable holds, PolicyBook policies, TimeProvider time, PipelineTimes times)
{
    /// <summary>A guard without a reading.</summary>
    public ActGuard Create() => new(holds, policies, time, times);
}
