using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Keys;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Routes;

/// <summary>An item as a client sent it, checked.</summary>
/// <param name="Body">Without the service's own fields. Numbers keep the digits that they were sent with.</param>
/// <param name="Unique">Its value under each unique key of the container.</param>
internal sealed record SentItem(ItemKey Key, byte[] Body, int? Ttl, IReadOnlyList<string> Unique)
{
    private const int MostBytes = 2 * 1024 * 1024;
    private static readonly IReadOnlyList<string> OfService = ["_rid", "_self", "_etag", "_attachments", "_ts"];

    public static SentItem Parse(ReadOnlyMemory<byte> body, ContainerSettings settings)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 128 });
        }
        catch (JsonException)
        {
            throw GatewayException.BadRequest("The item is no JSON object with distinct names.");
        }

        using (document)
        {
            var item = document.RootElement;
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.String)
            {
                throw GatewayException.BadRequest("An item is an object with an id that is a text.");
            }

            var key = PartitionKeyValue.Of(item, settings.Paths);
            var kept = Keep(item);
            return kept.Length > MostBytes
                ? throw GatewayException.TooLarge()
                : new(
                    new ItemKey(key.Effective(), key.Canonical(), ContainerSettings.CheckId(id.GetString())), kept, TtlOf(item),
                    settings.UniqueOf(item));
        }
    }

    private static int? TtlOf(JsonElement item) =>
        !item.TryGetProperty("ttl", out var ttl) || ttl.ValueKind == JsonValueKind.Null ? null
        : ttl.ValueKind == JsonValueKind.Number && ttl.TryGetInt32(out var seconds) ? ContainerSettings.CheckTtl(seconds)
        : throw GatewayException.BadRequest("A time to live is a positive number of seconds, or -1.");

    private static byte[] Keep(JsonElement item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 }))
        {
            writer.WriteStartObject();
            foreach (var property in item.EnumerateObject().Where(property => !OfService.Contains(property.Name)))
            {
                property.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
