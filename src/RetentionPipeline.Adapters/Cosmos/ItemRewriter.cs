using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>
/// Writes an item anew with some fields changed. All else is carried over as it stands, unknown fields and the digits of
/// numbers included. A time to live stays what it was; as for every writer, it counts from the write.
/// </summary>
internal sealed class ItemRewriter(IReadOnlyDictionary<string, object?> changes, string stageField, StageMark stage)
{
    private static readonly IReadOnlyList<string> OfService = ["_rid", "_self", "_etag", "_attachments", "_ts"];
    private readonly HashSet<string> made = new(StringComparer.Ordinal);

    /// <summary>The new item as UTF-8 JSON.</summary>
    public MemoryStream Write(JsonElement item)
    {
        var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 128 }))
        {
            WriteObject(writer, item, "");
        }

        body.Position = 0;
        return changes.Keys.Any(name => !made.Contains(name))
            ? throw new InvalidOperationException("A change names a field within one that the record does not have.")
            : body;
    }

    private void WriteObject(Utf8JsonWriter writer, JsonElement owner, string before)
    {
        writer.WriteStartObject();
        foreach (var property in owner.EnumerateObject())
        {
            var name = before + property.Name;
            if (before.Length == 0 && (OfService.Contains(property.Name) || property.Name == stageField))
            {
                continue;
            }

            if (changes.TryGetValue(name, out var value))
            {
                // What lies in a field that is replaced or goes is through with it.
                made.UnionWith(changes.Keys.Where(inside => inside == name || inside.StartsWith(name + ".", StringComparison.Ordinal)));
                if (value is not RemovedField)
                {
                    writer.WritePropertyName(property.Name);
                    WriteValue(writer, value, CosmosFields.IsText(property.Value));
                }
            }
            else if (property.Value.ValueKind == JsonValueKind.Object
                && changes.Keys.Any(inside => inside.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                writer.WritePropertyName(property.Name);
                WriteObject(writer, property.Value, name + ".");
            }
            else
            {
                property.WriteTo(writer);
            }
        }

        WriteNew(writer, before);
        writer.WriteEndObject();
    }

    /// <summary>Fields that were not there before, and at the end of the item the stage.</summary>
    private void WriteNew(Utf8JsonWriter writer, string before)
    {
        foreach (var (name, value) in changes)
        {
            if (name.StartsWith(before, StringComparison.Ordinal) && !name[before.Length..].Contains('.', StringComparison.Ordinal) && made.Add(name)
                && value is not RemovedField)
            {
                writer.WritePropertyName(name[before.Length..]);
                WriteValue(writer, value, false);
            }
        }

        if (before.Length == 0)
        {
            writer.WriteString(stageField, stage.Encode());
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value, bool wasText)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text when wasText && IsJson(text):
                writer.WriteRawValue(text);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case long whole:
                writer.WriteNumberValue(whole);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case DateTimeOffset at:
                writer.WriteStringValue(at);
                break;
            case Guid id:
                writer.WriteStringValue(id);
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case System.Collections.IEnumerable list:
                writer.WriteStartArray();
                foreach (var entry in list)
                {
                    WriteValue(writer, entry, false);
                }

                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException($"A field cannot be a {value.GetType().Name}.", nameof(value));
        }
    }

    private static bool IsJson(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        try
        {
            reader.Read();
            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
