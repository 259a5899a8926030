using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// One or more of the SDK's feed ranges, read one behind the other. They are ranges of hashed keys: a partition that is
/// split later lies in them as before.
/// </summary>
internal sealed record CosmosRange(IReadOnlyList<string> Feeds)
{
    public static CosmosRange Parse(RecordRange range) => new(JsonSerializer.Deserialize<string[]>(range.Range)!);

    /// <summary>Spreads the physical partitions over at most so many ranges.</summary>
    public static IReadOnlyList<RecordRange> Spread(IReadOnlyList<FeedRange> partitions, int atMost)
    {
        var count = Math.Min(Math.Max(1, atMost), partitions.Count);
        return [.. Enumerable.Range(0, count).Select(part => new RecordRange(JsonSerializer.Serialize(partitions
            .Skip(part * partitions.Count / count).Take(((part + 1) * partitions.Count / count) - (part * partitions.Count / count))
            .Select(feed => feed.ToJsonString()))))];
    }
}

/// <summary>Where a page begins.</summary>
/// <param name="Feed">Which of the range's feed ranges.</param>
/// <param name="Token">The SDK's continuation in it; null at its start.</param>
internal sealed record CosmosPosition(int Feed, string? Token)
{
    public static CosmosPosition Parse(string? position) =>
        position is null ? new(0, null) : JsonSerializer.Deserialize<CosmosPosition>(position)!;

    public string Encode() => JsonSerializer.Serialize(this);
}
