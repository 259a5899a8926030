using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>How the lines of a log are built: which fields operators can name.</summary>
public enum LineFormat
{
    /// <summary>Text without fields.</summary>
    Text,

    /// <summary>Common or Combined Log Format: host, identity, user, time, request (its address), status, bytes, referrer, agent.</summary>
    Combined,

    /// <summary>One JSON value a line. Dots lead into objects; a list stands for each of its values.</summary>
    Ndjson,

    /// <summary>RFC 4180: columns by the names of the first record, or by number from 1.</summary>
    Csv,

    /// <summary>W3C extended: the names of <c>#Fields</c>.</summary>
    W3c,
}

/// <summary>Where a wanted field's value stands in a record, and what goes with it when it is dropped.</summary>
/// <param name="Names">Which of the wanted names it has.</param>
/// <param name="Start">First byte of the value as it is written, quotes included.</param>
/// <param name="End">Behind the value.</param>
internal record struct FieldPlace(PlaceNames Names, int Start, int End)
{
    /// <summary>The object or list that it is in; -1 where dropping it leaves a gap.</summary>
    public int Owner { get; init; } = -1;

    /// <summary>How many members of the owner stand before it.</summary>
    public int Ordinal { get; init; }

    /// <summary>Where the member before it ends.</summary>
    public int BeforeEnd { get; init; }

    /// <summary>Where it begins, with its name.</summary>
    public int MemberStart { get; init; }

    /// <summary>Where the next member begins; 0 for the last.</summary>
    public int NextStart { get; set; }

    /// <summary>Whether the value is a list.</summary>
    public bool IsList { get; init; }
}

/// <summary>A format with fields. Throws <see cref="UnreadableContentException"/> for a record that is not of it.</summary>
internal interface ILineFormat
{
    /// <summary>Behind the line end of the first record, or -1 where it has not come.</summary>
    int RecordEnd(ReadOnlySpan<byte> bytes);

    /// <summary>Adds where the wanted fields stand, from left to right. The record is without its line end.</summary>
    void Find(ReadOnlySpan<byte> record, List<FieldPlace> found);

    /// <summary>A value that was found: text, a number, true or false, or null.</summary>
    object? Read(ReadOnlySpan<byte> written);

    /// <summary>What a value that was found is, and its text without quotes or the digits of its number.</summary>
    PlainKind Plain(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text);

    /// <summary>Writes a text, a number or nothing, whose bytes no escape is needed for, in place of another value.</summary>
    void WritePlain(PlainOutcome outcome, ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output);

    /// <summary>Writes a value in place of another. What is dropped or null is written as the format writes nothing.</summary>
    void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output);

    /// <summary>The owner around an owner of the record that was looked at last; -1 around the outermost.</summary>
    int OwnerOf(int owner) => -1;
}

/// <summary>Makes formats.</summary>
internal static class LineFormats
{
    public static ILineFormat Of(LineFormat format, IReadOnlyList<string> names) => format switch
    {
        LineFormat.Combined => new CombinedFields(names),
        LineFormat.Ndjson => new JsonFields(new JsonPaths(names), JsonFields.NoLine),
        LineFormat.Csv => new CsvFields(names),
        LineFormat.W3c => new W3cFields(names),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Text has no fields."),
    };
}
