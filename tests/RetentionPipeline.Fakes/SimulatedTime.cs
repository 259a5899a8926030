namespace RetentionPipeline.Fakes;

/// <summary>
/// Virtual time: who waits moves the clock and goes on at once. Deadlines never fire by themselves; what is to be late is
/// made late by <see cref="Advance"/>. A timer that the pipeline itself sets (once, without a period) fires when the clock
/// passes its time.
/// </summary>
public sealed class SimulatedTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Alarm> alarms = [];
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
        List<Alarm> due;
        lock (gate)
        {
            now += by > TimeSpan.Zero ? by : TimeSpan.Zero;
            due = alarms.FindAll(alarm => alarm.At <= now);
            alarms.RemoveAll(due.Contains);
        }

        foreach (var alarm in due)
        {
            alarm.Fire();
        }
    }

    /// <summary>Moves the clock to an instant; never back.</summary>
    public void AdvanceTo(DateTimeOffset at) => Advance(at - GetUtcNow());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (callback.Method.DeclaringType?.FullName?.StartsWith("RetentionPipeline.", StringComparison.Ordinal) == true)
        {
            var alarm = new Alarm(this, callback, state);
            alarm.Change(dueTime, period);
            return alarm;
        }

        var isDeadline = callback.Method.DeclaringType?.FullName?.Contains("CancellationTokenSource", StringComparison.Ordinal) ?? false;
        if (!isDeadline && dueTime != Timeout.InfiniteTimeSpan)
        {
            Advance(dueTime + NextWaitIsLateBy);
            NextWaitIsLateBy = TimeSpan.Zero;
            callback(state);
        }

        return new DeadTimer();
    }

    private void Set(Alarm alarm, TimeSpan dueTime)
    {
        lock (gate)
        {
            alarms.Remove(alarm);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                alarm.At = now + dueTime;
                alarms.Add(alarm);
            }
        }
    }

    private sealed class Alarm(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset At { get; set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
            {
                throw new NotSupportedException("A timer with a period.");
            }

            time.Set(this, dueTime);
            return true;
        }

        public void Dispose() => time.Set(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
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
