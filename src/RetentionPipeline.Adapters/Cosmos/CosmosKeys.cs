using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Partition keys as text: a JSON array, one value for each level, an empty object for a level that the item lacks. One
/// text for each key: numbers are the doubles that the service takes them for.
/// </summary>
internal static class CosmosKeys
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(IEnumerable<JsonElement> levels) => "[" + string.Join(',', levels.Select(level => level.ValueKind switch
    {
        JsonValueKind.Undefined => "{}",
        JsonValueKind.Number => level.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.String => JsonSerializer.Serialize(level.GetString(), Readable),
        _ => level.GetRawText(),
    })) + "]";

    public static RecordKey Of(JsonElement item, CosmosContainer container) =>
        new(Write(container.KeyPaths.Select(path => CosmosFields.At(item, path.Split('/').Skip(1)))), item.GetProperty("id").GetString()!);

    public static PartitionKey Read(string text)
    {
        using var document = JsonDocument.Parse(text);
        var levels = document.RootElement.EnumerateArray().ToList();
        if (levels is [{ ValueKind: JsonValueKind.Object }])
        {
            return PartitionKey.None;
        }

        var key = new PartitionKeyBuilder();
        foreach (var level in levels)
        {
            _ = level.ValueKind switch
            {
                JsonValueKind.String => key.Add(level.GetString()),
                JsonValueKind.Number => key.Add(level.GetDouble()),
                JsonValueKind.True or JsonValueKind.False => key.Add(level.GetBoolean()),
                JsonValueKind.Null => key.AddNullValue(),
                _ => key.AddNoneType(),
            };
        }

        return key.Build();
    }

    /// <summary>
    /// Ids are parts of addresses. With these characters the service itself cannot find the item by its id (it says so, and
    /// lets such items be made all the same); a dot or two would name the container.
    /// </summary>
    public static bool CanAddress(string id) => id is not ("." or "..") && id.AsSpan().IndexOfAny("/\\?#") < 0;
}
