namespace RetentionPipeline.Ledger;

/// <summary>
/// An exported log in a folder, to read and to make proofs from. It cannot be written; what a reader asks for and is not
/// there is missing.
/// </summary>
public sealed class ExportedLog(string folder) : ITileStore, ICheckpointStore, ICommitJournal
{
    private readonly LogFolder files = new(folder);

    /// <summary>Reads it.</summary>
    public LogReader Open() => new(this, this, this);

    Task<ReadOnlyMemory<byte>?> ITileStore.ReadAsync(string name, CancellationToken cancel) => Task.FromResult(Find(name));

    Task<PublishedHead?> ICheckpointStore.ReadAsync(CancellationToken cancel) =>
        Task.FromResult(Find("checkpoint") is { } note ? new PublishedHead(note, 0, "") : null);

    Task<ReadOnlyMemory<byte>?> ICommitJournal.ReadAsync(long number, CancellationToken cancel) =>
        Task.FromResult<ReadOnlyMemory<byte>?>(null);

    Task<ReadOnlyMemory<byte>> ITileStore.WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => throw Refused();

    Task ITileStore.RemovePartialsAsync(string fullName, CancellationToken cancel) => throw Refused();

    Task<HeadChange> ICheckpointStore.ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel) => throw Refused();

    Task<ReadOnlyMemory<byte>> ICommitJournal.WriteOnceAsync(long number, ReadOnlyMemory<byte> record, CancellationToken cancel) => throw Refused();

    private ReadOnlyMemory<byte>? Find(string name) => files.Read(name) is { } content ? content : (ReadOnlyMemory<byte>?)null;

    private static NotSupportedException Refused() => new("An exported log is not written.");
}
