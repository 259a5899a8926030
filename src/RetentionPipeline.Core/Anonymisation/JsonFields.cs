using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// JSON (RFC 8259): a line of NDJSON, or a document. A name is a path (<see cref="JsonPaths"/>). What is dropped goes with
/// its name and a comma. Not for concurrent use.
/// </summary>
/// <param name="paths">The wanted paths.</param>
/// <param name="unreadable">Reason where it is no JSON.</param>
internal sealed class JsonFields(JsonPaths paths, string unreadable) : ILineFormat
{
    public const string NoLine = "not-ndjson";
    public const string NoDocument = "not-json";
    private const int MaxDepth = 128;
    private static readonly PlaceNames Nobody = PlaceNames.Of(-1);

    private readonly JsonValues values = new();
    private readonly List<int> owners = [];
    private List<FieldPlace> found = [];

    public int RecordEnd(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1 is > 0 and var end ? end : -1;

    public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        owners.Clear();
        if (!JsonScan.TryFind(record, paths.Root, found, owners))
        {
            found.Clear();
            Read(record, found);
        }
    }

    public int OwnerOf(int owner) => owner < 0 ? -1 : owners[owner];

    /// <summary>The same by the library's reader alone.</summary>
    internal void Read(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        this.found = found;
        owners.Clear();
        try
        {
            var reader = new Utf8JsonReader(record, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            Value(ref reader, paths.Root, new FieldPlace(Nobody, 0, 0));
            if (reader.Read())
            {
                throw new UnreadableContentException(unreadable);
            }
        }
        catch (JsonException)
        {
            throw new UnreadableContentException(unreadable);
        }
    }

    public object? Read(ReadOnlySpan<byte> written)
    {
        try
        {
            return JsonValues.Read(written);
        }
        catch (InvalidOperationException)
        {
            // Not UTF-8, or half a surrogate pair.
            throw new UnreadableContentException(unreadable);
        }
    }

    public void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output) => values.Write(value, output);

    public PlainKind Plain(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text) => PlainValues.OfJson(written, out text);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WritePlain(PlainOutcome outcome, ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output)
    {
        if (outcome is PlainOutcome.Text)
        {
            output.Write("\""u8);
            output.Write(text);
            output.Write("\""u8);
        }
        else
        {
            output.Write(outcome is PlainOutcome.Nothing ? "null"u8 : text);
        }
    }

    /// <summary>The reader is at a value's first token, and afterwards at its last.</summary>
    private void Value(ref Utf8JsonReader reader, PathNode? node, in FieldPlace member)
    {
        if (node is null)
        {
            reader.Skip();
            return;
        }

        var (isList, isObject) = (reader.TokenType is JsonTokenType.StartArray, reader.TokenType is JsonTokenType.StartObject);
        var place = -1;
        if (node.Names is { } names)
        {
            place = found.Count;
            found.Add(member with { Names = names, Start = (int)reader.TokenStartIndex, IsList = isList });
        }

        if ((isList && node.HasEntries) || (isObject && node.HasMembers))
        {
            Members(ref reader, node, member.Owner);
        }
        else
        {
            reader.Skip();
        }

        if (place >= 0)
        {
            CollectionsMarshal.AsSpan(found)[place].End = (int)reader.BytesConsumed;
        }
    }

    private void Members(ref Utf8JsonReader reader, PathNode node, int owner)
    {
        var self = owners.Count;
        owners.Add(owner);
        var (before, waiting) = (0, -1);
        for (var ordinal = 0; reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray); ordinal++)
        {
            var start = (int)reader.TokenStartIndex;
            if (waiting >= 0)
            {
                CollectionsMarshal.AsSpan(found)[waiting].NextStart = start;
            }

            PathNode? next;
            if (reader.TokenType is JsonTokenType.PropertyName)
            {
                next = node.Member(ref reader);
                reader.Read();
            }
            else
            {
                next = node.Entry(ordinal);
            }

            waiting = next?.Names is null ? -1 : found.Count;
            Value(ref reader, next, new FieldPlace(Nobody, 0, 0)
            {
                Owner = self,
                Ordinal = ordinal,
                BeforeEnd = before,
                MemberStart = start,
            });
            before = (int)reader.BytesConsumed;
        }
    }
}
