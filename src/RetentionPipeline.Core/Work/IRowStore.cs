namespace RetentionPipeline.Core.Work;

/// <summary>
/// Small rows that change: holds, stops, budgets, commands, dead letters. Same durability, consistency and failure
/// contract as <see cref="IObjectStore"/>. Partition and row names hold nothing personal; a row's text is at most
/// 30,000 characters, and what is personal in it is encrypted by the caller.
/// </summary>
public interface IRowStore
{
    /// <summary>Null if there is no such row.</summary>
    Task<StoredRow?> ReadAsync(string partition, string row, CancellationToken cancel);

    /// <summary>All rows of a partition in ordinal order of their names. Rows written meanwhile may be missed.</summary>
    IAsyncEnumerable<StoredRow> ListAsync(string partition, CancellationToken cancel);

    /// <summary>
    /// Applies 1 to 100 writes of one partition, each to another row: all or none. False if the condition of one of
    /// them did not hold; nothing was written then.
    /// </summary>
    Task<RowCommit> CommitAsync(string partition, IReadOnlyList<RowWrite> writes, CancellationToken cancel);
}

/// <summary>A row as it stands.</summary>
public sealed record StoredRow(string Partition, string Row, string Text, string Version);

/// <summary>Whether a commit happened.</summary>
public enum RowCommit
{
    /// <summary>All writes stand.</summary>
    Committed,

    /// <summary>A condition did not hold; nothing was written.</summary>
    Conflict,
}

/// <summary>One write of a commit.</summary>
/// <param name="Row">The row.</param>
public abstract record RowWrite(string Row)
{
    /// <summary>The row must not exist.</summary>
    public sealed record Insert(string Row, string Text) : RowWrite(Row);

    /// <summary>The row must be at that version.</summary>
    public sealed record Replace(string Row, string Text, string Version) : RowWrite(Row);

    /// <summary>The row must be at that version.</summary>
    public sealed record Delete(string Row, string Version) : RowWrite(Row);
}
