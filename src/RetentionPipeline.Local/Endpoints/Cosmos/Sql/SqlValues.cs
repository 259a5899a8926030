using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>Comparing values as the service does: numbers as doubles, texts by UTF-16 code units.</summary>
internal static class SqlValues
{
    /// <summary>Null (undefined) if one is undefined or the types differ.</summary>
    public static bool? Same(JsonElement one, JsonElement other)
    {
        if (Rank(one) == 0 || Rank(one) != Rank(other))
        {
            return null;
        }

        return one.ValueKind switch
        {
            JsonValueKind.Object or JsonValueKind.Array => JsonElement.DeepEquals(one, other),
            _ => Compare(one, other) == 0,
        };
    }

    /// <summary>Null (undefined) if there is no order between them.</summary>
    public static int? Compare(JsonElement one, JsonElement other)
    {
        if (Rank(one) != Rank(other))
        {
            return null;
        }

        return one.ValueKind switch
        {
            JsonValueKind.Null => 0,
            JsonValueKind.True or JsonValueKind.False => one.GetBoolean().CompareTo(other.GetBoolean()),
            JsonValueKind.Number => one.GetDouble().CompareTo(other.GetDouble()),
            JsonValueKind.String => string.CompareOrdinal(one.GetString(), other.GetString()),
            _ => null,
        };
    }

    /// <summary>For ORDER BY: undefined, null, truth values, numbers, texts.</summary>
    public static int Order(JsonElement one, JsonElement other)
    {
        if (one.ValueKind is JsonValueKind.Array or JsonValueKind.Object || other.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
        {
            throw GatewayException.NotHere("order of lists and objects");
        }

        return Rank(one) != Rank(other) ? Rank(one) - Rank(other) : Compare(one, other) ?? 0;
    }

    /// <summary>Does a list hold a value, or an object that has all of the value's fields?</summary>
    public static bool? Contains(JsonElement list, JsonElement value, bool partly) =>
        list.ValueKind != JsonValueKind.Array || value.ValueKind == JsonValueKind.Undefined
            ? null
            : list.EnumerateArray().Any(entry => Same(entry, value) == true || (partly && Covers(entry, value)));

    private static bool Covers(JsonElement whole, JsonElement part) => part.ValueKind == JsonValueKind.Object
        ? whole.ValueKind == JsonValueKind.Object
            && part.EnumerateObject().All(field => whole.TryGetProperty(field.Name, out var value) && Covers(value, field.Value))
        : Same(whole, part) == true;

    private static int Rank(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => 0,
        JsonValueKind.Null => 1,
        JsonValueKind.False or JsonValueKind.True => 2,
        JsonValueKind.Number => 3,
        JsonValueKind.String => 4,
        JsonValueKind.Array => 5,
        _ => 6,
    };
}
