using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;
using RetentionPipeline.Local.Endpoints.Cosmos.Sql;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Files;

/// <summary>What a client set for a container. A setting that the gateway would not keep to is refused.</summary>
/// <param name="Json">All settings, as they are given back.</param>
/// <param name="Paths">Where the levels of the partition key lie; several only for a hierarchical one.</param>
/// <param name="DefaultTtl">Seconds; -1: only items with one of their own end; null: none does.</param>
/// <param name="UniqueKeys">Each a list of paths whose values are unique together within a partition key.</param>
/// <param name="IndexingOff">No index: writes cost half, queries with a filter need the client's leave to scan.</param>
internal sealed record ContainerSettings(
    string Json, IReadOnlyList<string> Paths, int? DefaultTtl, IReadOnlyList<IReadOnlyList<string>> UniqueKeys, bool IndexingOff)
{
    private const string Defaults = """
        {"indexingMode":"consistent","automatic":true,"includedPaths":[{"path":"/*"}],"excludedPaths":[{"path":"/\"_etag\"/?"}]}
        """;

    private static readonly IReadOnlyList<string> Kept =
    [
        "id", "partitionKey", "indexingPolicy", "defaultTtl", "uniqueKeyPolicy", "conflictResolutionPolicy", "geospatialConfig",
    ];

    public static ContainerSettings Parse(JsonElement sent)
    {
        var settings = new JsonObject();
        foreach (var property in sent.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null))
        {
            if (Kept.Contains(property.Name))
            {
                settings[property.Name] = JsonNode.Parse(property.Value.GetRawText());
            }
            else if (!property.Name.StartsWith('_'))
            {
                throw GatewayException.NotHere($"container setting '{property.Name}'");
            }
        }

        settings["indexingPolicy"] ??= JsonNode.Parse(Defaults);
        settings["uniqueKeyPolicy"] ??= new JsonObject { ["uniqueKeys"] = new JsonArray() };
        settings["conflictResolutionPolicy"] ??= new JsonObject
        {
            ["mode"] = "LastWriterWins",
            ["conflictResolutionPath"] = "/_ts",
            ["conflictResolutionProcedure"] = "",
        };
        settings["geospatialConfig"] ??= new JsonObject { ["type"] = "Geography" };
        var paths = CheckKey(settings);
        CheckId((string?)settings["id"]);
        return new(
            settings.ToJsonString(), paths, CheckTtl((int?)settings["defaultTtl"]),
            [.. settings["uniqueKeyPolicy"]!["uniqueKeys"]!.AsArray().Select(key =>
                (IReadOnlyList<string>)[.. key!["paths"]!.AsArray().Select(path => (string)path!)])],
            CheckIndexing(settings["indexingPolicy"]!));
    }

    /// <summary>The service's rules for ids.</summary>
    public static string CheckId(string? id) =>
        string.IsNullOrEmpty(id) || id.Length > 255 || id.AsSpan().IndexOfAny("/\\?#") >= 0 || id.EndsWith(' ')
            ? throw GatewayException.BadRequest("An id has 1 to 255 characters, none of them / \\ ? #, and no space at its end.")
            : id;

    /// <summary>Positive or -1.</summary>
    public static int? CheckTtl(int? seconds) => seconds is 0 or < -1
        ? throw GatewayException.BadRequest("A time to live is a positive number of seconds, or -1.")
        : seconds;

    /// <summary>The values of an item under each unique key, as text.</summary>
    public IReadOnlyList<string> UniqueOf(JsonElement item) =>
        [.. UniqueKeys.Select(paths => new PartitionKeyValue([.. paths.Select(path => PartitionKeyValue.At(item, path))]).Canonical())];

    /// <summary>Several keys of ORDER BY need an index of just these, in these directions or all in the others.</summary>
    public bool HasComposite(IReadOnlyList<SqlOrder> orders)
    {
        using var settings = JsonDocument.Parse(Json);
        return settings.RootElement.GetProperty("indexingPolicy").TryGetProperty("compositeIndexes", out var indexes)
            && indexes.EnumerateArray().Any(index => Serves(index, orders));
    }

    private static bool Serves(JsonElement index, IReadOnlyList<SqlOrder> orders)
    {
        var turned = index.EnumerateArray().Zip(orders, (column, order) =>
            (string.Join('/', ((SqlPath)order.Value).Steps.Prepend("")) == column.GetProperty("path").GetString(),
            (column.TryGetProperty("order", out var way) && way.GetString() == "descending") != order.Descending)).ToList();
        return index.GetArrayLength() == orders.Count && turned.All(column => column.Item1)
            && turned.Select(column => column.Item2).Distinct().Count() == 1;
    }

    private static IReadOnlyList<string> CheckKey(JsonObject settings)
    {
        var key = settings["partitionKey"]?.AsObject() ?? throw GatewayException.BadRequest("A container needs a partition key.");
        IReadOnlyList<string> paths = [.. key["paths"]!.AsArray().Select(path => (string)path!)];
        key["kind"] ??= "Hash";
        key["version"] ??= 2;
        return (string?)key["kind"] is "Hash" && paths.Count == 1 || (string?)key["kind"] is "MultiHash" && paths.Count is >= 1 and <= 3
            ? (int?)key["version"] == 2 ? paths : throw GatewayException.NotHere("partitioning but version 2")
            : throw GatewayException.BadRequest("A partition key has one path, a hierarchical one (MultiHash) up to three.");
    }

    private static bool CheckIndexing(JsonNode policy)
    {
        var mode = (string?)policy["indexingMode"] ?? "consistent";
        return string.Equals(mode, "none", StringComparison.OrdinalIgnoreCase)
            || (string.Equals(mode, "consistent", StringComparison.OrdinalIgnoreCase)
                ? false
                : throw GatewayException.NotHere($"indexing mode '{mode}'"));
    }
}
