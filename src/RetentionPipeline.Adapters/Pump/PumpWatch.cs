namespace RetentionPipeline.Adapters.Pump;

/// <summary>Notes what the loops of one visit have seen. Safe for concurrent use.</summary>
/// <param name="loops">How many loops look.</param>
/// <param name="time">The clock of the idle time.</param>
internal sealed class PumpWatch(int loops, TimeProvider time)
{
    private readonly TaskCompletionSource firstLook = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int looking = loops;
    private long receivedAt = time.GetTimestamp();

    /// <summary>Ends when each loop has looked once, or one has found something.</summary>
    public Task FirstLook => firstLook.Task;

    /// <summary>Whether anything was received.</summary>
    public bool FoundWork { get; private set; }

    /// <summary>Since something was received last, or since the beginning.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Interlocked.Read(ref receivedAt));

    /// <summary>Something was received.</summary>
    public void Received()
    {
        FoundWork = true;
        Interlocked.Exchange(ref receivedAt, time.GetTimestamp());
        firstLook.TrySetResult();
    }

    /// <summary>A loop has looked for the first time, whatever it saw.</summary>
    public void Looked()
    {
        if (Interlocked.Decrement(ref looking) == 0)
        {
            firstLook.TrySetResult();
        }
    }
}
