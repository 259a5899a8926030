using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>The functions that the gateway knows.</summary>
internal static class SqlFunctions
{
    /// <summary>Refuses a name that it does not know, and a wrong number of arguments.</summary>
    public static SqlNode Call(string name, IReadOnlyList<SqlNode> arguments)
    {
        var (function, least, most) = Find(name.ToUpperInvariant());
        return function is null
            ? throw SqlTokens.Unsupported(name + "(")
            : arguments.Count < least || arguments.Count > most
                ? throw GatewayException.BadRequest($"{name} takes {least} to {most} arguments.")
                : new SqlCall(function, arguments);
    }

    private static (Func<IReadOnlyList<JsonElement>, bool?>? Function, int Least, int Most) Find(string name) => name switch
    {
        "IS_DEFINED" => (values => values[0].ValueKind != JsonValueKind.Undefined, 1, 1),
        "IS_NULL" => (Kind(JsonValueKind.Null), 1, 1),
        "IS_STRING" => (Kind(JsonValueKind.String), 1, 1),
        "IS_NUMBER" => (Kind(JsonValueKind.Number), 1, 1),
        "IS_BOOL" or "IS_BOOLEAN" => (Kind(JsonValueKind.True, JsonValueKind.False), 1, 1),
        "IS_ARRAY" => (Kind(JsonValueKind.Array), 1, 1),
        "IS_OBJECT" => (Kind(JsonValueKind.Object), 1, 1),
        "IS_PRIMITIVE" => (
            Kind(JsonValueKind.Null, JsonValueKind.String, JsonValueKind.Number, JsonValueKind.True, JsonValueKind.False), 1, 1),
        "ARRAY_CONTAINS" => (
            values => SqlValues.Contains(values[0], values[1], values.Count == 3 && values[2].ValueKind == JsonValueKind.True), 2, 3),
        "STARTSWITH" => (StartsWith, 2, 3),
        _ => (null, 0, 0),
    };

    private static Func<IReadOnlyList<JsonElement>, bool?> Kind(params JsonValueKind[] kinds) =>
        values => kinds.Contains(values[0].ValueKind);

    private static bool? StartsWith(IReadOnlyList<JsonElement> values) =>
        values[0].ValueKind != JsonValueKind.String || values[1].ValueKind != JsonValueKind.String
            ? null
            : values[0].GetString()!.StartsWith(
                values[1].GetString()!,
                values.Count == 3 && values[2].ValueKind == JsonValueKind.True ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}
