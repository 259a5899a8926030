using Azure;
using Azure.Data.Tables;
using RetentionPipeline.Adapters.Composition;

namespace RetentionPipeline.Local.Bare;

/// <summary>Entities of a table, twenty a partition.</summary>
internal sealed class ThrowawayEntities(string address, TimeProvider time) : IThrowaways
{
    private const int OfPartition = 20;
    private readonly TableClient table = DeployedPorts.TableService(address, retries: 0).GetTableClient("RawDeletes");
    private int made;

    public Task OpenAsync(CancellationToken cancel) => table.CreateIfNotExistsAsync(cancel);

    public async Task<IReadOnlyList<Func<CancellationToken, Task>>> MakeAsync(int count, CancellationToken cancel)
    {
        var deletes = new List<Func<CancellationToken, Task>>();
        while (deletes.Count < count)
        {
            var partition = $"customer-{made++:D6}";
            var batch = Enumerable.Range(0, OfPartition).Select(row => new TableEntity(partition, $"{row:D8}")
            {
                ["SeenAt"] = time.GetUtcNow(),
                ["Ip"] = "203.0.113.7",
                ["Url"] = "https://shop.example/item/123?who=nobody",
                ["Feature"] = "search",
            }).ToList();
            var written = await table.SubmitTransactionAsync(
                batch.Select(entity => new TableTransactionAction(TableTransactionActionType.Add, entity)), cancel);
            deletes.AddRange(batch.Select((entity, at) => Delete(entity.PartitionKey, entity.RowKey, written.Value[at].Headers.ETag ?? ETag.All)));
        }

        return deletes;
    }

    public Task CloseAsync(CancellationToken cancel) => table.DeleteAsync(cancel);

    private Func<CancellationToken, Task> Delete(string partition, string row, ETag version) =>
        cancel => table.DeleteEntityAsync(partition, row, version, cancel);
}
