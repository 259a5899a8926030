using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Carries out commands, plans what is due, and carries requests on; neither holds up the other.</summary>
public sealed class ScanFunction(PipelineTimers timers, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("scan")]
    public Task RunAsync([TimerTrigger("%Retention_scanSchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("scan", cancel => Task.WhenAll(timers.ScanAsync(ScheduleUse.Schedules, cancel), timers.RequestsAsync(cancel)), cancel);
}
