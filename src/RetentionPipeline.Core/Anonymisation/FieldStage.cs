using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Operators over the fields of lines. What they do not change is copied byte for byte. A record is looked at whole, so
/// that it has a greatest length here.
/// </summary>
internal sealed class FieldStage
{
    private readonly ILineFormat format;
    private readonly FieldEditor editor;
    private readonly LineTally tally;
    private readonly ArrayBufferWriter<byte> held = new();

    public FieldStage(StreamPlan plan, LineTally tally)
    {
        this.tally = tally;
        var uses = new FieldUses(plan.Fields);
        format = LineFormats.Of(plan.Format, uses.Names);
        editor = new FieldEditor(format, uses);
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
        if (!record.IsEmpty && editor.Rewrite(record, output) > 0)
        {
            output.Write(line[record.Length..]);
            tally.Change(0);
        }
        else
        {
            output.Write(line);
        }

        tally.Pass(line.Count((byte)'\n'));
    }
}
