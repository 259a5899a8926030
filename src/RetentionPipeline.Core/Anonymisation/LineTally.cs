using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Counts lines, edits and the lines that hold one. Of several passes one after the other, the last counts a line once
/// that any of them changed: each hands on the numbers of its lines, in order.
/// </summary>
internal sealed class LineTally(LineTally? before)
{
    /// <summary>Null where nobody takes them over.</summary>
    private LineRuns? handed;
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
        handed = new LineRuns();
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

        if (before is not null)
        {
            Take(line - 1);
        }

        if (line > lastLine)
        {
            lastLine = line;
            Note(line, line + 1);
        }
    }

    /// <summary>Takes over what the passes before changed, as far as this one has come; all of it at the end.</summary>
    public void Settle(bool atEnd)
    {
        before?.Settle(atEnd);
        Take(atEnd ? long.MaxValue : Lines - 1);
    }

    private void Take(long last)
    {
        while (before?.handed is { } lines && lines.TryTake(last, out var from, out var to))
        {
            from = Math.Max(from, lastLine + 1);
            if (from < to)
            {
                lastLine = to - 1;
                Note(from, to);
            }
        }
    }

    private void Note(long from, long to)
    {
        if (handed is not null)
        {
            handed.Add(from, to);
        }
        else
        {
            Changed += to - from;
        }
    }
}

/// <summary>Numbers of lines in order, each once, kept as runs: in most logs every line is changed.</summary>
internal sealed class LineRuns
{
    private readonly Queue<(long From, long To)> closed = new();
    private long from;
    private long to;
    private long taken;
    private long takenTo;

    /// <summary>Lines behind all that were added.</summary>
    public void Add(long first, long end)
    {
        if (first != to)
        {
            if (from < to)
            {
                closed.Enqueue((from, to));
            }

            from = first;
        }

        to = end;
    }

    /// <summary>Takes out the first lines that follow one another, as far as the last one that is wanted.</summary>
    public bool TryTake(long last, out long first, out long end)
    {
        if (taken >= takenTo && closed.TryDequeue(out var run))
        {
            (taken, takenTo) = run;
        }

        ref var next = ref from;
        end = to;
        if (taken < takenTo)
        {
            next = ref taken;
            end = takenTo;
        }

        first = next;
        end = last < end - 1 ? last + 1 : end;
        if (first >= end)
        {
            return false;
        }

        next = end;
        return true;
    }
}
