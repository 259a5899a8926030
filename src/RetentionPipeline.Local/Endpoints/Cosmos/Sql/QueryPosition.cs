using System.Text.Json;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Sql;

/// <summary>
/// Where the next page of a query begins: behind a key or, ordered, behind values and an item. It names no partition, so
/// that it goes on in both halves of one that was split.
/// </summary>
/// <param name="After">The last item that was through; null for an ordered query.</param>
/// <param name="Order">The last values of ORDER BY as JSON text, "" for undefined; null for a query without order.</param>
/// <param name="Item">The item that had them.</param>
/// <param name="TopLeft">How many results TOP still allows; null without TOP.</param>
internal sealed record QueryPosition(ItemKey? After, IReadOnlyList<string>? Order, long Item, long? TopLeft)
{
    public string Encode() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(this));

    public static QueryPosition? Decode(string? token)
    {
        if (token is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<QueryPosition>(Convert.FromBase64String(token));
        }
        catch (Exception wrong) when (wrong is FormatException or JsonException)
        {
            throw GatewayException.BadRequest("The continuation token is none of this gateway.");
        }
    }

    public IReadOnlyList<JsonElement>? OrderValues() =>
        Order is null ? null : [.. Order.Select(text => text.Length == 0 ? default : JsonElement.Parse(text))];
}

/// <summary>One page of results.</summary>
/// <param name="Next">Null at the end.</param>
/// <param name="Kilobytes">Of the items that were loaded for it, for the charge.</param>
internal sealed record QueryPage(IReadOnlyList<byte[]> Results, QueryPosition? Next, long Kilobytes);
