using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Makes holds effective, closes scans, and sends again what has not ended; neither holds up the other.</summary>
public sealed class ReconcileFunction(PipelineTimers timers, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("reconcile")]
    public Task RunAsync([TimerTrigger("%Retention_reconcileSchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("reconcile", cancel => Task.WhenAll(timers.CloseAsync(cancel), timers.ReconcileAsync(cancel)), cancel);
}
