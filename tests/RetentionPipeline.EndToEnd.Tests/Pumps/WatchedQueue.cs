using System.Collections.Concurrent;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Pumps;

/// <summary>A queue that notes what the pump does with it, and gives back some of what is to be completed.</summary>
internal sealed class WatchedQueue(IWorkQueue queue) : IWorkQueue
{
    private readonly Random random = new(7);
    private int received;
    private int completed;
    private int givenBack;
    private int turnedBack;
    private int locksLost;
    private int mostDeliveries;

    /// <summary>One completion of so many is turned into giving the message back: redelivered after success. 0 for none.</summary>
    public int TurnBackOneIn { get; set; }

    /// <summary>Looks at each queue.</summary>
    public ConcurrentDictionary<string, int> Looks { get; } = new(StringComparer.Ordinal);

    public int Received => Volatile.Read(ref received);

    public int Completed => Volatile.Read(ref completed);

    public int GivenBack => Volatile.Read(ref givenBack);

    public int TurnedBack => Volatile.Read(ref turnedBack);

    public int LocksLost => Volatile.Read(ref locksLost);

    public int MostDeliveries => Volatile.Read(ref mostDeliveries);

    /// <summary>First deliveries of operations.</summary>
    public ConcurrentDictionary<string, bool> Operations { get; } = new(StringComparer.Ordinal);

    /// <summary>Reasons of what was dead-lettered, by message.</summary>
    public ConcurrentDictionary<string, string> Dead { get; } = new(StringComparer.Ordinal);

    public Task SendAsync(string name, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel) =>
        queue.SendAsync(name, messages, cancel);

    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(string name, int atMost, TimeSpan wait, CancellationToken cancel)
    {
        Looks.AddOrUpdate(name, 1, (_, looks) => looks + 1);
        var messages = await queue.ReceiveAsync(name, atMost, wait, cancel);
        foreach (var message in messages)
        {
            Interlocked.Increment(ref received);
            for (var most = MostDeliveries; message.DeliveryCount > most; most = MostDeliveries)
            {
                Interlocked.CompareExchange(ref mostDeliveries, message.DeliveryCount, most);
            }

            if (message.Queue == QueueNames.Operations)
            {
                Operations[message.Id] = true;
            }
        }

        return messages;
    }

    public async Task CompleteAsync(ReceivedMessage message, CancellationToken cancel)
    {
        bool turn;
        lock (random)
        {
            turn = TurnBackOneIn > 0 && message.Queue == QueueNames.Operations && message.DeliveryCount == 1 && random.Next(TurnBackOneIn) == 0;
        }

        if (turn)
        {
            Interlocked.Increment(ref turnedBack);
            await queue.AbandonAsync(message, cancel);
            return;
        }

        await WatchAsync(() => queue.CompleteAsync(message, cancel));
        Interlocked.Increment(ref completed);
    }

    public async Task AbandonAsync(ReceivedMessage message, CancellationToken cancel)
    {
        Interlocked.Increment(ref givenBack);
        await WatchAsync(() => queue.AbandonAsync(message, cancel));
    }

    public async Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel)
    {
        await WatchAsync(() => queue.DeadLetterAsync(message, reason, cancel));
        Dead[message.Id] = reason;
    }

    public async Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel)
    {
        var until = message.LockedUntil;
        await WatchAsync(async () => until = await queue.RenewLockAsync(message, cancel));
        return until;
    }

    private async Task WatchAsync(Func<Task> settle)
    {
        try
        {
            await settle();
        }
        catch (MessageLockLostException)
        {
            Interlocked.Increment(ref locksLost);
            throw;
        }
    }
}
