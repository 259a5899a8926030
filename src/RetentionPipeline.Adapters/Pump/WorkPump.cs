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

    /// <summary>Runs until it is stopped; what is in flight ends first.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var loops = new List<Task>();
        foreach (var name in MessageRouter.Queues)
        {
            var count = name switch
            {
                QueueNames.Slices => bounds.Slices,
                QueueNames.Operations => bounds.Operations,
                _ => 1,
            };
            loops.AddRange(Enumerable.Range(0, count).Select(_ => Task.Run(() => LoopAsync(name, cancel), CancellationToken.None)));
        }

        loops.Add(Task.Run(() => RequestLoopAsync(cancel), CancellationToken.None));
        await Task.WhenAll(loops);
    }

    /// <summary>
    /// One loop for all entrances: the policy in force says which they are, and it may change. All are looked at together,
    /// since seeing that one is empty takes Service Bus a second. One that is missing is logged at each pass, and holds up
    /// no other.
    /// </summary>
    private async Task RequestLoopAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var received = 0;
            try
            {
                var stopped = (await stops.CurrentAsync(cancel)).StopsEverything;
                var names = stopped ? [] : await router.RequestQueuesAsync(cancel);
                received = (await Task.WhenAll(names.Select(name => ReceiveRequestsAsync(name, cancel)))).Sum();
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested)
            {
                LogReceiveFailed("requests", failure.GetType().Name);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (received == 0)
            {
                await DelayQuietlyAsync(cancel);
            }
        }
    }

    /// <summary>Takes what one entrance has, until it is empty; returns how many messages that were.</summary>
    private async Task<int> ReceiveRequestsAsync(string name, CancellationToken cancel)
    {
        var received = 0;
        try
        {
            for (var turn = 0; turn < TurnsOfPass && !(await stops.CurrentAsync(cancel)).StopsEverything; turn++)
            {
                var messages = await queue.ReceiveAsync(name, RequestsAtOnce, TimeSpan.Zero, cancel);
                await Task.WhenAll(messages.Select(message => HandleAsync(message, cancel)));
                received += messages.Count;
                if (messages.Count == 0)
                {
                    break;
                }
            }
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            LogReceiveFailed(name, failure.GetType().Name);
        }

        return received;
    }

    private async Task LoopAsync(string name, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                if ((await stops.CurrentAsync(cancel)).StopsEverything)
                {
                    await Task.Delay(Wait, time, cancel);
                    continue;
                }

                foreach (var message in await queue.ReceiveAsync(name, 1, Wait, cancel))
                {
                    await HandleAsync(message, cancel);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogReceiveFailed(name, failure.GetType().Name);
                await DelayQuietlyAsync(cancel);
            }
        }
    }

    private async Task HandleAsync(ReceivedMessage message, CancellationToken cancel)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var handled = new CancellationTokenSource();
        var renewing = RenewAsync(message, lost, handled.Token);
        try
        {
            await router.HandleAsync(message, lost.Token);
            await SettleAsync(message, () => queue.CompleteAsync(message, CancellationToken.None));
        }
        catch (UnprocessableWorkException never)
        {
            LogDead(message.Queue, never.Reason);
            await SettleAsync(message, () => queue.DeadLetterAsync(message, never.Reason, CancellationToken.None));
        }
        catch (Exception failure)
        {
            LogGivenBack(message.Queue, message.DeliveryCount, (failure.InnerException ?? failure).GetType().Name);
            if (await RowsAnswerAsync())
            {
                await SettleAsync(message, () => queue.AbandonAsync(message, CancellationToken.None));
            }
        }
        finally
        {
            await handled.CancelAsync();
            await renewing;
        }
    }

    /// <summary>Renews at half of the lock's time. A lost lock is a stop for the handler.</summary>
    private async Task RenewAsync(ReceivedMessage message, CancellationTokenSource lost, CancellationToken cancel)
    {
        var until = message.LockedUntil;
        try
        {
            while (true)
            {
                var half = (until - time.GetUtcNow()) / 2;
                await Task.Delay(half > TimeSpan.FromSeconds(1) ? half : TimeSpan.FromSeconds(1), time, cancel);
                until = await queue.RenewLockAsync(message, cancel);
            }
        }
        catch (OperationCanceledException)
        {
            // Handled: nothing is left to renew.
        }
        catch (Exception failure)
        {
            LogLockLost(message.Queue, failure.GetType().Name);
            await lost.CancelAsync();
        }
    }

    /// <summary>
    /// Whether the rows can be read now. Without them every message fails at once, and giving it back would count its
    /// deliveries up to the dead-letter queue within seconds: it is left to its lock, and soon this instance is blind.
    /// </summary>
    private async Task<bool> RowsAnswerAsync()
    {
        using var patience = new CancellationTokenSource(Wait * 3, time);
        try
        {
            await stops.ReadNowAsync(patience.Token);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>A settlement that fails leaves the message to its lock: it comes again and finds its work done.</summary>
    private async Task SettleAsync(ReceivedMessage message, Func<Task> settle)
    {
        try
        {
            await settle();
        }
        catch (Exception failure)
        {
            LogSettleFailed(message.Queue, failure.GetType().Name);
        }
    }

    private async Task DelayQuietlyAsync(CancellationToken cancel)
    {
        try
        {
            await Task.Delay(Wait, time, cancel);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "Receiving from queue {Queue} failed: {Error}")]
    private partial void LogReceiveFailed(string queue, string error);

    [LoggerMessage(5002, LogLevel.Error, "A message of queue {Queue} can never be processed: {Reason}")]
    private partial void LogDead(string queue, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "A message of queue {Queue}, delivery {Delivery}, is given back: {Error}")]
    private partial void LogGivenBack(string queue, int delivery, string error);

    [LoggerMessage(5004, LogLevel.Warning, "The lock on a message of queue {Queue} is lost: {Error}")]
    private partial void LogLockLost(string queue, string error);

    [LoggerMessage(5005, LogLevel.Warning, "A message of queue {Queue} could not be settled: {Error}")]
    private partial void LogSettleFailed(string queue, string error);
}
