using Microsoft.Extensions.Time.Testing;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests;

/// <summary>The semantics of Service Bus that the pipeline rests on.</summary>
public abstract class WorkQueueContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    protected abstract IWorkQueue Open();

    /// <summary>A queue of this test alone.</summary>
    protected virtual string Queue => "work";

    protected virtual TimeSpan LockLength => TimeSpan.FromSeconds(60);

    /// <summary>How long an id is remembered.</summary>
    protected virtual TimeSpan DuplicateWindow => TimeSpan.FromMinutes(10);

    protected virtual DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>How long a message may be under way before it counts as not there.</summary>
    protected virtual TimeSpan Patience => TimeSpan.Zero;

    /// <summary>Lets time pass.</summary>
    protected virtual Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return Task.CompletedTask;
    }

    [ContractFact]
    public async Task A_message_is_locked_while_it_is_handled_and_comes_back_when_its_lock_ends()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        var first = await ReceiveAsync(queue);
        Assert.Equal(1, first!.DeliveryCount);
        Assert.Null(await ReceiveAsync(queue));

        await PassAsync(LockLength + TimeSpan.FromSeconds(1));
        var second = await ReceiveAsync(queue);

        Assert.Equal(2, second!.DeliveryCount);
        await Assert.ThrowsAsync<MessageLockLostException>(() => queue.CompleteAsync(first, None));
        await Assert.ThrowsAsync<MessageLockLostException>(() => queue.RenewLockAsync(first, None));
        await queue.CompleteAsync(second, None);
        await PassAsync(2 * LockLength);
        Assert.Null(await ReceiveAsync(queue));
    }

    [ContractFact]
    public async Task A_renewed_lock_holds_for_its_full_length_again()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        var message = await ReceiveAsync(queue);
        await PassAsync(LockLength * 0.6);
        var until = await queue.RenewLockAsync(message!, None);
        Assert.InRange(until, Now + LockLength - Patience, Now + LockLength + Patience);
        await PassAsync(LockLength * 0.6);
        Assert.Null(await ReceiveAsync(queue));
        await queue.CompleteAsync(message!, None);
    }

    [ContractFact]
    public async Task A_message_given_back_comes_again_at_once_and_counts()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        await queue.AbandonAsync((await ReceiveAsync(queue))!, None);
        Assert.Equal(2, (await ReceiveAsync(queue))!.DeliveryCount);
    }

    [ContractFact]
    public async Task After_ten_deliveries_it_is_dead_with_the_queues_own_reason()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        for (var delivery = 1; delivery <= 10; delivery++)
        {
            await queue.AbandonAsync((await ReceiveAsync(queue))!, None);
        }

        Assert.Null(await ReceiveAsync(queue));
        Assert.Equal("MaxDeliveryCountExceeded", (await ReceiveAsync(queue, QueueNames.DeadLetterOf(Queue)))!.DeadLetterReason);
    }

    [ContractFact]
    public async Task A_dead_letter_keeps_its_body_and_reason_and_can_be_drained()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        await queue.DeadLetterAsync((await ReceiveAsync(queue))!, "planted", None);
        Assert.Null(await ReceiveAsync(queue));
        var letter = (await ReceiveAsync(queue, QueueNames.DeadLetterOf(Queue)))!;
        Assert.Equal(("planted", "body of 1"), (letter.DeadLetterReason, System.Text.Encoding.UTF8.GetString(letter.Body.Span)));
        await queue.CompleteAsync(letter, None);
        Assert.Null(await ReceiveAsync(queue, QueueNames.DeadLetterOf(Queue)));
    }

    [ContractFact]
    public async Task A_scheduled_message_is_not_delivered_early()
    {
        var queue = Open();
        await SendAsync(queue, "1", Now + LockLength);
        await PassAsync(LockLength * 0.6);
        Assert.Null(await ReceiveAsync(queue));
        await PassAsync(LockLength * 0.6);
        Assert.NotNull(await ReceiveAsync(queue));
    }

    [ContractFact]
    public async Task An_id_seen_within_the_window_is_dropped_whatever_became_of_the_first_copy()
    {
        var queue = Open();
        await SendAsync(queue, "1");
        await queue.CompleteAsync((await ReceiveAsync(queue))!, None);
        await SendAsync(queue, "1");
        Assert.Null(await ReceiveAsync(queue));
        await PassAsync(DuplicateWindow * 1.1);
        await SendAsync(queue, "1");
        Assert.NotNull(await ReceiveAsync(queue));
    }

    [ContractFact]
    public async Task Many_receivers_share_the_messages_and_none_gets_one_of_another()
    {
        var queue = Open();
        await queue.SendAsync(Queue, [.. Enumerable.Range(0, 100).Select(number => Make($"{number}", null))], None);
        var taken = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (await ReceiveAsync(queue) is { } message)
            {
                taken.Add(message.Id);
                await queue.CompleteAsync(message, None);
            }
        })));
        Assert.Equal(100, taken.Distinct().Count());
        Assert.Equal(100, taken.Count);
    }

    protected async Task<ReceivedMessage?> ReceiveAsync(IWorkQueue queue, string? name = null) =>
        (await queue.ReceiveAsync(name ?? Queue, 1, Patience, None)).SingleOrDefault();

    protected Task SendAsync(IWorkQueue queue, string id, DateTimeOffset? notBefore = null) =>
        queue.SendAsync(Queue, [Make(id, notBefore)], None);

    private static OutgoingMessage Make(string id, DateTimeOffset? notBefore) =>
        new(id, System.Text.Encoding.UTF8.GetBytes($"body of {id}"), notBefore);
}

