using System.Buffers;
using System.Runtime.CompilerServices;

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
    private readonly PieceWriter made = new();

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
            var taken = Take(held.WrittenSpan);
            var rest = held.WrittenSpan[taken..].ToArray();
            held.ResetWrittenCount();
            input = rest;
        }
        else
        {
            input = input[Take(input)..];
        }

        Pass(output);
        if (input.Length > LineDrop.LongestLine)
        {
            throw new UnreadableContentException("line-too-long");
        }

        held.Write(input);
    }

    public void Complete(IBufferWriter<byte> output)
    {
        Rewrite(held.WrittenSpan);
        Pass(output);
        held.ResetWrittenCount();
    }

    /// <summary>Hands on what was made, in one piece.</summary>
    private void Pass(IBufferWriter<byte> output)
    {
        output.Write(made.Written.Span);
        made.Reset();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Take(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (format.RecordEnd(bytes[taken..]) is > 0 and var length)
        {
            Rewrite(bytes.Slice(taken, length));
            taken += length;
        }

        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Rewrite(ReadOnlySpan<byte> line)
    {
        var length = line.Length;
        while (length > 0 && line[length - 1] is (byte)'\r' or (byte)'\n')
        {
            length--;
        }

        var record = line[..length];
        if (!record.IsEmpty && editor.Rewrite(record, made) > 0)
        {
            made.Write(line[record.Length..]);
            tally.Change(0);
        }
        else
        {
            made.Write(line);
        }

        tally.Pass(line.Count((byte)'\n'));
    }
}
