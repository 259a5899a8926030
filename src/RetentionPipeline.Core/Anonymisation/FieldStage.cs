using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Operators over the fields of lines. What they do not change is copied byte for byte. A record is looked at whole, so
/// that it has a greatest length here.
/// </summary>
internal sealed class FieldStage
{
    private readonly ILineFormat format;
    private readonly string[] names;
    private readonly IReadOnlyList<FieldUse> uses;
    private readonly LineTally tally;
    private readonly ArrayBufferWriter<byte> held = new();
    private readonly List<FieldPlace> found = [];
    private readonly Dictionary<string, object?> values = new(StringComparer.Ordinal);
    private readonly SortedList<int, (FieldPlace Place, object? Value)> edits = [];

    public FieldStage(StreamPlan plan, LineTally tally)
    {
        (uses, this.tally) = (plan.Fields, tally);
        names = [.. uses.SelectMany(use => use.Names).Distinct(StringComparer.Ordinal)];
        format = LineFormats.Of(plan.Format, names);
    }

    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        if (held.WrittenCount > 0)
        {
            held.Write(input);
            var taken = Take(held.WrittenSpan, output);
            var rest = held.WrittenSpan[taken..].ToArray();
            held.ResetWrittenCount();
            input = rest;
        }
        else
        {
            input = input[Take(input, output)..];
        }

        if (input.Length > LineDrop.LongestLine)
        {
            throw new UnreadableContentException("line-too-long");
        }

        held.Write(input);
    }

    public void Complete(IBufferWriter<byte> output)
    {
        Rewrite(held.WrittenSpan, output);
        held.ResetWrittenCount();
    }

    private int Take(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var taken = 0;
        while (format.RecordEnd(bytes[taken..]) is > 0 and var length)
        {
            Rewrite(bytes.Slice(taken, length), output);
            taken += length;
        }

        return taken;
    }

    private void Rewrite(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        var record = line.TrimEnd("\r\n"u8);
        found.Clear();
        if (!record.IsEmpty)
        {
            format.Find(record, found);
            Decide(record);
        }

        if (edits.Count > 0)
        {
            Copy(record, output);
            output.Write(line[record.Length..]);
            tally.Change(0);
            edits.Clear();
        }
        else
        {
            output.Write(line);
        }

        tally.Pass(line.Count((byte)'\n'));
    }

    /// <summary>Where a name stands for several values, the first of each go together, then the second ones, and so on.</summary>
    private void Decide(ReadOnlySpan<byte> record)
    {
        for (var turn = 0; ; turn++)
        {
            values.Clear();
            var places = new FieldPlace?[names.Length];
            for (var name = 0; name < names.Length; name++)
            {
                if (PlaceOf(name, turn) is { } place)
                {
                    places[name] = place;
                    values[names[name]] = format.Read(record[place.Start..place.End]);
                }
            }

            if (values.Count == 0)
            {
                return;
            }

            foreach (var (name, value) in uses.SelectMany(use => use.Operator.Apply(values).ToList()))
            {
                if (places[Array.IndexOf(names, name)] is { } place && !IsSame(values[name], value, place))
                {
                    edits[place.Start] = (place, value);
                    values[name] = value is DroppedField ? null : value;
                }
            }
        }
    }

    /// <summary>Whether it would be written as it stands: a number that was read as text, a gap that is one already.</summary>
    private static bool IsSame(object? was, object? value, FieldPlace place) =>
        Equals(was, value) || (was is string text && value is double && DelimitedText.Text(value) == text)
        || (was is null && value is DroppedField && place.Member is null);

    private FieldPlace? PlaceOf(int name, int turn)
    {
        foreach (var place in found)
        {
            if (place.Name == name && turn-- == 0)
            {
                return place;
            }
        }

        return null;
    }

    private void Copy(ReadOnlySpan<byte> record, IBufferWriter<byte> output)
    {
        var copied = 0;
        var dropped = new Dictionary<int, int>();
        foreach (var (place, value) in edits.Values)
        {
            if (value is not DroppedField || place.Member is not { } member)
            {
                output.Write(record[copied..place.Start]);
                format.Write(value is DroppedField ? null : value, record[place.Start..place.End], output);
                copied = place.End;
                continue;
            }

            // A comma goes along: the one before it where a member before it stays, else the one behind it.
            var gone = dropped.GetValueOrDefault(member.Owner);
            dropped[member.Owner] = gone + 1;
            var keptBefore = member.Ordinal > gone;
            output.Write(record[copied..Math.Max(copied, keptBefore ? member.BeforeEnd : member.Start)]);
            copied = keptBefore || member.NextStart == 0 ? place.End : member.NextStart;
        }

        output.Write(record[copied..]);
    }
}
