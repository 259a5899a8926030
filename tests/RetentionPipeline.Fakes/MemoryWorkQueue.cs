using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Queues in memory with the semantics of Service Bus, under the fault switch.</summary>
public sealed class MemoryWorkQueue(Faults faults, TimeProvider time) : IWorkQueue
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, List<Entry>> queues = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Queue, string Id), DateTimeOffset> seen = [];

    /// <summary>How long a delivery is locked.</summary>
    public TimeSpan LockLength { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an id is remembered.</summary>
    public TimeSpan DuplicateWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Deliveries before a message is dead.</summary>
    public int MaxDeliveries { get; init; } = 10;

    /// <summary>Every message that was ever sent, for assertions.</summary>
    public List<(string Queue, OutgoingMessage Message)> Sent { get; } = [];

    /// <summary>Messages in a queue now, scheduled and locked ones too.</summary>
    public int Count(string queue)
    {
        lock (gate)
        {
            return queues.GetValueOrDefault(queue)?.Count ?? 0;
        }
    }

    /// <summary>The next instant at which something becomes available; null if nothing waits.</summary>
    public DateTimeOffset? NextAt()
    {
        lock (gate)
        {
            return queues.Values.SelectMany(queue => queue)
                .Select(entry => (DateTimeOffset?)(entry.LockedUntil > entry.NotBefore ? entry.LockedUntil : entry.NotBefore))
                .Min();
        }
    }

    /// <inheritdoc/>
    public Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel) =>
        Call("queue.send", cancel, () =>
        {
            foreach (var message in messages)
            {
                Sent.Add((queue, message));
                var now = time.GetUtcNow();
                if (seen.TryGetValue((queue, message.Id), out var until) && until > now)
                {
                    continue;
                }

                seen[(queue, message.Id)] = now + DuplicateWindow;
                Of(queue).Add(new Entry(message, message.NotBefore ?? now));
            }

            return true;
        });

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(
        string queue, int atMost, TimeSpan wait, CancellationToken cancel) =>
        Call("queue.receive", cancel, () =>
        {
            var now = time.GetUtcNow();
            var taken = new List<ReceivedMessage>();
            foreach (var entry in Of(queue).Where(entry => entry.NotBefore <= now && entry.LockedUntil <= now).ToList())
            {
                if (taken.Count == atMost)
                {
                    break;
                }

                if (++entry.Deliveries > MaxDeliveries)
                {
                    Of(queue).Remove(entry);
                    Bury(queue, entry, "MaxDeliveryCountExceeded");
                    continue;
                }

                (entry.Lock, entry.LockedUntil) = (Guid.NewGuid(), now + LockLength);
                taken.Add(new ReceivedMessage(
                    queue, entry.Message.Id, entry.Message.Body, entry.Lock, entry.LockedUntil, entry.Deliveries,
                    entry.NotBefore, entry.Reason));
            }

            return (IReadOnlyList<ReceivedMessage>)taken;
        });

    /// <inheritdoc/>
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) =>
        Call("queue.complete", cancel, () => Of(message.Queue).Remove(Held(message)));

    /// <inheritdoc/>
    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) =>
        Call("queue.abandon", cancel, () => Held(message).LockedUntil = DateTimeOffset.MinValue);

    /// <inheritdoc/>
    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) =>
        Call("queue.dead-letter", cancel, () =>
        {
            var entry = Held(message);
            Of(message.Queue).Remove(entry);
            Bury(message.Queue, entry, reason);
            return true;
        });

    /// <inheritdoc/>
    public Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel) =>
        Call("queue.renew", cancel, () => Held(message).LockedUntil = time.GetUtcNow() + LockLength);

    private void Bury(string queue, Entry entry, string reason) =>
        Of(QueueNames.DeadLetterOf(queue)).Add(new Entry(entry.Message, time.GetUtcNow()) { Reason = reason });

    private Entry Held(ReceivedMessage message) =>
        Of(message.Queue).FirstOrDefault(entry =>
            entry.Lock == message.LockToken && entry.LockedUntil > time.GetUtcNow())
        ?? throw new MessageLockLostException(message.Queue);

    private List<Entry> Of(string queue)
    {
        if (!queues.TryGetValue(queue, out var entries))
        {
            queues[queue] = entries = [];
        }

        return entries;
    }

    private Task<T> Call<T>(string call, CancellationToken cancel, Func<T> effect)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(faults.Run(call, () =>
            {
                lock (gate)
                {
                    return effect();
                }
            }));
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }

    private sealed class Entry(OutgoingMessage message, DateTimeOffset notBefore)
    {
        public OutgoingMessage Message { get; } = message;

        public DateTimeOffset NotBefore { get; } = notBefore;

        public Guid Lock { get; set; }

        public DateTimeOffset LockedUntil { get; set; }

        public int Deliveries { get; set; }

        public string? Reason { get; init; }
    }
}
