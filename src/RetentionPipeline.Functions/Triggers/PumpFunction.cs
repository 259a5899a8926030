using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Receives from all queues while there is something in them.</summary>
public sealed class PumpFunction(WorkPump pump, PumpVisit visit, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("pump")]
    public Task RunAsync([TimerTrigger("%Retention_pumpSchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("pump", cancel => pump.RunWhileBusyAsync(visit, cancel), cancel);
}
