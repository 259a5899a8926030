using Azure;
using Azure.Data.Tables;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Tables;

/// <summary>
/// Rows in one Azure table; a commit is an entity group transaction. The client must not retry: the second try of a
/// transaction whose answer was lost would meet its own rows and report a conflict that is none. Callers read again and
/// decide again after any failure.
/// </summary>
public sealed class TableRowStore(TableClient table) : IRowStore
{
    private const string Text = "Text";

    /// <inheritdoc/>
    public async Task<StoredRow?> ReadAsync(string partition, string row, CancellationToken cancel)
    {
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, row, cancellationToken: cancel);
        return found.HasValue ? Read(found.Value!) : null;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredRow> ListAsync(
        string partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        await foreach (var entity in table.QueryAsync<TableEntity>(filter, cancellationToken: cancel))
        {
            yield return Read(entity);
        }
    }

    /// <inheritdoc/>
    public async Task<RowCommit> CommitAsync(
        string partition, IReadOnlyList<RowWrite> writes, CancellationToken cancel)
    {
        try
        {
            await table.SubmitTransactionAsync(writes.Select(write => Action(partition, write)), cancel);
            return RowCommit.Committed;
        }
        catch (TableTransactionFailedException failed) when (failed.Status is 404 or 409 or 412)
        {
            return RowCommit.Conflict;
        }
    }

    private static TableTransactionAction Action(string partition, RowWrite write) => write switch
    {
        RowWrite.Insert insert => new(TableTransactionActionType.Add, Make(partition, insert.Row, insert.Text)),
        RowWrite.Replace replace => new(
            TableTransactionActionType.UpdateReplace, Make(partition, replace.Row, replace.Text), new ETag(replace.Version)),
        RowWrite.Delete delete => new(
            TableTransactionActionType.Delete, new TableEntity(partition, delete.Row), new ETag(delete.Version)),
        _ => throw new ArgumentException("A write that no store knows.", nameof(write)),
    };

    private static TableEntity Make(string partition, string row, string text) => new(partition, row) { [Text] = text };

    private static StoredRow Read(TableEntity entity) =>
        new(entity.PartitionKey, entity.RowKey, entity.GetString(Text), entity.ETag.ToString());
}
