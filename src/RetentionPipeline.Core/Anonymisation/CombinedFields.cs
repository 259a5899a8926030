using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Common and Combined Log Format (Apache's <c>%h %l %u %t "%r" %&gt;s %b "%{Referer}i" "%{User-agent}i"</c>); what stands
/// behind is passed on. <c>request</c> is the address between method and protocol, or all of a request that has none.
/// </summary>
internal sealed class CombinedFields(IReadOnlyList<string> wanted) : ILineFormat
{
    private static readonly string[] Order = ["host", "identity", "user", "time", "request", "status", "bytes", "referrer", "agent"];
    private readonly int[] places = [.. Order.Select(name => wanted.ToList().IndexOf(name))];

    /// <summary>The fields that there are.</summary>
    public static IReadOnlyList<string> Names => Order;

    public int RecordEnd(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1 is > 0 and var end ? end : -1;

    public void Find(ReadOnlySpan<byte> record, List<FieldPlace> found)
    {
        var at = 0;
        for (var field = 0; field < Order.Length; field++)
        {
            if (at >= record.Length && field >= 7)
            {
                return;
            }

            var end = EndOf(record, at, field);
            if (end < 0 || (end < record.Length && record[end] != ' '))
            {
                throw new UnreadableContentException("not-combined");
            }

            if (places[field] >= 0)
            {
                found.Add(field == 4 ? Target(record, at, end, places[field]) : new FieldPlace(PlaceNames.Of(places[field]), at, end));
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

    private static int EndOf(ReadOnlySpan<byte> record, int at, int field)
    {
        var rest = record[Math.Min(at, record.Length)..];
        if (rest.IsEmpty)
        {
            return -1;
        }

        // A user's name may hold blanks: it ends where the time begins.
        return field switch
        {
            2 => rest.IndexOf(" ["u8) is > 0 and var length ? at + length : -1,
            3 => rest[0] == '[' && rest.IndexOf((byte)']') is > 0 and var length ? at + length + 1 : -1,
            4 or 7 or 8 => rest[0] == '"' ? DelimitedText.QuotedEnd(record, at) : -1,
            _ => rest.IndexOf((byte)' ') is >= 0 and var length ? at + length : record.Length,
        };
    }

    private static FieldPlace Target(ReadOnlySpan<byte> record, int at, int end, int name)
    {
        var inside = record[(at + 1)..(end - 1)];
        var (first, last) = (inside.IndexOf((byte)' '), inside.LastIndexOf((byte)' '));
        return first < 0 ? new FieldPlace(PlaceNames.Of(name), at, end)
            : new FieldPlace(PlaceNames.Of(name), at + 1 + first + 1, last > first ? at + 1 + last : end - 1);
    }
}
