using System.Buffers;
using System.Text;
using System.Text.Json;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Makes the item that replaces another: what the transform leaves of it, without the service's own fields, with the new
/// stage. All else is carried over byte for byte, unknown fields and the digits of numbers included. A time to live stays
/// what it was; as for every writer, it counts from the write.
/// </summary>
internal static class ItemRewriter
{
    private const int MaxDepth = 128;

    /// <summary>The new item as UTF-8 JSON.</summary>
    public static MemoryStream Write(ReadOnlySpan<byte> item, DocumentTransform transform, string stageField, StageMark stage)
    {
        var changed = new ArrayBufferWriter<byte>(item.Length + 256);
        transform(item, changed);
        var body = new MemoryStream(changed.WrittenCount + 256);
        body.Write("{"u8);
        CopyMembers(changed.WrittenSpan, stageField, body);
        using (var mark = new MemoryStream())
        {
            using (var writer = new Utf8JsonWriter(mark))
            {
                writer.WriteStartObject();
                writer.WriteString(stageField, stage.Encode());
                writer.WriteEndObject();
            }

            body.Write(body.Length > 1 ? ","u8 : default);
            body.Write(mark.GetBuffer().AsSpan(1, (int)mark.Length - 1));
        }

        body.Position = 0;
        return body;
    }

    private static void CopyMembers(ReadOnlySpan<byte> item, string stageField, MemoryStream body)
    {
        var stageName = Encoding.UTF8.GetBytes(stageField);
        var reader = new Utf8JsonReader(item, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var goes = IsOfService(ref reader) || reader.ValueTextEquals(stageName);
            reader.Read();
            reader.Skip();
            if (!goes)
            {
                body.Write(body.Length > 1 ? ","u8 : default);
                body.Write(item[start..(int)reader.BytesConsumed]);
            }
        }
    }

    private static bool IsOfService(ref Utf8JsonReader reader) => reader.ValueTextEquals("_rid"u8) || reader.ValueTextEquals("_self"u8)
        || reader.ValueTextEquals("_etag"u8) || reader.ValueTextEquals("_attachments"u8) || reader.ValueTextEquals("_ts"u8);
}
