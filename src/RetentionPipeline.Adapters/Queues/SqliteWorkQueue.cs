using Microsoft.Data.Sqlite;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Queues;

/// <summary>How the queues behave.</summary>
/// <param name="LockLength">How long a delivery is locked.</param>
/// <param name="DuplicateWindow">How long an id is remembered.</param>
/// <param name="MaxDeliveries">Deliveries before a message is dead.</param>
public sealed record QueueBehaviour(TimeSpan LockLength, TimeSpan DuplicateWindow, int MaxDeliveries)
{
    /// <summary>The defaults of Azure Service Bus.</summary>
    public static readonly QueueBehaviour Default = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), 10);
}

/// <summary>
/// Durable queues in one SQLite file, used by several processes at once (WAL mode, full synchronisation: what was sent or
/// settled survives a crash of process and machine). A row is a message; its place is its sequence number.
/// </summary>
public sealed class SqliteWorkQueue : IWorkQueue, IDisposable
{
    private const int MaxBody = 256 * 1024;
    private const int MaxId = 128;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly SqliteConnection connection;
    private readonly TimeProvider time;
    private readonly QueueBehaviour behaviour;

    /// <summary>Opens or makes the file.</summary>
    public SqliteWorkQueue(string file, QueueBehaviour behaviour, TimeProvider time)
    {
        (this.time, this.behaviour) = (time, behaviour);
        connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            DefaultTimeout = 30,
            Pooling = false,
        }.ConnectionString);
        connection.Open();
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("PRAGMA secure_delete=ON");
        Execute("""
            CREATE TABLE IF NOT EXISTS messages (
              sequence INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
              available_at INTEGER NOT NULL, lock_token TEXT, locked_until INTEGER NOT NULL DEFAULT 0,
              deliveries INTEGER NOT NULL DEFAULT 0, reason TEXT);
            CREATE INDEX IF NOT EXISTS messages_next ON messages (queue, available_at);
            CREATE TABLE IF NOT EXISTS seen (
              queue TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (queue, id)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS seen_until ON seen (until);
            """);
    }

    private long Now => time.GetUtcNow().UtcTicks;

    /// <inheritdoc/>
    public Task SendAsync(string queue, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel)
    {
        foreach (var message in messages)
        {
            Check(queue, message);
        }

        return InTransactionAsync(
            transaction =>
            {
                Execute("DELETE FROM seen WHERE until <= $now", transaction, ("$now", Now));
                foreach (var message in messages)
                {
                    Insert(queue, message, transaction);
                }

                return true;
            },
            cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(
        string queue, int atMost, TimeSpan wait, CancellationToken cancel)
    {
        var giveUpAt = time.GetUtcNow() + wait;
        while (true)
        {
            if (await AnyAsync(queue, cancel)
                && await InTransactionAsync(transaction => Take(queue, atMost, transaction), cancel) is { Count: > 0 } taken)
            {
                return taken;
            }

            if (time.GetUtcNow() >= giveUpAt)
            {
                return [];
            }

            await Task.Delay(PollEvery, time, cancel);
        }
    }

    /// <inheritdoc/>
    public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) => SettleAsync(
        message, "DELETE FROM messages WHERE lock_token = $token AND locked_until > $now", cancel);

    /// <inheritdoc/>
    public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) => SettleAsync(
        message, "UPDATE messages SET locked_until = 0, lock_token = NULL WHERE lock_token = $token AND locked_until > $now",
        cancel);

    /// <inheritdoc/>
    public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) => SettleAsync(
        message,
        """
        UPDATE messages SET queue = $dead, reason = $reason, deliveries = 0, locked_until = 0, lock_token = NULL
        WHERE lock_token = $token AND locked_until > $now
        """,
        cancel, ("$dead", QueueNames.DeadLetterOf(message.Queue)), ("$reason", reason));

    /// <inheritdoc/>
    public async Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel)
    {
        var until = time.GetUtcNow() + behaviour.LockLength;
        await SettleAsync(
            message, "UPDATE messages SET locked_until = $until WHERE lock_token = $token AND locked_until > $now",
            cancel, ("$until", until.UtcTicks));
        return until;
    }

    /// <summary>Messages of a queue, those under lock and those scheduled included.</summary>
    public Task<long> CountAsync(string queue, CancellationToken cancel) => InTransactionAsync(
        transaction => (long)Scalar("SELECT COUNT(*) FROM messages WHERE queue = $queue", transaction, ("$queue", queue))!,
        cancel);

    /// <inheritdoc/>
    public void Dispose()
    {
        connection.Dispose();
        one.Dispose();
    }

    private static void Check(string queue, OutgoingMessage message)
    {
        if (message.Id.Length is 0 or > MaxId)
        {
            throw new ArgumentException(
                $"A message for queue '{queue}' has an id of {message.Id.Length} characters; 1 to {MaxId} are allowed.");
        }

        if (message.Body.Length > MaxBody)
        {
            throw new ArgumentException(
                $"A message for queue '{queue}' has {message.Body.Length} bytes; {MaxBody} are allowed. Send a name of the data.");
        }
    }

    private void Insert(string queue, OutgoingMessage message, SqliteTransaction transaction)
    {
        var now = Now;
        var news = Execute(
            "INSERT INTO seen (queue, id, until) VALUES ($queue, $id, $until) ON CONFLICT DO NOTHING", transaction,
            ("$queue", queue), ("$id", message.Id), ("$until", now + behaviour.DuplicateWindow.Ticks));
        if (news > 0)
        {
            Execute(
                "INSERT INTO messages (queue, id, body, available_at) VALUES ($queue, $id, $body, $at)", transaction,
                ("$queue", queue), ("$id", message.Id), ("$body", message.Body.ToArray()),
                ("$at", message.NotBefore?.UtcTicks ?? now));
        }
    }

    /// <summary>A look without a write lock: an empty queue that many poll costs nobody a transaction.</summary>
    private Task<bool> AnyAsync(string queue, CancellationToken cancel) => AloneAsync(
        () => Scalar(
            "SELECT 1 FROM messages WHERE queue = $queue AND available_at <= $now AND locked_until <= $now LIMIT 1", null,
            ("$queue", queue), ("$now", Now)) is not null,
        cancel);

    private List<ReceivedMessage> Take(string queue, int atMost, SqliteTransaction transaction)
    {
        var now = Now;
        var taken = new List<ReceivedMessage>();
        foreach (var row in Rows(queue, now, atMost, transaction))
        {
            if (row.Deliveries >= behaviour.MaxDeliveries)
            {
                Execute(
                    """
                    UPDATE messages SET queue = $dead, reason = 'MaxDeliveryCountExceeded', deliveries = 0,
                      locked_until = 0, lock_token = NULL WHERE sequence = $sequence
                    """,
                    transaction, ("$dead", QueueNames.DeadLetterOf(queue)), ("$sequence", row.Sequence));
                continue;
            }

            var token = NewToken();
            var until = now + behaviour.LockLength.Ticks;
            Execute(
                """
                UPDATE messages SET lock_token = $token, locked_until = $until, deliveries = deliveries + 1
                WHERE sequence = $sequence
                """,
                transaction, ("$token", token.ToString("N")), ("$until", until), ("$sequence", row.Sequence));
            taken.Add(new ReceivedMessage(
                queue, row.Id, row.Body, token, At(until), row.Deliveries + 1, At(row.AvailableAt), row.Reason));
        }

        return taken;
    }

    private List<Row> Rows(string queue, long now, int atMost, SqliteTransaction transaction)
    {
        using var command = Command(
            """
            SELECT sequence, id, body, deliveries, available_at, reason FROM messages
            WHERE queue = $queue AND available_at <= $now AND locked_until <= $now ORDER BY available_at, sequence LIMIT $most
            """,
            transaction, ("$queue", queue), ("$now", now), ("$most", atMost));
        using var reader = command.ExecuteReader();
        var rows = new List<Row>();
        while (reader.Read())
        {
            rows.Add(new Row(
                reader.GetInt64(0), reader.GetString(1), (byte[])reader[2], reader.GetInt32(3), reader.GetInt64(4),
                reader.IsDBNull(5) ? null : reader.GetString(5)));
        }

        return rows;
    }

    private async Task SettleAsync(
        ReceivedMessage message, string sql, CancellationToken cancel, params (string, object)[] more)
    {
        var changed = await InTransactionAsync(
            transaction => Execute(
                sql, transaction, [("$token", message.LockToken.ToString("N")), ("$now", Now), .. more]),
            cancel);
        if (changed == 0)
        {
            throw new MessageLockLostException(message.Queue);
        }
    }

    private Task<T> InTransactionAsync<T>(Func<SqliteTransaction, T> work, CancellationToken cancel) => AloneAsync(
        () =>
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            var result = work(transaction);
            transaction.Commit();
            return result;
        },
        cancel);

    private async Task<T> AloneAsync<T>(Func<T> work, CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try
        {
            return work();
        }
        finally
        {
            one.Release();
        }
    }

    private int Execute(string sql, SqliteTransaction? transaction = null, params (string, object)[] values)
    {
        using var command = Command(sql, transaction, values);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(string sql, SqliteTransaction? transaction, params (string, object)[] values)
    {
        using var command = Command(sql, transaction, values);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, SqliteTransaction? transaction, params (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);

    private static Guid NewToken() => new(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));

    private sealed record Row(
        long Sequence, string Id, byte[] Body, int Deliveries, long AvailableAt, string? Reason);
}
