using System.Buffers;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// W3C extended log format (WD-logfile-960323): fields by the names of the last <c>#Fields</c> directive, between blanks
/// or tabs; a field may stand in quotes. Other directives are passed on.
/// </summary>
internal sealed class W3cFields(IReadOnlyList<string> wanted) : ILineFormat
{
    private int[]? places;

    public int RecordEnd(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1 is > 0 and var end ? end : -1;

    public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        if (record[0] == '#')
        {
            if (record.StartsWith("#Fields:"u8))
            {
                var names = Encoding.UTF8.GetString(record[8..]).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
                places = [.. names.Select(name => wanted.ToList().IndexOf(name))];
            }

            return;
        }

        var at = 0;
        for (var field = 0; field < (places ?? throw Unreadable()).Length; field++)
        {
            if (at > record.Length)
            {
                throw Unreadable();
            }

            var length = record[at..].IndexOfAny((byte)' ', (byte)'\t');
            var end = at < record.Length && record[at] == '"' ? DelimitedText.QuotedEnd(record, at)
                : length < 0 ? record.Length : at + length;
            if (end < 0 || (end < record.Length && record[end] is not ((byte)' ' or (byte)'\t')))
            {
                throw Unreadable();
            }

            if (places[field] >= 0)
            {
                found.Add(new FieldPlace(PlaceNames.Of(places[field]), at, end));
            }

            at = end + 1;
        }
    }

    public object? Read(ReadOnlySpan<byte> written) =>
        DelimitedText.Inside(written) is var inside && inside.SequenceEqual("-"u8) ? null : DelimitedText.Read(inside);

    public PlainKind Plain(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text) => DelimitedText.PlainToken(written, out text);

    public void WritePlain(PlainOutcome outcome, ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output) =>
        DelimitedText.WritePlainToken(text, was, output);

    public void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output) =>
        DelimitedText.WriteToken(value, was, output);

    private static UnreadableContentException Unreadable() => new("not-w3c");
}
