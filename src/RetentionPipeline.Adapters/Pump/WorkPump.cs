using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Pump;

/// <summary>How much a pump has in flight.</summary>
/// <param name="Slices">Slices at once.</param>
/// <param name="Operations">Operations at once.</param>
public sealed record PumpBounds(int Slices, int Operations);

/// <summary>
/// Receives from all queues, renews locks, keeps the bound over what is in flight, and settles by the handler's verdict:
/// done, complete; can never succeed, dead-letter; anything else, give back, so that the delivery count decides. It
/// receives nothing while everything is stopped.
/// </summary>
public sealed partial class WorkPump(
    IWorkQueue queue, MessageRouter router, StopSwitch stops, TimeProvider time, PumpBounds bounds,
    ILogger<WorkPump> logger)
{
    /// <summary>Requests of one source that are taken at once.</summary>
    private const int RequestsAtOnce = 8;

    /// <summary>A source that keeps sending is left after so many of these, to look whether there are other sources now.</summary>
    private const int TurnsOfPass = 100;

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    private readonly Deliveries deliveries = new(queue, router, stops, time, logger);

    /// <summary>Runs until it is stopped; what is in flight ends first.</summary>
    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(StartLoops(new Run { Watch = NewWatch(), Receiving = cancel, Handling = cancel }));

    /// <summary>
    /// Runs as a timer's function does: until a first look has found nothing, else until nothing has come for a while or
    /// the visit's time is over. What was received ends before the task does.
    /// </summary>
    /// <param name="visit">How long.</param>
    /// <param name="cancel">The host ends: a stop for what is in flight.</param>
    public async Task RunWhileBusyAsync(PumpVisit visit, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(visit.Receiving, time);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        var watch = NewWatch();
        var loops = Task.WhenAll(StartLoops(new Run { Watch = watch, Receiving = receiving.Token, Handling = cancel }));
        await Task.WhenAny(watch.FirstLook, loops);
        while (watch.FoundWork && watch.Idle < visit.Idle && !receiving.IsCancellationRequested)
        {
            await DelayQuietlyAsync(visit.Idle - watch.Idle, receiving.Token);
        }

        await receiving.CancelAsync();
        await loops;
    }

    private int LoopsOf(string name) => name switch
    {
        QueueNames.Slices => bounds.Slices,
        QueueNames.Operations => bounds.Operations,
        _ => 1,
    };

    private PumpWatch NewWatch() => new(MessageRouter.Queues.Sum(LoopsOf) + 1, time);

    private List<Task> StartLoops(Run run) =>
    [
        .. MessageRouter.Queues.SelectMany(name => Enumerable.Range(0, LoopsOf(name)).Select(_ => Start(() => LoopAsync(name, run)))),
        Start(() => RequestLoopAsync(run)),
    ];

    private static Task Start(Func<Task> loop) => Task.Run(loop, CancellationToken.None);

    /// <summary>
    /// One loop for all entrances: the policy in force says which they are, and it may change. All are looked at together,
    /// since seeing that one is empty takes Service Bus a second. One that is missing is logged at each pass, and holds up
    /// no other.
    /// </summary>
    private async Task RequestLoopAsync(Run run)
    {
        for (var first = true; !run.Receiving.IsCancellationRequested; first = false)
        {
            var received = 0;
            try
            {
                var names = await IsStoppedAsync(run) ? [] : await router.RequestQueuesAsync(run.Receiving);
                received = (await Task.WhenAll(names.Select(name => ReceiveRequestsAsync(name, run)))).Sum();
            }
            catch (OperationCanceledException) when (run.Receiving.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogReceiveFailed("requests", failure.GetType().Name);
            }

            run.LookedIf(first);
            if (received == 0)
            {
                await DelayQuietlyAsync(Wait, run.Receiving);
            }
        }
    }

    /// <summary>Takes what one entrance has, until it is empty; returns how many messages that were.</summary>
    private async Task<int> ReceiveRequestsAsync(string name, Run run)
    {
        var received = 0;
        try
        {
            for (var turn = 0; turn < TurnsOfPass && !await IsStoppedAsync(run); turn++)
            {
                var messages = await ReceiveAsync(name, RequestsAtOnce, TimeSpan.Zero, run);
                await Task.WhenAll(messages.Select(message => deliveries.HandleAsync(message, run.Handling)));
                received += messages.Count;
                if (messages.Count == 0)
                {
                    break;
                }
            }
        }
        catch (Exception failure) when (!run.Receiving.IsCancellationRequested)
        {
            LogReceiveFailed(name, failure.GetType().Name);
        }

        return received;
    }

    private async Task LoopAsync(string name, Run run)
    {
        for (var first = true; !run.Receiving.IsCancellationRequested; first = false)
        {
            try
            {
                if (await IsStoppedAsync(run))
                {
                    run.LookedIf(first);
                    await Task.Delay(Wait, time, run.Receiving);
                    continue;
                }

                var messages = await ReceiveAsync(name, 1, Wait, run);
                run.LookedIf(first);
                foreach (var message in messages)
                {
                    await deliveries.HandleAsync(message, run.Handling);
                }
            }
            catch (OperationCanceledException) when (run.Receiving.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogReceiveFailed(name, failure.GetType().Name);
                run.LookedIf(first);
                await DelayQuietlyAsync(Wait, run.Receiving);
            }
        }
    }

    private async Task<bool> IsStoppedAsync(Run run) => (await stops.CurrentAsync(run.Receiving)).StopsEverything;

    private async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(string name, int atMost, TimeSpan wait, Run run)
    {
        var messages = await queue.ReceiveAsync(name, atMost, wait, run.Handling);
        if (messages.Count > 0)
        {
            run.Watch.Received();
        }

        return messages;
    }

    private async Task DelayQuietlyAsync(TimeSpan delay, CancellationToken cancel)
    {
        try
        {
            await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, time, cancel);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    /// <summary>One run of the loops.</summary>
    private sealed class Run
    {
        /// <summary>What is seen.</summary>
        public required PumpWatch Watch { get; init; }

        /// <summary>
        /// Ends the receiving, between two looks: a look that is broken off may leave a message locked that nobody handles.
        /// </summary>
        public required CancellationToken Receiving { get; init; }

        /// <summary>The host ends: a stop for what is in flight, and the end of any look.</summary>
        public required CancellationToken Handling { get; init; }

        public void LookedIf(bool first)
        {
            if (first)
            {
                Watch.Looked();
            }
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "Receiving from queue {Queue} failed: {Error}")]
    private partial void LogReceiveFailed(string queue, string error);
}
