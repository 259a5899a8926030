using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger;

/// <summary>
/// JSON Canonicalization Scheme (RFC 8785), restricted so that two implementations cannot differ: ASCII keys, values only
/// string, integer below 2^53 in magnitude, boolean, array and object, at most 32 levels deep. No null, no fractions.
/// </summary>
public static class Jcs
{
    private const long Limit = 1L << 53;
    private const int MaxDepth = 32;

    /// <summary>Bytes of \u001f, and more than any letter of one UTF-16 unit takes.</summary>
    private const int LongestEscape = 6;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };
    private static readonly SearchValues<char> MustEscape = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Select(letter => (char)letter), '"', '\\']);

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// The canonical bytes. Throws <see cref="ArgumentException"/> that names the path, never the value, of what the
    /// restricted form does not have.
    /// </summary>
    public static byte[] Encode(JsonObject value)
    {
        var output = new ArrayBufferWriter<byte>(512);
        WriteObject(output, value, "$", 1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Reads canonical bytes: what is read, written again, is the input. Throws <see cref="LeafFormatException"/> for
    /// anything else: other spacing, order, escapes or numbers, and duplicate keys.
    /// </summary>
    public static JsonObject Parse(ReadOnlySpan<byte> bytes)
    {
        JsonObject? parsed;
        byte[] again;
        try
        {
            parsed = JsonNode.Parse(bytes, documentOptions: Strict) as JsonObject;
            again = parsed is null ? [] : Encode(parsed);
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new LeafFormatException(
                LeafFormatException.NotRestricted, "The bytes are no JSON object of the restricted canonical form.");
        }

        return parsed is not null && again.AsSpan().SequenceEqual(bytes)
            ? parsed
            : throw new LeafFormatException(
                LeafFormatException.NotCanonical, "The bytes are JSON, but not in canonical form.");
    }

    /// <summary>Whether the bytes are the canonical form of a restricted JSON object.</summary>
    public static bool IsCanonical(ReadOnlySpan<byte> bytes)
    {
        if (CanonicalReader.IsObject(bytes))
        {
            return true;
        }

        try
        {
            Parse(bytes);
            return true;
        }
        catch (LeafFormatException)
        {
            return false;
        }
    }

    /// <summary>The most bytes that a string takes in canonical form.</summary>
    public static int MaxLength(string text) => 2 + (LongestEscape * text.Length);

    /// <summary>
    /// Writes a string with its quotes; how many bytes it took of <paramref name="output"/>, which has at least
    /// <see cref="MaxLength"/>. RFC 8785 section 3.2.2.2: only what must be escaped is, in the shortest form; the rest is
    /// UTF-8. Throws <see cref="ArgumentException"/> for half of a surrogate pair.
    /// </summary>
    public static int WriteString(string text, Span<byte> output)
    {
        output[0] = (byte)'"';
        var written = 1;
        var rest = text.AsSpan();
        for (var next = rest.IndexOfAny(MustEscape); next >= 0; next = rest.IndexOfAny(MustEscape))
        {
            written += Utf8.GetBytes(rest[..next], output[written..]);
            written += Utf8.GetBytes(Escape(rest[next]), output[written..]);
            rest = rest[(next + 1)..];
        }

        written += Utf8.GetBytes(rest, output[written..]);
        output[written] = (byte)'"';
        return written + 1;
    }

    private static string Escape(char letter) => letter switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
    };

    private static void WriteObject(ArrayBufferWriter<byte> output, JsonObject value, string path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ArgumentException($"What lies at {path} is nested deeper than {MaxDepth} levels.", nameof(value));
        }

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
            WriteString(output, key, path);
            output.Write(":"u8);
            WriteValue(output, item, $"{path}.{key}", depth);
        }

        output.Write("}"u8);
    }

    private static void WriteValue(ArrayBufferWriter<byte> output, JsonNode? value, string path, int depth)
    {
        switch (value)
        {
            case JsonObject nested:
                WriteObject(output, nested, path, depth + 1);
                break;
            case JsonArray array:
                WriteArray(output, array, path, depth + 1);
                break;
            case JsonValue scalar:
                WriteScalar(output, scalar, path);
                break;
            default:
                throw new ArgumentException($"The value at {path} is null, which leaves do not have.", nameof(value));
        }
    }

    private static void WriteArray(ArrayBufferWriter<byte> output, JsonArray array, string path, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new ArgumentException($"What lies at {path} is nested deeper than {MaxDepth} levels.", nameof(array));
        }

        output.Write("["u8);
        for (var i = 0; i < array.Count; i++)
        {
            if (i > 0)
            {
                output.Write(","u8);
            }

            WriteValue(output, array[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), depth);
        }

        output.Write("]"u8);
    }

    private static void WriteScalar(ArrayBufferWriter<byte> output, JsonValue scalar, string path)
    {
        switch (scalar.GetValueKind())
        {
            case JsonValueKind.String when scalar.TryGetValue<string>(out var text):
                WriteString(output, text, path);
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
                number.TryFormat(output.GetSpan(20), out var written, default, CultureInfo.InvariantCulture);
                output.Advance(written);
                break;
            default:
                throw new ArgumentException(
                    $"The value at {path} is no string, whole number below 2^53 or boolean.", nameof(scalar));
        }
    }

    private static void WriteString(ArrayBufferWriter<byte> output, string text, string path)
    {
        try
        {
            output.Advance(WriteString(text, output.GetSpan(MaxLength(text))));
        }
        catch (EncoderFallbackException)
        {
            throw new ArgumentException($"The string at {path} holds half of a surrogate pair.", nameof(text));
        }
    }
}
