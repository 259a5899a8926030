using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Keys;

/// <summary>
/// A partition key: one value per level, fewer for a prefix. Its effective key is what partitions are ranges of, in
/// upper-case hex: the hash of each level, one behind the other (version 2 of the service's partitioning).
/// </summary>
/// <param name="Parts">String, number, true, false, null; undefined for a level that the item lacks.</param>
internal sealed record PartitionKeyValue(IReadOnlyList<JsonElement> Parts)
{
    /// <summary>As the header has it: a JSON array in which an empty object stands for undefined.</summary>
    public static PartitionKeyValue Parse(string header)
    {
        try
        {
            using var document = JsonDocument.Parse(header);
            return new([.. document.RootElement.EnumerateArray().Select(part => Check(
                part.ValueKind == JsonValueKind.Object && !part.EnumerateObject().Any() ? default : part))]);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw GatewayException.BadRequest("The partition key of the header is no JSON array.");
        }
    }

    /// <summary>The key of an item, whose levels lie at <paramref name="paths"/> (<c>/tenant</c>, <c>/a/b</c>).</summary>
    public static PartitionKeyValue Of(JsonElement item, IReadOnlyList<string> paths) =>
        new([.. paths.Select(path => Check(At(item, path)))]);

    /// <summary>What stands at a path; undefined if nothing does.</summary>
    public static JsonElement At(JsonElement item, string path)
    {
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name.Trim('"'), out item))
            {
                return default;
            }
        }

        return item;
    }

    /// <summary>One text per key: 1 and 1.0 are the same key.</summary>
    public string Canonical() => "[" + string.Join(',', Parts.Select(part => part.ValueKind switch
    {
        JsonValueKind.Undefined => "{}",
        JsonValueKind.Number => part.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.String => JsonSerializer.Serialize(part.GetString()),
        _ => part.GetRawText(),
    })) + "]";

    public string Effective() => string.Concat(Parts.Select(HashOf));

    private static string HashOf(JsonElement part)
    {
        var bytes = new ArrayBufferWriter<byte>(64);
        bytes.Write([Marker(part)]);
        if (part.ValueKind == JsonValueKind.Number)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.GetSpan(8), part.GetDouble());
            bytes.Advance(8);
        }
        else if (part.ValueKind == JsonValueKind.String)
        {
            Encoding.UTF8.GetBytes(part.GetString(), bytes);
            bytes.Write([(byte)0xFF]);
        }

        // The two highest bits are cleared, so that each key lies below the upper end "FF".
        var (high, low) = Murmur128.Hash(bytes.WrittenSpan);
        return $"{high & 0x3FFFFFFFFFFFFFFF:X16}{low:X16}";
    }

    private static byte Marker(JsonElement part) => part.ValueKind switch
    {
        JsonValueKind.Undefined => 0,
        JsonValueKind.Null => 1,
        JsonValueKind.False => 2,
        JsonValueKind.True => 3,
        JsonValueKind.Number => 5,
        _ => 8,
    };

    private static JsonElement Check(JsonElement part) => part.ValueKind switch
    {
        JsonValueKind.Object or JsonValueKind.Array =>
            throw GatewayException.BadRequest("A partition key is a string, a number, true, false or null."),
        JsonValueKind.Undefined => part,
        _ => part.Clone(),
    };
}