public sealed class MemoryWorkQueueTests : WorkQueueContract
{
    protected override IWorkQueue Open() => new MemoryWorkQueue(new Faults(), Time);
}

public sealed class RenamedQueueTests : WorkQueueContract
{
    protected override IWorkQueue Open() =>
        new RenamedQueue(new MemoryWorkQueue(new Faults(), Time), new Dictionary<string, string> { [Queue] = "contoso-" + Queue });

    [Fact]
    public async Task What_is_sent_stands_under_the_other_name_and_comes_under_ours()
    {
        var inner = new MemoryWorkQueue(new Faults(), Time);
        var queue = new RenamedQueue(inner, new Dictionary<string, string> { ["slices"] = "contoso-slices" });
        await SendAsync(queue, "slices", "1");
        await SendAsync(queue, "operations", "2");
        await queue.DeadLetterAsync(await TakeAsync(queue, "slices"), "reason", CancellationToken.None);
        Assert.Equal("1", (await TakeAsync(inner, "contoso-slices/$deadletterqueue")).Id);
        Assert.Equal("operations", (await TakeAsync(queue, "operations")).Queue);
        await SendAsync(queue, "slices", "3");
        var dead = await TakeAsync(queue, "slices");
        Assert.Equal(("slices", "3"), (dead.Queue, dead.Id));
    }

    private static Task SendAsync(IWorkQueue queue, string name, string id) => queue.SendAsync(name, [new(id, new byte[] { 1 }, null)], CancellationToken.None);

    private static async Task<ReceivedMessage> TakeAsync(IWorkQueue queue, string name) =>
        Assert.Single(await queue.ReceiveAsync(name, 1, TimeSpan.Zero, CancellationToken.None));
}

public sealed class SqliteWorkQueueTests : WorkQueueContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("queue-").FullName;
    private readonly List<SqliteWorkQueue> open = [];

    [Fact]
    public async Task What_was_sent_is_there_for_another_process_and_after_a_restart()
    {
        var (one, other) = (Open(), Open());
        await SendAsync(one, "1");
        await SendAsync(one, "2");
        await other.CompleteAsync((await ReceiveAsync(other))!, CancellationToken.None);
        open[0].Dispose();
        Assert.Equal("2", (await ReceiveAsync(Open()))!.Id);
    }

    [Fact]
    public async Task A_body_or_an_id_that_is_too_large_is_refused_and_says_what_is_allowed()
    {
        var queue = Open();
        var large = await Assert.ThrowsAsync<ArgumentException>(() => queue.SendAsync("work", [new("1", new byte[300 * 1024], null)], CancellationToken.None));
        Assert.Contains("262144", large.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => queue.SendAsync("work", [new(new string('x', 129), "x"u8.ToArray(), null)], CancellationToken.None));
        Assert.Null(await ReceiveAsync(queue));
    }

    protected override IWorkQueue Open()
    {
        var queue = new SqliteWorkQueue(Path.Combine(folder, "queue.db"), QueueBehaviour.Default, Time);
        open.Add(queue);
        return queue;
    }

    public void Dispose()
    {
        open.ForEach(queue => queue.Dispose());
        Directory.Delete(folder, recursive: true);
    }
}
