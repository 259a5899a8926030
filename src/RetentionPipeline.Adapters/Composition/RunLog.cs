using Microsoft.Extensions.Logging;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>Log lines of a run, into a file of its data folder; errors are counted for the end.</summary>
public sealed class RunLog(string file, TimeProvider time) : ILoggerFactory
{
    private readonly StreamWriter writer = new(file, append: true) { AutoFlush = true };
    private int errors;

    /// <summary>Errors so far.</summary>
    public int Errors => errors;

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider)
    {
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new FileLogger(this);

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    private void Write(LogLevel level, EventId id, string message)
    {
        if (level >= LogLevel.Error)
        {
            Interlocked.Increment(ref errors);
        }

        lock (writer)
        {
            writer.WriteLine($"{time.GetUtcNow():O} {level} {id.Id} {message}");
        }
    }

    private sealed class FileLogger(RunLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            // The text of an exception is not ours: only its type is told.
            if (IsEnabled(logLevel))
            {
                log.Write(logLevel, eventId, $"{formatter(state, null)} {exception?.GetType().Name}");
            }
        }
    }
}
