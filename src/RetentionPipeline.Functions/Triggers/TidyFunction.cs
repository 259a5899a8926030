using Microsoft.Azure.Functions.Worker;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Functions.Serving;

namespace RetentionPipeline.Functions.Triggers;

/// <summary>Removes what the pipeline itself has kept long enough, and looks at copies whose time is over.</summary>
public sealed class TidyFunction(PipelineTimers timers, TimerRuns runs)
{
    /// <summary>By timer.</summary>
    [Function("tidy")]
    public Task RunAsync([TimerTrigger("%Retention_tidySchedule%")] TimerInfo timer, CancellationToken cancel) =>
        runs.RunAsync("tidy", timers.TidyAsync, cancel);
}
