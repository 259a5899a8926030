using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Functions.Serving;

/// <summary>What stands around each timer's work: the start before it, and the mark that it ended well after it.</summary>
public sealed class TimerRuns(PipelineStart start, TimerMarks marks)
{
    /// <summary>Runs it. A failure leaves no mark, so that a timer that fails again and again is late.</summary>
    public async Task RunAsync(string timer, Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        await start.EnsureAsync(cancel);
        await work(cancel);
        await marks.MarkAsync(timer, cancel);
    }
}
