using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Moves what was appended into the published log, and has outside parties vouch for it.</summary>
public sealed class IntegrateFunction(PipelineTimers timers, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("integrate")]
    public Task RunAsync([TimerTrigger("%Retention_integrateSchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("integrate", IntegrateAsync, cancel);

    private async Task IntegrateAsync(CancellationToken cancel)
    {
        await timers.IntegrateAsync(cancel);
        await timers.AnchorAsync(cancel);
    }
}
