namespace RetentionPipeline.Core.Records;

/// <summary>
/// Names one record within its dataset. Both parts are personal data (a partition key is often an e-mail address):
/// they are written to encrypted batches only, never to a message, a log, a trace or a leaf.
/// </summary>
/// <param name="Partition">
/// Table: PartitionKey. Blob: empty. Cosmos DB: the partition key as a JSON array, one element per level.
/// </param>
/// <param name="Id">Table: RowKey. Blob: the full blob name. Cosmos DB: the item's id.</param>
public sealed record RecordKey(string Partition, string Id)
{
    /// <summary>Hides the key: records are printed by test runners, debuggers and loggers.</summary>
    public override string ToString() => "RecordKey(…)";

    /// <summary>One text for both parts, without two keys ever sharing it: the length of the partition leads.</summary>
    public string Canonical => $"{Partition.Length}:{Partition}{Id}";
}
