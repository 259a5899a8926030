using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Pump;

/// <summary>What the pump does with a message that it has received: handles it, renews its lock, settles by the verdict.</summary>
internal sealed partial class Deliveries(
    IMessageLocks locks, MessageRouter router, StopSwitch stops, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Ends when the message is settled, or left to its lock.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancel">The host ends: a stop for the handler.</param>
    public async Task HandleAsync(ReceivedMessage message, CancellationToken cancel)
    {
        try
        {
            await HandleUnderLockAsync(message, cancel);
            await SettleAsync(message, () => locks.CompleteAsync(message, CancellationToken.None));
        }
        catch (UnprocessableWorkException never)
        {
            LogDead(message.Queue, never.Reason);
            await SettleAsync(message, () => locks.DeadLetterAsync(message, never.Reason, CancellationToken.None));
        }
        catch (Exception failure)
        {
            LogGivenBack(message.Queue, message.DeliveryCount, (failure.InnerException ?? failure).GetType().Name);
            if (await RowsAnswerAsync())
            {
                await SettleAsync(message, () => locks.AbandonAsync(message, CancellationToken.None));
            }
        }
    }

    /// <summary>The renewing ends before the settlement: a renewal that comes after it would report a lock as lost.</summary>
    private async Task HandleUnderLockAsync(ReceivedMessage message, CancellationToken cancel)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var handled = new CancellationTokenSource();
        var renewing = RenewAsync(message, lost, handled.Token);
        try
        {
            await router.HandleAsync(message, lost.Token);
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
                until = await locks.RenewLockAsync(message, cancel);
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
        using var patience = new CancellationTokenSource(Patience, time);
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

    [LoggerMessage(5002, LogLevel.Error, "A message of queue {Queue} can never be processed: {Reason}")]
    private partial void LogDead(string queue, string reason);

    [LoggerMessage(5003, LogLevel.Warning, "A message of queue {Queue}, delivery {Delivery}, is given back: {Error}")]
    private partial void LogGivenBack(string queue, int delivery, string error);

    [LoggerMessage(5004, LogLevel.Warning, "The lock on a message of queue {Queue} is lost: {Error}")]
    private partial void LogLockLost(string queue, string error);

    [LoggerMessage(5005, LogLevel.Warning, "A message of queue {Queue} could not be settled: {Error}")]
    private partial void LogSettleFailed(string queue, string error);
}
