using Azure.Data.Tables;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Tables;

/// <summary>Fields of entities, as the core sees them and as the service keeps them.</summary>
internal static class EntityFields
{
    private const string Metadata = "odata.";

    public static RecordSnapshot Snapshot(TableEntity entity, string stageField) => new(
        new RecordKey(entity.PartitionKey, entity.RowKey), entity.ETag.ToString(), Read(entity),
        StageMark.Decode(entity.TryGetValue(stageField, out var mark) ? mark as string : null), 0);

    public static IReadOnlyDictionary<string, object?> Read(TableEntity entity)
    {
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in entity)
        {
            if (!name.StartsWith(Metadata, StringComparison.Ordinal))
            {
                fields[name] = value switch
                {
                    int number => (long)number,
                    DateTime instant => new DateTimeOffset(instant),
                    BinaryData bytes => bytes.ToArray(),
                    _ => value,
                };
            }
        }

        return fields;
    }

    /// <summary>
    /// What is written: with a merge the changed fields alone, so that no untouched value can change its type on the way;
    /// with a replace the entity as it was read, changed. The service has no null: a field set to null goes.
    /// </summary>
    public static TableEntity Write(
        TableEntity entity, IReadOnlyDictionary<string, object?> changes, bool whole, string stageField, StageMark stage)
    {
        var written = new TableEntity(entity.PartitionKey, entity.RowKey);
        if (whole)
        {
            foreach (var (name, value) in entity)
            {
                if (!name.StartsWith(Metadata, StringComparison.Ordinal) && name is not "Timestamp")
                {
                    written[name] = value;
                }
            }
        }

        foreach (var (name, value) in changes)
        {
            if (value is RemovedField or null)
            {
                written.Remove(name);
            }
            else
            {
                written[name] = entity.TryGetValue(name, out var before) && before is int && value is long number
                    ? checked((int)number)
                    : value;
            }
        }

        written[stageField] = stage.Encode();
        return written;
    }
}
