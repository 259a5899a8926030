using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A planted bug: the rows as a pipeline sees them that never looks at its holds.</summary>
internal sealed class RowsWithoutHolds(IRowStore rows) : IRowStore
{
    private const string Holds = "holds";

    public Task<StoredRow?> ReadAsync(string partition, string row, CancellationToken cancel) =>
        partition == Holds ? Task.FromResult<StoredRow?>(null) : rows.ReadAsync(partition, row, cancel);

    public IAsyncEnumerable<StoredRow> ListAsync(string partition, CancellationToken cancel) =>
        partition == Holds ? AsyncEnumerable.Empty<StoredRow>() : rows.ListAsync(partition, cancel);

    public Task<RowCommit> CommitAsync(string partition, IReadOnlyList<RowWrite> writes, CancellationToken cancel) =>
        rows.CommitAsync(partition, writes, cancel);
}
