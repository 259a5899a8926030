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

/// <summary>An operator over fields of a line.</summary>
/// <param name="Names">The fields that it reads and changes.</param>
/// <param name="Operator">What it does.</param>
public sealed record FieldUse(IReadOnlyList<string> Names, IFieldOperator Operator);

/// <summary>Where a wanted field's value stands in a record, and what goes with it when it is dropped.</summary>
/// <param name="Name">Its place among the wanted names.</param>
/// <param name="Start">First byte of the value as it is written, quotes included.</param>
/// <param name="End">Behind the value.</param>
internal readonly record struct FieldPlace(int Name, int Start, int End)
{
    /// <summary>The members around it, where dropping it takes its name and a comma along; null where it leaves a gap.</summary>
    public MemberPlace? Member { get; init; }
}

/// <summary>A member of a JSON object or list.</summary>
/// <param name="Owner">Tells the object or list from others of the record.</param>
/// <param name="Ordinal">How many stand before it.</param>
/// <param name="BeforeEnd">Where the member before it ends.</param>
/// <param name="Start">Where it begins, with its name.</param>
internal sealed record MemberPlace(int Owner, int Ordinal, int BeforeEnd, int Start)
{
    /// <summary>Where the next one begins; 0 for the last.</summary>
    public int NextStart { get; set; }
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

    /// <summary>Writes a value in place of another. What is dropped or null is written as the format writes nothing.</summary>
    void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output);
}

/// <summary>Makes formats.</summary>
internal static class LineFormats
{
    public static ILineFormat Of(LineFormat format, IReadOnlyList<string> names) => format switch
    {
        LineFormat.Combined => new CombinedFields(names),
        LineFormat.Ndjson => new JsonFields(names),
        LineFormat.Csv => new CsvFields(names),
        LineFormat.W3c => new W3cFields(names),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Text has no fields."),
    };
}
