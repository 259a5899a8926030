using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>Runs the pump and the timers of one deployment until it is stopped.</summary>
public sealed partial class PipelineHost(IServiceProvider services, ScheduleUse use, ILogger<PipelineHost> logger)
{
    private readonly PipelineTimers timers = services.GetRequiredService<PipelineTimers>();
    private readonly TimeProvider time = services.GetRequiredService<TimeProvider>();

    /// <summary>Ends when everything that was in flight has ended.</summary>
    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(
        services.GetRequiredService<WorkPump>().RunAsync(cancel),
        EveryAsync("scan", TimeSpan.FromSeconds(1), cancel => timers.ScanAsync(use, cancel), cancel),
        EveryAsync("request", TimeSpan.FromSeconds(1), timers.RequestsAsync, cancel),
        EveryAsync("integrate", TimeSpan.FromMilliseconds(500), timers.IntegrateAsync, cancel),
        EveryAsync("anchor", TimeSpan.FromSeconds(30), timers.AnchorAsync, cancel),
        EveryAsync("close", TimeSpan.FromSeconds(1), timers.CloseAsync, cancel),
        EveryAsync("reconcile", TimeSpan.FromSeconds(5), timers.ReconcileAsync, cancel),
        EveryAsync("tidy", TimeSpan.FromHours(1), timers.TidyAsync, cancel));

    private async Task EveryAsync(
        string name, TimeSpan every, Func<CancellationToken, Task> run, CancellationToken cancel)
    {
        await Task.Yield();
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await run(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogTimerFailed(name, failure.GetType().Name);
            }

            try
            {
                await Task.Delay(every, time, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(7001, LogLevel.Error, "Timer {Timer} failed and runs again: {Error}")]
    private partial void LogTimerFailed(string timer, string error);
}
