using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Watches that the others run.</summary>
public sealed class FreshnessFunction(FreshnessAlarm alarm, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("freshness")]
    public Task RunAsync([TimerTrigger("%Retention_freshnessSchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("freshness", alarm.RunAsync, cancel);
}
