using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace RetentionPipeline.Adapters.Queues;

/// <summary>
/// One SQLite file, used by several processes at once (WAL mode, full synchronisation: what was written survives a crash
/// of process and machine). Who writes while another commit is under way joins the next one: writers share the wait for
/// the disk, and each is told of its own end, after the commit. What is deleted is overwritten, and gone from the log of
/// writes beside the file (<c>-wal</c>) a few seconds later: messages hold what persons must be able to have erased.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    private const int MostInOneCommit = 256;
    private const string Savepoint = "unit";
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly ConcurrentQueue<Unit> waiting = new();
    private readonly Dictionary<string, SqliteCommand> commands = [];
    private readonly SqliteConnection connection;
    private readonly CancellationTokenSource ending = new();
    private SqliteTransaction? transaction;
    private int forgetting;

    /// <summary>Opens or makes the file.</summary>
    public SqliteFile(string file)
    {
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
    }

    /// <summary>
    /// Runs the work in a transaction and ends when that is durable. Work that throws is undone, alone. It may run on
    /// another caller's thread, and must not wait for anything.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<T> work, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var unit = new Unit(
            () =>
            {
                var value = work();
                return () => result.TrySetResult(value);
            },
            failure => result.TrySetException(failure));
        waiting.Enqueue(unit);

        // The caller goes on, to bring more work for the same commit; only the order is fixed by now.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

        // Not cancelled while it waits: its work may already be in another caller's commit.
        await one.WaitAsync(CancellationToken.None);
        try
        {
            while (!unit.Ended)
            {
                CommitWaiting();
            }
        }
        finally
        {
            one.Release();
        }

        return await result.Task;
    }

    /// <summary>Reads without a write lock.</summary>
    public async Task<T> ReadAsync<T>(Func<T> work, CancellationToken cancel)
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

    /// <summary>Runs a statement; returns how many rows it changed. Within work only, as all below.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Command(sql, values).ExecuteNonQuery();

    /// <summary>The first value of the first row; null if there is none.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Command(sql, values).ExecuteScalar();

    /// <summary>All rows.</summary>
    public List<T> Rows<T>(
        Func<SqliteDataReader, T> read, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var reader = Command(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Lets a commit that is under way end first. What comes later fails.</summary>
    public void Dispose()
    {
        ending.Cancel();
        one.Wait();
        try
        {
            foreach (var command in commands.Values)
            {
                command.Dispose();
            }

            commands.Clear();
            connection.Dispose();
        }
        finally
        {
            one.Release();
        }
    }

    private void CommitWaiting()
    {
        var units = new List<Unit>();
        while (units.Count < MostInOneCommit && waiting.TryDequeue(out var unit))
        {
            units.Add(unit);
        }

        var ends = new List<Action>();
        try
        {
            transaction = connection.BeginTransaction(deferred: false);
            using (transaction)
            {
                units.ForEach(unit => RunAlone(unit, transaction, ends));
                transaction.Commit();
            }

            ends.ForEach(end => end());
            ForgetLater();
        }
        catch (Exception failure)
        {
            units.ForEach(unit => unit.Fail(failure));
        }
        finally
        {
            transaction = null;
            units.ForEach(unit => unit.Ended = true);
        }
    }

    private void ForgetLater()
    {
        if (Interlocked.Exchange(ref forgetting, 1) == 0)
        {
            _ = ForgetAsync();
        }
    }

    /// <summary>
    /// Moves the log of writes into the file and cuts it to nothing. Where another process reads just then, it is tried
    /// again; a crash leaves it to the next one that writes.
    /// </summary>
    private async Task ForgetAsync()
    {
        await Task.Delay(ForgetAfter, TimeProvider.System, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await one.WaitAsync(CancellationToken.None);
        try
        {
            forgetting = 0;
            if (!ending.IsCancellationRequested && Scalar("PRAGMA wal_checkpoint(TRUNCATE)") is not 0L)
            {
                ForgetLater();
            }
        }
        catch (SqliteException)
        {
            ForgetLater();
        }
        finally
        {
            one.Release();
        }
    }

    private static void RunAlone(Unit unit, SqliteTransaction transaction, List<Action> ends)
    {
        transaction.Save(Savepoint);
        try
        {
            ends.Add(unit.Run());
            transaction.Release(Savepoint);
        }
        catch (Exception failure)
        {
            transaction.Rollback(Savepoint);
            unit.Fail(failure);
        }
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!commands.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            commands.Add(sql, command);
        }

        command.Transaction = transaction;
        command.Parameters.Clear();
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Work that waits for a commit. What running it returns is called after it.</summary>
    private sealed class Unit(Func<Action> run, Action<Exception> fail)
    {
        public Func<Action> Run { get; } = run;

        public Action<Exception> Fail { get; } = fail;

        public bool Ended { get; set; }
    }
}
