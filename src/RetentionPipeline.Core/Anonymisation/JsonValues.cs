using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>The one place where values of JSON are read for operators and written after them. Not for concurrent use.</summary>
internal sealed class JsonValues
{
    private readonly Utf8JsonWriter writer =
        new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>Text, a whole number, another number, true or false, null; <see cref="NestedValue"/> for all else.</summary>
    public static object? Read(ReadOnlySpan<byte> written)
    {
        var reader = new Utf8JsonReader(written);
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number => reader.TryGetInt64(out var whole) ? (object)whole : reader.GetDouble(),
            JsonTokenType.True or JsonTokenType.False => reader.GetBoolean(),
            _ => NestedValue.Value,
        };
    }

    /// <summary>Writes a value that an operator made.</summary>
    public void Write(object? value, IBufferWriter<byte> output)
    {
        writer.Reset(output);
        switch (value)
        {
            case null:
                writer.WriteNullValue();
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
            default:
                writer.WriteStringValue(DelimitedText.Text(value));
                break;
        }

        writer.Flush();
    }
}
