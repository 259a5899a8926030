using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// RFC 4180: a field in quotes may hold commas, line ends and doubled quotes. The first record names the columns, unless
/// all wanted ones are numbers, which count from 1. What is dropped leaves an empty field.
/// </summary>
internal sealed class CsvFields : ILineFormat
{
    private readonly IReadOnlyList<string> wanted;
    private int[]? places;
    private int last;

    public CsvFields(IReadOnlyList<string> wanted)
    {
        this.wanted = wanted;
        var numbers = wanted.Select(name =>
            int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToList();
        if (numbers.All(number => number > 0))
        {
            places = [.. Enumerable.Range(1, numbers.Max()).Select(number => numbers.IndexOf(number))];
            last = places.Length - 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int RecordEnd(ReadOnlySpan<byte> bytes)
    {
        var quotes = 0;
        for (var at = 0; bytes[at..].IndexOf((byte)'\n') is >= 0 and var length; at += length + 1)
        {
            quotes += bytes.Slice(at, length).Count((byte)'"');
            if (quotes % 2 == 0)
            {
                return at + length + 1;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        var names = places is null ? new List<int>() : null;
        var first = names is not null && record.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        for (int at = first, column = 0; at <= record.Length; column++)
        {
            var end = EndOf(record, at);
            if (names is not null)
            {
                names.Add(wanted.ToList().IndexOf(DelimitedText.Text(Read(record[at..end]))));
            }
            else if (column < places!.Length && places[column] >= 0)
            {
                found.Add(new FieldPlace(PlaceNames.Of(places[column]), at, end));
            }
            else if (column > last && !record[end..].Contains((byte)'"'))
            {
                // Nothing behind is wanted, and no quote there can be wrong.
                break;
            }

            at = end + 1;
        }

        if (names is not null)
        {
            places = [.. names];
            last = names.FindLastIndex(name => name >= 0);
            if (Enumerable.Range(0, wanted.Count).Any(name => !names.Contains(name)))
            {
                throw new UnreadableContentException("column-missing");
            }
        }
    }

    public object? Read(ReadOnlySpan<byte> written)
    {
        var text = DelimitedText.Read(DelimitedText.Inside(written));
        return text.Length == 0 ? null
            : written is [(byte)'"', ..] ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public PlainKind Plain(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text)
    {
        text = DelimitedText.Inside(written);
        return text.IsEmpty ? PlainKind.Nothing : PlainValues.OfText(text);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WritePlain(PlainOutcome outcome, ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output)
    {
        var quote = was is [(byte)'"', ..] ? "\""u8 : default;
        if (quote.IsEmpty)
        {
            output.Write(text);
            return;
        }

        output.Write(quote);
        output.Write(text);
        output.Write(quote);
    }

    public void Write(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output)
    {
        var text = DelimitedText.Text(value);
        var quoted = was is [(byte)'"', ..] || text.AsSpan().ContainsAny(",\"\r\n");
        output.Write(DelimitedText.Bytes(quoted ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text, was));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EndOf(ReadOnlySpan<byte> record, int at) =>
        at < record.Length && record[at] == '"' ? QuotedEnd(record, at)
        : record[at..].IndexOf((byte)',') is >= 0 and var length ? at + length
        : record.Length;

    private static int QuotedEnd(ReadOnlySpan<byte> record, int at)
    {
        at++;
        while (record[at..].IndexOf((byte)'"') is >= 0 and var inside)
        {
            at += inside + 1;
            if (at == record.Length || record[at] != '"')
            {
                return at == record.Length || record[at] == ',' ? at : throw Unreadable();
            }

            at++;
        }

        throw Unreadable();
    }

    private static UnreadableContentException Unreadable() => new("not-csv");
}
