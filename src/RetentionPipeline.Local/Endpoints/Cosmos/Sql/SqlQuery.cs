using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>A query, understood.</summary>
/// <param name="Select">What it gives.</param>
/// <param name="Alias">What it calls the item.</param>
/// <param name="Where">Null lets all items through.</param>
/// <param name="WhereText">The filter as it was written.</param>
/// <param name="Top">At most so many results, or null.</param>
internal sealed record SqlQuery(
    SqlSelect Select, string Alias, SqlNode? Where, string? WhereText, IReadOnlyList<SqlOrder> OrderBy, long? Top);

/// <summary>What a query gives of each item.</summary>
/// <param name="Value">Null is the item itself, as it lies there; else what is written.</param>
/// <param name="IsValue">SELECT VALUE: an undefined value gives nothing.</param>
/// <param name="Text">As an expression, for a query that wraps it.</param>
internal sealed record SqlSelect(SqlNode? Value, bool IsValue, string Text);

/// <summary>One key of ORDER BY.</summary>
/// <param name="Text">The expression as it was written.</param>
internal sealed record SqlOrder(SqlNode Value, bool Descending, string Text);

/// <summary>The body of a query request.</summary>
/// <param name="Resume">Where an ordered query goes on, or null.</param>
internal sealed record SqlRequest(string Text, IReadOnlyDictionary<string, JsonElement> Parameters, SqlResume? Resume)
{
    private const int MostText = 262_144;

    public static SqlRequest Parse(byte[] body)
    {
        try
        {
            var root = JsonElement.Parse(body);
            var parameters = root.TryGetProperty("parameters", out var sent) && sent.ValueKind == JsonValueKind.Array
                ? sent.EnumerateArray().ToDictionary(
                    one => one.GetProperty("name").GetString()!, one => one.TryGetProperty("value", out var value) ? value : default)
                : [];
            var text = root.GetProperty("query").GetString()!;
            return text.Length > MostText
                ? throw GatewayException.BadRequest($"A query has at most {MostText} characters.")
                : new(text, parameters, root.TryGetProperty("resumeFilter", out var resume) ? SqlResume.Parse(resume) : null);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw GatewayException.BadRequest("The body is no query.");
        }
    }
}

/// <summary>Where an ordered query goes on, as the SDK says it: behind these values of ORDER BY.</summary>
/// <param name="Item">Among items with just these values, from this one on; null: by <paramref name="Exclude"/>.</param>
/// <param name="Exclude">Items with just these values are through.</param>
internal sealed record SqlResume(IReadOnlyList<JsonElement> Values, long? Item, bool Exclude)
{
    public static SqlResume Parse(JsonElement sent) => new(
        [.. sent.GetProperty("value").EnumerateArray().Select(value => value.ValueKind switch
        {
            // An empty list stands for undefined.
            JsonValueKind.Array => default,
            JsonValueKind.Object => throw GatewayException.NotHere("order of lists and objects"),
            _ => value,
        })],
        sent.TryGetProperty("rid", out var rid) && rid.ValueKind == JsonValueKind.String ? Files.ResourceIds.ItemOf(rid.GetString()!) : null,
        sent.TryGetProperty("exclude", out var exclude) && exclude.ValueKind == JsonValueKind.True);
}
