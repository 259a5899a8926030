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
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(
        services.GetRequiredService<WorkPump>().RunAsync(stopping),
        EveryAsync("scan", TimeSpan.FromSeconds(1), cancel => timers.ScanAsync(use, cancel), stopping),
        EveryAsync("integrate", TimeSpan.FromMilliseconds(500), timers.IntegrateAsync, stopping),
        EveryAsync("close", TimeSpan.FromSeconds(1), timers.CloseAsync, stopping),
        EveryAsync("reconcile", TimeSpan.FromSeconds(5), timers.ReconcileAsync, stopping));

    private async Task EveryAsync(
        string name, TimeSpan every, Func<CancellationToken, Task> run, CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await run(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogTimerFailed(name, failure.GetType().Name);
            }

            try
            {
                await Task.Delay(every, time, stopping);
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
