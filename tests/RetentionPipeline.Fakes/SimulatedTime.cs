namespace RetentionPipeline.Fakes;

/// <summary>
/// Virtual time: who waits moves the clock and goes on at once. Deadlines never fire by themselves; what is to be late is
/// made late by <see cref="Advance"/>.
/// </summary>
public sealed class SimulatedTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private DateTimeOffset now = start;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <summary>By how much the next wait lasts longer than it was meant to, as in a process that stands still; once.</summary>
    public TimeSpan NextWaitIsLateBy { get; set; }

    /// <summary>Moves the clock; never back.</summary>
    public void Advance(TimeSpan by)
    {
        lock (gate)
        {
            now += by > TimeSpan.Zero ? by : TimeSpan.Zero;
        }
    }

    /// <summary>Moves the clock to an instant; never back.</summary>
    public void AdvanceTo(DateTimeOffset at) => Advance(at - GetUtcNow());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var isDeadline = callback.Method.DeclaringType?.FullName?.Contains("CancellationTokenSource", StringComparison.Ordinal) ?? false;
        if (!isDeadline && dueTime != Timeout.InfiniteTimeSpan)
        {
            Advance(dueTime + NextWaitIsLateBy);
            NextWaitIsLateBy = TimeSpan.Zero;
            callback(state);
        }

        return new DeadTimer();
    }

    private sealed class DeadTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
