using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Queues;

/// <summary>
/// Queues with the semantics of Azure Service Bus, durable in one SQLite file that several processes may use at once. A
/// row is a message; its place is its sequence number. Each task ends when its effect is durable. What settles or renews
/// throws <see cref="MessageLockLostException"/> if the lock is no longer held.
/// </summary>
public sealed class MessageStore : IDisposable
{
    private const string Columns = "sequence, id, body, deliveries, available_at, reason, description";
    private const string Held = "WHERE lock_token = $token AND locked_until > $now";
    private readonly SqliteFile file;
    private readonly Func<string, QueueBehaviour> behaviourOf;
    private readonly TimeProvider time;

    /// <summary>Opens or makes the file; one of an earlier version gets the columns that it lacks.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="behaviourOf">How the queue of that name behaves; a dead-letter queue is asked for by its own name.</param>
    /// <param name="time">The clock of locks, schedules and windows.</param>
    public MessageStore(string file, Func<string, QueueBehaviour> behaviourOf, TimeProvider time)
    {
        (this.file, this.behaviourOf, this.time) = (new SqliteFile(file), behaviourOf, time);
        this.file.Execute("""
            CREATE TABLE IF NOT EXISTS messages (
              sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
              available_at INTEGER NOT NULL, lock_token TEXT, locked_until INTEGER NOT NULL DEFAULT 0,
              deliveries INTEGER NOT NULL DEFAULT 0, reason TEXT, description TEXT);
            CREATE INDEX IF NOT EXISTS messages_next ON messages (queue, available_at);
            CREATE INDEX IF NOT EXISTS messages_lock ON messages (lock_token) WHERE lock_token IS NOT NULL;
            CREATE TABLE IF NOT EXISTS seen (
              queue TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL, sequence INTEGER NOT NULL DEFAULT 0,
              PRIMARY KEY (queue, id)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS seen_until ON seen (until);
            """);
        AddColumn("messages", "description", "TEXT");
        AddColumn("seen", "sequence", "INTEGER NOT NULL DEFAULT 0");
    }

    private long Now => time.GetUtcNow().UtcTicks;

    /// <summary>
    /// Stores messages, all or none. Returns their sequence numbers; for one whose id the queue saw within its duplicate
    /// window, and which is therefore dropped, the number of the first copy.
    /// </summary>
    public Task<IReadOnlyList<long>> SendAsync(
        string queue, IReadOnlyList<MessageToStore> messages, CancellationToken cancel) => file.WriteAsync(
        () =>
        {
            file.Execute("DELETE FROM seen WHERE until <= $now", ("$now", Now));
            return (IReadOnlyList<long>)[.. messages.Select(message => Insert(queue, message))];
        },
        cancel);

    /// <summary>Whether a message could be taken now. An empty queue that many poll costs nobody a transaction.</summary>
    public Task<bool> AnyAsync(string queue, CancellationToken cancel) => file.ReadAsync(
        () => file.Scalar(
            "SELECT 1 FROM messages WHERE queue = $queue AND available_at <= $now AND locked_until <= $now LIMIT 1",
            ("$queue", queue), ("$now", Now)) is not null,
        cancel);

    /// <summary>
    /// Takes up to <paramref name="atMost"/> messages under a lock each; empty if there is none. One that was delivered
    /// too often goes to the dead letters instead.
    /// </summary>
    public async Task<IReadOnlyList<LockedMessage>> TakeAsync(string queue, int atMost, CancellationToken cancel) =>
        await AnyAsync(queue, cancel) ? await file.WriteAsync(() => Take(queue, atMost), cancel) : [];

    /// <summary>Removes the message.</summary>
    public Task CompleteAsync(string queue, Guid token, CancellationToken cancel) =>
        SettleAsync(queue, token, $"DELETE FROM messages {Held}", cancel);

    /// <summary>Gives the message back at once; its delivery counts.</summary>
    public Task AbandonAsync(string queue, Guid token, CancellationToken cancel) => SettleAsync(
        queue, token, $"UPDATE messages SET locked_until = 0, lock_token = NULL {Held}", cancel);

    /// <summary>Gives back a message that nobody looked at: its delivery does not count.</summary>
    public Task ReleaseAsync(string queue, Guid token, CancellationToken cancel) => SettleAsync(
        queue, token,
        $"UPDATE messages SET locked_until = 0, lock_token = NULL, deliveries = deliveries - 1 {Held}", cancel);

    /// <summary>Moves it to the dead-letter queue. A dead letter itself has nowhere to go: InvalidOperationException.</summary>
    public Task DeadLetterAsync(string queue, Guid token, DeadLetterCause cause, CancellationToken cancel) =>
        IsDeadLetters(queue)
            ? throw new InvalidOperationException($"'{queue}' holds dead letters already; complete them or leave them.")
            : SettleAsync(
                queue, token,
                $"""
                UPDATE messages SET queue = $dead, reason = $reason, description = $description, deliveries = 0,
                  locked_until = 0, lock_token = NULL {Held}
                """,
                cancel, ("$dead", QueueNames.DeadLetterOf(queue)), ("$reason", cause.Reason),
                ("$description", cause.Description));

    /// <summary>Renews the lock for its full length; returns until when it holds.</summary>
    public async Task<DateTimeOffset> RenewLockAsync(string queue, Guid token, CancellationToken cancel)
    {
        var until = time.GetUtcNow() + behaviourOf(queue).LockLength;
        await SettleAsync(
            queue, token, $"UPDATE messages SET locked_until = $until {Held}", cancel, ("$until", until.UtcTicks));
        return until;
    }

