using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger;

/// <summary>
/// JSON Canonicalization Scheme (RFC 8785), restricted so that two implementations cannot differ: ASCII keys, values only
/// string, integer below 2^53 in magnitude, boolean, array and object. No null, no fractions.
/// </summary>
public static class Jcs
{
    private const long Limit = 1L << 53;

    /// <summary>
    /// The canonical bytes. Throws <see cref="ArgumentException"/> that names the path, never the value, of what the
    /// restricted form does not have.
    /// </summary>
    public static byte[] Encode(JsonObject value)
    {
        var output = new ArrayBufferWriter<byte>(256);
        WriteObject(output, value, "$");
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Reads canonical bytes. Throws <see cref="FormatException"/> for anything whose canonical form is not the input
    /// itself: other spacing, order, escapes or numbers, and duplicate keys.
    /// </summary>
    public static JsonObject Parse(ReadOnlySpan<byte> bytes)
    {
        JsonObject? parsed;
        byte[] again;
        try
        {
            parsed = JsonNode.Parse(bytes) as JsonObject;
            again = parsed is null ? [] : Encode(parsed);
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new FormatException("The bytes are no JSON object of the restricted canonical form.");
        }

        return parsed is not null && again.AsSpan().SequenceEqual(bytes)
            ? parsed
            : throw new FormatException("The bytes are JSON, but not in canonical form.");
    }

    private static void WriteObject(ArrayBufferWriter<byte> output, JsonObject value, string path)
    {
        output.Write("{"u8);
        var first = true;
        foreach (var (key, item) in value.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!Ascii.IsValid(key))
            {
                throw new ArgumentException($"A key below {path} is not ASCII.", nameof(value));
            }

            if (!first)
            {
                output.Write(","u8);
            }

            first = false;
            WriteString(output, key);
            output.Write(":"u8);
            WriteValue(output, item, $"{path}.{key}");
        }

        output.Write("}"u8);
    }

    private static void WriteValue(ArrayBufferWriter<byte> output, JsonNode? value, string path)
    {
        switch (value)
        {
            case JsonObject nested:
                WriteObject(output, nested, path);
                break;
            case JsonArray array:
                output.Write("["u8);
                for (var i = 0; i < array.Count; i++)
                {
                    if (i > 0)
                    {
                        output.Write(","u8);
                    }

                    WriteValue(output, array[i], $"{path}[{i}]");
                }

                output.Write("]"u8);
                break;
            case JsonValue scalar:
                WriteScalar(output, scalar, path);
                break;
            default:
                throw new ArgumentException($"The value at {path} is null, which leaves do not have.", nameof(value));
        }
    }

    private static void WriteScalar(ArrayBufferWriter<byte> output, JsonValue scalar, string path)
    {
        switch (scalar.GetValueKind())
        {
            case JsonValueKind.String:
                WriteString(output, scalar.GetValue<string>());
                break;
            case JsonValueKind.True:
                output.Write("true"u8);
                break;
            case JsonValueKind.False:
                output.Write("false"u8);
                break;
            case JsonValueKind.Number when long.TryParse(
                scalar.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number is > -Limit and < Limit:
                output.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
                break;
            default:
                throw new ArgumentException($"The value at {path} is no string, whole number or boolean.", nameof(scalar));
        }
    }

    /// <summary>RFC 8785 section 3.2.2.2: only what must be escaped is, in the shortest form; the rest is UTF-8.</summary>
    private static void WriteString(ArrayBufferWriter<byte> output, string text)
    {
        output.Write("\""u8);
        var plain = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var escape = text[i] switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => $"\\u{(int)text[i]:x4}",
                _ => null,
            };
            if (escape is not null)
            {
                output.Write(Utf8(text.AsSpan(plain, i - plain)));
                output.Write(Encoding.ASCII.GetBytes(escape));
                plain = i + 1;
            }
        }

        output.Write(Utf8(text.AsSpan(plain)));
        output.Write("\""u8);
    }

    private static byte[] Utf8(ReadOnlySpan<char> text)
    {
        try
        {
            var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
            var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
            return bytes[..strict.GetBytes(text, bytes)];
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException("A string holds half of a surrogate pair.");
        }
    }
}
