using System.Text.Json;
using Azure.Data.Tables;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Tables;

/// <summary>A stretch of partition keys; null is open.</summary>
internal sealed record TableRange(string? From, string? To)
{
    public static TableRange Parse(RecordRange range)
    {
        var parts = JsonSerializer.Deserialize<string?[]>(range.Range)!;
        return new(parts[0], parts[1]);
    }

    public RecordRange ToRange() => new(JsonSerializer.Serialize(new[] { From, To }));

    public string? Filter() => (From, To) switch
    {
        (null, null) => null,
        (not null, null) => TableClient.CreateQueryFilter($"PartitionKey ge {From}"),
        (null, not null) => TableClient.CreateQueryFilter($"PartitionKey lt {To}"),
        _ => TableClient.CreateQueryFilter($"PartitionKey ge {From} and PartitionKey lt {To}"),
    };
}