    /// <summary>Looks at messages from a sequence number on, those under lock and those scheduled included.</summary>
    public Task<IReadOnlyList<StoredMessage>> PeekAsync(
        string queue, long fromSequence, int atMost, CancellationToken cancel) => file.ReadAsync<IReadOnlyList<StoredMessage>>(
        () => file.Rows(
            Read,
            $"SELECT {Columns} FROM messages WHERE queue = $queue AND sequence >= $from ORDER BY sequence LIMIT $most",
            ("$queue", queue), ("$from", fromSequence), ("$most", atMost)),
        cancel);

    /// <summary>Removes a message that is scheduled. False if there is none of that number, or it is no longer scheduled.</summary>
    public Task<bool> CancelScheduledAsync(string queue, long sequence, CancellationToken cancel) => file.WriteAsync(
        () => file.Execute(
            "DELETE FROM messages WHERE sequence = $sequence AND queue = $queue AND available_at > $now",
            ("$sequence", sequence), ("$queue", queue), ("$now", Now)) > 0,
        cancel);

    /// <summary>Messages of a queue, those under lock and those scheduled included.</summary>
    public Task<long> CountAsync(string queue, CancellationToken cancel) => file.ReadAsync(
        () => (long)file.Scalar("SELECT COUNT(*) FROM messages WHERE queue = $queue", ("$queue", queue))!, cancel);

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static bool IsDeadLetters(string queue) =>
        queue.EndsWith(QueueNames.DeadLetterOf(string.Empty), StringComparison.Ordinal);

    private void AddColumn(string table, string column, string type)
    {
        if (file.Scalar($"SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{column}'") is null)
        {
            file.Execute($"ALTER TABLE {table} ADD COLUMN {column} {type}");
        }
    }

    private long Insert(string queue, MessageToStore message)
    {
        var now = Now;
        var window = behaviourOf(queue).DuplicateWindow;
        var remembered = window > TimeSpan.Zero && message.Id is { Length: > 0 };
        if (remembered && file.Scalar(
            "SELECT sequence FROM seen WHERE queue = $queue AND id = $id", ("$queue", queue), ("$id", message.Id)) is long first)
        {
            return first;
        }

        var sequence = (long)file.Scalar(
            "INSERT INTO messages (queue, id, body, available_at) VALUES ($queue, $id, $body, $at) RETURNING sequence",
            ("$queue", queue), ("$id", message.Id ?? string.Empty), ("$body", message.Content.ToArray()),
            ("$at", message.NotBefore?.UtcTicks ?? now))!;
        if (remembered)
        {
            file.Execute(
                "INSERT INTO seen (queue, id, until, sequence) VALUES ($queue, $id, $until, $sequence)",
                ("$queue", queue), ("$id", message.Id), ("$until", now + window.Ticks), ("$sequence", sequence));
        }

        return sequence;
    }

    private IReadOnlyList<LockedMessage> Take(string queue, int atMost)
    {
        var now = Now;
        var behaviour = behaviourOf(queue);
        while (true)
        {
            var ready = file.Rows(
                Read,
                $"""
                SELECT {Columns} FROM messages WHERE queue = $queue AND available_at <= $now AND locked_until <= $now
                ORDER BY available_at, sequence LIMIT $most
                """,
                ("$queue", queue), ("$now", now), ("$most", atMost));
            var dead = IsDeadLetters(queue) ? [] : ready.FindAll(message => message.Deliveries >= behaviour.MaxDeliveries);
            dead.ForEach(message => Bury(queue, message));
            if (ready.Count == 0 || dead.Count < ready.Count)
            {
                return [.. ready.Except(dead).Select(message => Lock(message, now + behaviour.LockLength.Ticks))];
            }
        }
    }

    private LockedMessage Lock(StoredMessage message, long until)
    {
        var token = new Guid(RandomNumberGenerator.GetBytes(16));
        file.Execute(
            """
            UPDATE messages SET lock_token = $token, locked_until = $until, deliveries = deliveries + 1
            WHERE sequence = $sequence
            """,
            ("$token", token.ToString("N")), ("$until", until), ("$sequence", message.Sequence));
        return new LockedMessage(message with { Deliveries = message.Deliveries + 1 }, token, At(until));
    }

    private void Bury(string queue, StoredMessage message) => file.Execute(
        """
        UPDATE messages SET queue = $dead, reason = $reason, deliveries = 0, locked_until = 0, lock_token = NULL
        WHERE sequence = $sequence
        """,
        ("$dead", QueueNames.DeadLetterOf(queue)), ("$reason", DeadLetterCause.TooManyDeliveries),
        ("$sequence", message.Sequence));

    private async Task SettleAsync(
        string queue, Guid token, string sql, CancellationToken cancel, params (string, object?)[] more)
    {
        var changed = await file.WriteAsync(
            () => file.Execute(sql, [("$token", token.ToString("N")), ("$now", Now), .. more]), cancel);
        if (changed == 0)
        {
            throw new MessageLockLostException(queue);
        }
    }

    private static StoredMessage Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), (byte[])row[2], row.GetInt32(3), At(row.GetInt64(4)),
        row.IsDBNull(5) ? null : new DeadLetterCause(row.GetString(5), row.IsDBNull(6) ? null : row.GetString(6)));

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
