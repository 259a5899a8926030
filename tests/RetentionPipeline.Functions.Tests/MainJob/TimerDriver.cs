using System.Collections.Concurrent;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;

namespace RetentionPipeline.Functions.Tests.MainJob;

/// <summary>Fires the app's timers as its host would, each again a moment after it ended, none beside itself.</summary>
internal sealed class TimerDriver(PublishedApp app) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private readonly CancellationTokenSource ending = new();
    private readonly List<Task> loops = [];
    private readonly List<string> failures = [];
    private readonly ConcurrentDictionary<string, Invocation> running = new();

    /// <summary>Runs that did not end well while the app was up.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (failures)
            {
                return [.. failures];
            }
        }
    }

    /// <summary>Fires them from now on.</summary>
    public void Start(params string[] timers) => loops.AddRange(timers.Select(timer => Task.Run(() => LoopAsync(timer))));

    /// <summary>Asks what runs to end, and waits for it; also where the app is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        foreach (var invocation in running.Values)
        {
            try
            {
                await app.CancelAsync(invocation);
            }
            catch (StreamEndedException)
            {
                break;
            }
        }

        await Task.WhenAll(loops);
        ending.Dispose();
    }

    private async Task LoopAsync(string timer)
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                var invocation = running[timer] = await app.BeginTimerAsync(timer);
                var result = (await invocation.Response).Result;
                if (result.Status is not StatusResult.Types.Status.Success && !ending.IsCancellationRequested)
                {
                    lock (failures)
                    {
                        failures.Add($"{timer}: {result.Exception?.Message}");
                    }
                }

                await Task.Delay(Pause, ending.Token);
            }
            catch (Exception end) when (end is StreamEndedException or OperationCanceledException)
            {
                return;
            }
        }
    }
}
