using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// One JSON value a line (RFC 8259). A name is a path: dots lead into objects, and a list on the way stands for each of its
/// values. What is dropped goes with its name and a comma.
/// </summary>
internal sealed class JsonFields : ILineFormat
{
    private readonly PathNode root = new("");

    public JsonFields(IReadOnlyList<string> wanted)
    {
        for (var name = 0; name < wanted.Count; name++)
        {
            wanted[name].Split('.').Aggregate(root, (node, part) => node.Child(part)).Name = name;
        }
    }

    public int RecordEnd(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1 is > 0 and var end ? end : -1;

    public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        try
        {
            var reader = new Utf8JsonReader(record);
            reader.Read();
            new Walk(found).Value(ref reader, root, null);
            if (reader.Read())
            {
                throw new UnreadableContentException("not-ndjson");
            }
        }
        catch (JsonException)
        {
            throw new UnreadableContentException("not-ndjson");
        }
    }

    public object? Read(ReadOnlySpan<byte> written)
    {
        var reader = new Utf8JsonReader(written);
        reader.Read();
        try
        {
            return reader.TokenType switch
            {
                JsonTokenType.Null => null,
                JsonTokenType.String => reader.GetString(),
                JsonTokenType.Number => reader.TryGetInt64(out var whole) ? whole : reader.GetDouble(),
                JsonTokenType.True or JsonTokenType.False => reader.GetBoolean(),
                _ => new Nested(),
            };
        }
        catch (InvalidOperationException)
        {
            // Not UTF-8, or half a surrogate pair.
            throw new UnreadableContentException("not-ndjson");
        }
    }

    public void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output)
    {
        var asText = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using var writer = new Utf8JsonWriter(output, asText);
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
    }

    /// <summary>An object: no operator reads it, and it may be dropped or replaced.</summary>
    private sealed record Nested;

    /// <summary>A part of the wanted paths.</summary>
    private sealed class PathNode(string part)
    {
        private readonly List<PathNode> children = [];

        public string Part { get; } = part;

        public int Name { get; set; } = -1;

        public PathNode Child(string wanted)
        {
            if (children.Find(child => child.Part == wanted) is { } known)
            {
                return known;
            }

            children.Add(new PathNode(wanted));
            return children[^1];
        }

        public PathNode? Next(ref Utf8JsonReader reader)
        {
            foreach (var child in children)
            {
                if (reader.ValueTextEquals(child.Part))
                {
                    return child;
                }
            }

            return null;
        }
    }

    /// <summary>One pass over a value; JSON's depth is limited by the reader (64).</summary>
    private sealed class Walk(List<FieldPlace> found)
    {
        private int owners;

        public void Value(ref Utf8JsonReader reader, PathNode? node, MemberPlace? member)
        {
            var start = (int)reader.TokenStartIndex;
            if (node is null || (node.Name >= 0 && reader.TokenType is not JsonTokenType.StartArray))
            {
                reader.Skip();
                if (node is not null)
                {
                    found.Add(new FieldPlace(node.Name, start, (int)reader.BytesConsumed) { Member = member });
                }

                return;
            }

            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                Members(ref reader, node, owners++);
            }
        }

        private void Members(ref Utf8JsonReader reader, PathNode node, int owner)
        {
            MemberPlace? before = null;
            var beforeEnd = 0;
            for (var ordinal = 0; reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray); ordinal++)
            {
                var member = new MemberPlace(owner, ordinal, beforeEnd, (int)reader.TokenStartIndex);
                if (before is not null)
                {
                    before.NextStart = member.Start;
                }

                var next = node;
                if (reader.TokenType is JsonTokenType.PropertyName)
                {
                    next = node.Next(ref reader);
                    reader.Read();
                }

                Value(ref reader, next, member);
                (before, beforeEnd) = (member, (int)reader.BytesConsumed);
            }
        }
    }
}
