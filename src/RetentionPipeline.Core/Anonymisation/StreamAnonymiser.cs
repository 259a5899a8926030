using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Anonymises a stream of bytes, fed in pieces of any size: the result does not depend on how it was cut. Memory is
/// constant at any line length, but for lines that must be looked at whole. Operators work one after the other: lines are
/// dropped, then fields are changed, then addresses are cut, then names that spell one out. Not for concurrent use.
/// </summary>
public sealed class StreamAnonymiser
{
    private const int PieceSize = 192 * 1024;
    private const int Margin = 32 * 1024;

    private readonly LineDrop? drop;
    private readonly FieldStage? fields;
    private readonly StageInput[] stages;
    private readonly LineTally tally;
    private readonly PieceWriter between = new(0);
    private long bytes;
    private byte lastByte = (byte)'\n';

    /// <summary>Takes what is to be done.</summary>
    public StreamAnonymiser(StreamPlan plan)
        : this(plan, WindowStage.Widest)
    {
    }

    internal StreamAnonymiser(StreamPlan plan, VectorWidth width)
    {
        drop = plan.DropLinesOf.Count > 0 ? new LineDrop(plan.DropLinesOf) : null;
        tally = new LineTally(null);
        if (plan.Fields.Count > 0)
        {
            fields = new FieldStage(plan, tally);
            tally = plan.TruncateIp is null && plan.Hosts is HostNames.Keep ? tally : tally.Next();
        }

        var made = new List<StageInput>();
        if (plan.TruncateIp is { } bits)
        {
            Add(new AddressScan(bits, tally));
        }

        if (plan.Hosts is HostNames.Truncate)
        {
            tally = made.Count > 0 ? tally.Next() : tally;
            Add(new HostScan(tally));
            if (plan.TruncateIp is { } again)
            {
                // A name that is cut may read as an address now (face::add10-11-12-13).
                var names = tally;
                tally = tally.Next();
                Add(new AddressScan(again, tally), names);
            }
        }

        void Add(IWindowScan scan, LineTally? cause = null) =>
            made.Add(new StageInput(new WindowStage(scan, PieceSize + (made.Count * Margin), width, cause)));

        stages = [.. made];
    }

    /// <summary>So far; complete once <see cref="Complete"/> was called.</summary>
    public StreamStatistics Statistics { get; private set; } = new(0, 0, 0, 0, 0);

    /// <summary>Takes the next piece, and writes what is certain: complete lines always are.</summary>
    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        if (input.IsEmpty)
        {
            return;
        }

        Link(output);
        bytes += input.Length;
        lastByte = input[^1];
        var head = stages.Length > 0 ? stages[0] : output;
        if (drop is not null && fields is not null)
        {
            drop.Write(input, between);
            PassFields(head);
        }
        else if (drop is not null)
        {
            drop.Write(input, head);
        }
        else if (fields is not null)
        {
            fields.Write(input, head);
        }
        else
        {
            head.Write(input);
        }

        RunStages();
    }

    /// <summary>Ends the stream.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        Link(output);
        var head = stages.Length > 0 ? stages[0] : output;
        drop?.Complete(fields is null ? head : between);
        PassFields(head);
        fields?.Complete(head);
        foreach (var stage in stages)
        {
            stage.Complete();
        }

        Count(lastByte == '\n' ? 0 : 1, atEnd: true);
    }

    /// <summary>Whether a caller may read straight into <see cref="GetMemory"/>.</summary>
    internal bool ReadsDirectly => drop is null && fields is null && stages.Length > 0;

    /// <summary>Room for the next bytes of input.</summary>
    internal Memory<byte> GetMemory() => stages[0].GetMemory(1);

    /// <summary>Takes so many bytes that were put into <see cref="GetMemory"/>.</summary>
    internal void Advance(int count, IBufferWriter<byte> output)
    {
        if (count > 0)
        {
            Link(output);
            bytes += count;
            lastByte = stages[0].GetMemory(1).Span[count - 1];
            stages[0].Advance(count);
            RunStages();
        }
    }

    /// <summary>What the lines that were not dropped hold goes through the fields.</summary>
    private void PassFields(IBufferWriter<byte> head)
    {
        fields?.Write(between.Written.Span, head);
        between.Reset();
    }

    private void Link(IBufferWriter<byte> output)
    {
        for (var i = 0; i < stages.Length; i++)
        {
            stages[i].Next = i + 1 < stages.Length ? stages[i + 1] : output;
        }
    }

    private void RunStages()
    {
        foreach (var stage in stages)
        {
            stage.Run();
        }

        Count(0, atEnd: false);
    }

    private void Count(long openLines, bool atEnd)
    {
        tally.Settle(atEnd);
        var lines = drop?.Lines ?? (fields is not null || stages.Length > 0 ? tally.Lines : 0);
        Statistics = new StreamStatistics(lines + openLines, tally.Changed, drop?.Dropped ?? 0, tally.AllEdits, bytes);
    }
}
