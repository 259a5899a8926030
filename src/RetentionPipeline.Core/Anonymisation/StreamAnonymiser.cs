using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Anonymises a stream of bytes, fed in pieces of any size: the result does not depend on how it was cut. Memory is
/// constant at any line length. Not for concurrent use.
/// </summary>
public sealed class StreamAnonymiser(StreamPlan plan)
{
    /// <summary>A stretch without any delimiter is cut here at the latest, at a place that the bytes alone determine.</summary>
    private const int LongestStretch = 64 * 1024;

    /// <summary>A line that must be looked at whole may be so long.</summary>
    private const int LongestDropLine = 1024 * 1024;

    /// <summary>No rule looks across one of these.</summary>
    private static readonly SearchValues<byte> Delimiters = SearchValues.Create("\n \t\",=/"u8);

    /// <summary>All that a name, an address or an escape before one is made of; the rest cuts a long stretch.</summary>
    private static readonly SearchValues<byte> Inner = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-:%\\[;\u001b"u8);

    private readonly ArrayBufferWriter<byte> line = new();
    private readonly IdentifierSet? dropped =
        plan.DropLinesOf.Count > 0 ? new IdentifierSet(plan.DropLinesOf) : null;

    private byte[] pending = [];
    private bool lineChanged;
    private bool lineBegun;

    /// <summary>Lines so far; the one under way counts once <see cref="Complete"/> was called.</summary>
    public StreamStatistics Statistics { get; private set; } = new(0, 0, 0);

    /// <summary>Takes the next piece, and writes what is certain.</summary>
    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        byte[] whole = pending.Length == 0 ? input.ToArray() : [.. pending, .. input];
        var used = 0;
        while (true)
        {
            var length = NextStretch(whole.AsSpan(used));
            if (length == 0)
            {
                break;
            }

            Process(whole.AsSpan(used, length), output);
            used += length;
        }

        pending = whole[used..];
    }

    /// <summary>Ends the stream.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        if (pending.Length > 0)
        {
            Process(pending, output);
            pending = [];
        }

        if (lineBegun)
        {
            EndLine();
        }
    }

    /// <summary>Length of the next stretch that can be processed by itself; 0 if more bytes must come first.</summary>
    private int NextStretch(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf((byte)'\n') is >= 0 and var newLine
            && (dropped is not null || newLine < LongestStretch))
        {
            return newLine + 1;
        }

        if (dropped is not null)
        {
            return bytes.Length > LongestDropLine ? throw new UnreadableContentException("line-too-long") : 0;
        }

        if (bytes.Length < LongestStretch)
        {
            return 0;
        }

        var head = bytes[..LongestStretch];
        var delimiter = head.LastIndexOfAny(Delimiters);
        if (delimiter >= 0)
        {
            return delimiter + 1;
        }

        var outer = head.LastIndexOfAnyExcept(Inner);
        return outer >= 0 ? outer + 1 : LongestStretch;
    }

    private void Process(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        lineBegun = true;
        var ends = bytes[^1] == '\n';
        if (dropped is not null && dropped.IsIn(bytes))
        {
            Statistics = Statistics with { Lines = Statistics.Lines + 1, Dropped = Statistics.Dropped + 1 };
            (lineBegun, lineChanged) = (false, false);
            return;
        }

        var edits = 0;
        if (plan.Hosts is HostNames.Truncate)
        {
            line.ResetWrittenCount();
            edits += CutAddresses(bytes, line);
            edits += HostText.Cut(line.WrittenSpan, output);
        }
        else
        {
            edits += CutAddresses(bytes, output);
        }

        lineChanged |= edits > 0;
        if (ends)
        {
            EndLine();
        }
    }

    private int CutAddresses(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        if (plan.TruncateIp is { } bits)
        {
            return AddressText.Cut(bytes, bits, output);
        }

        output.Write(bytes);
        return 0;
    }

    private void EndLine()
    {
        Statistics = Statistics with
        {
            Lines = Statistics.Lines + 1,
            Changed = Statistics.Changed + (lineChanged ? 1 : 0),
        };
        (lineBegun, lineChanged) = (false, false);
    }
}
