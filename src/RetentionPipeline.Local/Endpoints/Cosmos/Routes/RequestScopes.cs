using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>What part of a container a request is about, by its headers.</summary>
internal static class RequestScopes
{
    private const string KeyHeader = "x-ms-documentdb-partitionkey";
    private const string RangeHeader = "x-ms-documentdb-partitionkeyrangeid";

    /// <summary>The whole key of one item.</summary>
    public static PartitionKeyValue KeyOf(GatewayRequest request, ContainerEntry container)
    {
        var key = PartitionKeyValue.Parse(request.Header(KeyHeader) ?? throw GatewayException.BadRequest("The request has no partition key."));
        return key.Parts.Count == container.Settings.Paths.Count
            ? key
            : throw GatewayException.BadRequest("The partition key has another number of levels than the container.");
    }

    /// <summary>Refuses a request that was sent to a partition which does not hold the key any more.</summary>
    public static void CheckRange(GatewayRequest request, ContainerEntry container, string effective)
    {
        if (request.Header(RangeHeader) is { } id && !container.RangeById(id).Contains(effective))
        {
            throw GatewayException.Gone();
        }
    }

    /// <summary>
    /// Partition, effective keys from and to, partition key or its first levels: whatever is given narrows the scope.
    /// </summary>
    public static KeyScope Of(GatewayRequest request, ContainerEntry container)
    {
        var (min, max) = (KeyRange.Lowest, KeyRange.Highest);
        int? rangeId = null;
        string? key = null;
        if (request.Header(RangeHeader) is { } id)
        {
            var range = container.RangeById(id);
            (min, max, rangeId) = (range.Min, range.Max, range.Id);
        }

        if (request.Header("x-ms-start-epk") is { } from && string.CompareOrdinal(from, min) > 0)
        {
            min = from;
        }

        if (request.Header("x-ms-end-epk") is { } to && string.CompareOrdinal(to, max) < 0)
        {
            max = to;
        }

        if (request.Header(KeyHeader) is { } header)
        {
            var value = PartitionKeyValue.Parse(header);
            var effective = value.Effective();
            if (value.Parts.Count > container.Settings.Paths.Count || value.Parts.Count == 0)
            {
                throw GatewayException.BadRequest("The partition key has another number of levels than the container.");
            }

            var whole = value.Parts.Count == container.Settings.Paths.Count;
            key = whole ? value.Canonical() : null;
            (min, max) = (Later(min, effective), Earlier(max, whole ? effective + "\0" : effective + KeyRange.Highest));
        }

        return new KeyScope(min, max, key, rangeId ?? container.Ranges.First(range => string.CompareOrdinal(min, range.Max) < 0).Id);
    }

    private static string Later(string one, string other) => string.CompareOrdinal(one, other) > 0 ? one : other;

    private static string Earlier(string one, string other) => string.CompareOrdinal(one, other) < 0 ? one : other;
}
