using System.Runtime.InteropServices;
using System.Text.Json;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Fields of items as the core sees them. A dot leads into an object: <c>address.city</c>. What is no text, number, truth
/// value or list of these is given as its JSON text.
/// </summary>
internal static class CosmosFields
{
    /// <summary>What stands at a path; undefined if nothing does.</summary>
    public static JsonElement At(JsonElement item, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out item))
            {
                return default;
            }
        }

        return item;
    }

    /// <summary>A record read whole, of which some fields are wanted.</summary>
    public static RecordSnapshot Snapshot(JsonElement item, RecordKey key, IReadOnlyCollection<string> fields, string stageField)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            if (At(item, field.Split('.')) is { ValueKind: not JsonValueKind.Undefined } value)
            {
                values[field] = Value(value);
            }
        }

        return new(key, item.GetProperty("_etag").GetString()!, values, StageOf(item, stageField), SizeOf(item));
    }

    public static ObservedRecord Observe(JsonElement item, string stageField) =>
        new(item.GetProperty("_etag").GetString()!, SizeOf(item), StageOf(item, stageField));

    public static StageMark? Stage(JsonElement mark) =>
        StageMark.Decode(mark.ValueKind == JsonValueKind.String ? mark.GetString() : null);

    public static object? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? (object)whole : value.GetDouble(),
        JsonValueKind.Array when IsPlain(value) => value.EnumerateArray().Select(Value).ToList(),
        _ => value.GetRawText(),
    };

    private static bool IsPlain(JsonElement list) =>
        list.EnumerateArray().All(entry => entry.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));

    private static StageMark? StageOf(JsonElement item, string stageField) => Stage(At(item, [stageField]));

    private static long SizeOf(JsonElement item) => JsonMarshal.GetRawUtf8Value(item).Length;
}
