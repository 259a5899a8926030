using Microsoft.Data.Sqlite;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>Prepared statements of one connection. Parameters are <c>$1</c>, <c>$2</c> … in order. One user at a time.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);

    /// <summary>Answers how many rows changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteNonQuery();

    public object? Scalar(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteScalar();

    /// <summary>Reads rows until there are no more or <paramref name="read"/> answers null.</summary>
    public List<T> Read<T>(string sql, Func<SqliteDataReader, T?> read, params ReadOnlySpan<object?> values)
        where T : class
    {
        var rows = new List<T>();
        using var reader = Bind(sql, values).ExecuteReader();
        while (reader.Read() && read(reader) is { } row)
        {
            rows.Add(row);
        }

        return rows;
    }

    public void Dispose()
    {
        foreach (var command in prepared.Values)
        {
            command.Dispose();
        }
    }

    private SqliteCommand Bind(string sql, ReadOnlySpan<object?> values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            for (var number = 1; number <= values.Length; number++)
            {
                command.Parameters.Add(new SqliteParameter($"${number}", null));
            }

            prepared[sql] = command;
        }

        for (var number = 0; number < values.Length; number++)
        {
            command.Parameters[number].Value = values[number] ?? DBNull.Value;
        }

        return command;
    }
}
