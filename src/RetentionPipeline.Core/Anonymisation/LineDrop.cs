using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>drop-line</c>: passes on the lines that hold none of the identifiers. A line is looked at whole before any of it is
/// passed on, so that a line has a greatest length here.
/// </summary>
internal sealed class LineDrop(IReadOnlyList<string> identifiers)
{
    /// <summary>A line may be so long; a longer one fails the content, since half of it cannot be taken back.</summary>
    public const int LongestLine = 8 * 1024 * 1024;

    private readonly IdentifierSet wanted = new(identifiers);
    private readonly ArrayBufferWriter<byte> held = new();

    /// <summary>Line ends read so far.</summary>
    public long Lines { get; private set; }

    /// <summary>Lines dropped so far.</summary>
    public long Dropped { get; private set; }

    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        if (held.WrittenCount > 0 && input.IndexOf((byte)'\n') is >= 0 and var lineEnd)
        {
            Hold(input[..(lineEnd + 1)]);
            Pass(held.WrittenSpan, output);
            held.ResetWrittenCount();
            input = input[(lineEnd + 1)..];
        }

        var whole = input.LastIndexOf((byte)'\n') + 1;
        PassLines(input[..whole], output);
        Hold(input[whole..]);
    }

    public void Complete(IBufferWriter<byte> output)
    {
        Pass(held.WrittenSpan, output);
        held.ResetWrittenCount();
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (held.WrittenCount + bytes.Length > LongestLine)
        {
            throw new UnreadableContentException("line-too-long");
        }

        held.Write(bytes);
    }

    /// <summary>Lines that hold none together hold none each: one look serves them all.</summary>
    private void PassLines(ReadOnlySpan<byte> lines, IBufferWriter<byte> output)
    {
        if (!wanted.IsIn(lines))
        {
            Lines += lines.Count((byte)'\n');
            output.Write(lines);
            return;
        }

        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n') + 1;
            Pass(lines[..end], output);
            lines = lines[end..];
        }
    }

    private void Pass(ReadOnlySpan<byte> line, IBufferWriter<byte> output)
    {
        Lines += line is [.., (byte)'\n'] ? 1 : 0;
        if (line.IsEmpty)
        {
            return;
        }

        if (wanted.IsIn(line))
        {
            Dropped++;
        }
        else
        {
            output.Write(line);
        }
    }
}
