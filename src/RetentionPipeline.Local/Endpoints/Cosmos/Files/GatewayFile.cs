using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>
/// The gateway's SQLite file (write-ahead log, full synchronisation: what was answered survives a crash of process and
/// machine), or a database in memory. One worker carries out what is asked, in order. What came in while it was busy is
/// one transaction, so that many writers share one synchronisation with the disk.
/// </summary>
internal sealed class GatewayFile : IAsyncDisposable
{
    private const int MostTogether = 256;
    private readonly Channel<IJob> jobs = Channel.CreateUnbounded<IJob>(new() { SingleReader = true });
    private readonly SqliteConnection connection;
    private readonly Statements statements;
    private readonly Task worker;

    private GatewayFile(SqliteConnection connection)
    {
        this.connection = connection;
        statements = new Statements(connection);
        Schema.Create(statements);
        worker = Task.Run(WorkAsync);
    }

    private interface IJob
    {
        bool Writes { get; }

        void Run(Statements statements);

        void Finish(Exception? failed);
    }

    /// <param name="file">Null keeps everything in memory, for as long as this object lives.</param>
    public static GatewayFile Open(string? file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file ?? ":memory:",
            Pooling = false,
            DefaultTimeout = 30,
        }.ConnectionString);
        connection.Open();
        return new GatewayFile(connection);
    }

    /// <summary>A job that reads; it sees all writes before it.</summary>
    public Task<T> ReadAsync<T>(Func<Statements, T> work) => Enqueue(new Job<T>(work, writes: false));

    /// <summary>A job that writes: all of it or, if it throws, nothing. The task ends when it is durable.</summary>
    public Task<T> WriteAsync<T>(Func<Statements, T> work) => Enqueue(new Job<T>(work, writes: true));

    public async ValueTask DisposeAsync()
    {
        jobs.Writer.TryComplete();
        await worker;
        statements.Dispose();
        await connection.DisposeAsync();
    }

    private Task<T> Enqueue<T>(Job<T> job) => jobs.Writer.TryWrite(job)
        ? job.Result
        : Task.FromException<T>(new ObjectDisposedException(nameof(GatewayFile)));

    private async Task WorkAsync()
    {
        var together = new List<IJob>();
        while (await jobs.Reader.WaitToReadAsync())
        {
            together.Clear();
            while (together.Count < MostTogether && jobs.Reader.TryRead(out var job))
            {
                together.Add(job);
            }

            var failed = Carry(together);
            together.ForEach(job => job.Finish(failed));
        }
    }

    private SqliteException? Carry(List<IJob> together)
    {
        try
        {
            statements.Execute(together.Any(job => job.Writes) ? "BEGIN IMMEDIATE" : "BEGIN");
            foreach (var job in together)
            {
                job.Run(statements);
            }

            statements.Execute("COMMIT");
            return null;
        }
        catch (SqliteException failed)
        {
            try
            {
                statements.Execute("ROLLBACK");
            }
            catch (SqliteException)
            {
                // The failure itself has ended the transaction.
            }

            return failed;
        }
    }

    private sealed class Job<T>(Func<Statements, T> work, bool writes) : IJob
    {
        private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? result;
        private Exception? refused;

        public Task<T> Result => done.Task;

        public bool Writes => writes;

        public void Run(Statements statements)
        {
            if (writes)
            {
                statements.Execute("SAVEPOINT job");
            }

            try
            {
                result = work(statements);
            }
            catch (Exception wrong) when (wrong is not SqliteException)
            {
                refused = wrong;
                if (writes)
                {
                    statements.Execute("ROLLBACK TO job");
                }
            }

            if (writes)
            {
                statements.Execute("RELEASE job");
            }
        }

        public void Finish(Exception? failed)
        {
            if ((failed ?? refused) is { } problem)
            {
                done.TrySetException(problem);
            }
            else
            {
                done.TrySetResult(result!);
            }
        }
    }
}
