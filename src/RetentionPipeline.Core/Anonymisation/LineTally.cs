using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Counts lines, edits and the lines that hold one. Of several passes one after the other, the last counts a line once
/// that any of them changed: each hands on the numbers of its lines, in order.
/// </summary>
internal sealed class LineTally(LineTally? before)
{
    /// <summary>Null where nobody takes them over.</summary>
    private Queue<long>? handed;
    private long lastLine = -1;

    /// <summary>Line ends passed.</summary>
    public long Lines { get; private set; }

    /// <summary>Lines changed by this pass or one before it, as far as settled.</summary>
    public long Changed { get; private set; }

    /// <summary>Edits of this pass.</summary>
    public long Edits { get; private set; }

    /// <summary>Edits of this pass and of those before it.</summary>
    public long AllEdits => Edits + (before?.AllEdits ?? 0);

    /// <summary>A tally for the pass behind this one.</summary>
    public LineTally Next()
    {
        handed = new Queue<long>();
        return new LineTally(this);
    }

    public void Pass(long lineEnds) => Lines += lineEnds;

    /// <summary>A line is changed that begins so many line ends behind those passed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Change(long lineEnds)
    {
        Edits++;
        var line = Lines + lineEnds;
        if (line == lastLine)
        {
            return;
        }

        if (before is null && handed is null)
        {
            lastLine = line;
            Changed++;
            return;
        }

        Take(line - 1);
        Note(line);
    }

    /// <summary>Takes over what the passes before changed, as far as this one has come; all of it at the end.</summary>
    public void Settle(bool atEnd)
    {
        before?.Settle(atEnd);
        Take(atEnd ? long.MaxValue : Lines - 1);
    }

    private void Take(long last)
    {
        while (before?.handed is { } lines && lines.TryPeek(out var line) && line <= last)
        {
            lines.Dequeue();
            Note(line);
        }
    }

    private void Note(long line)
    {
        if (line == lastLine)
        {
            return;
        }

        lastLine = line;
        if (handed is not null)
        {
            handed.Enqueue(line);
        }
        else
        {
            Changed++;
        }
    }
}
