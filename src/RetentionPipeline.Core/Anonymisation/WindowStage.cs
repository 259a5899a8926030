using System.Buffers;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What one pass over a window did.</summary>
/// <param name="Read">Where the next pass goes on: never inside what was found.</param>
/// <param name="Written">Bytes of output for what was read.</param>
internal readonly record struct ScanEnd(int Read, int Written);

/// <summary>One operator over a window of bytes.</summary>
internal interface IWindowScan
{
    /// <summary>
    /// Reads from <paramref name="from"/>. Marks before <paramref name="limit"/> are decided; what begins before
    /// <paramref name="certain"/> has its mark before the limit. Bytes before <paramref name="from"/> are context. The
    /// memory behind the window and the output is 64 bytes longer than they are.
    /// </summary>
    ScanEnd Scan<TReader>(ReadOnlySpan<byte> window, int from, int limit, int certain, Span<byte> output)
        where TReader : struct, IBlockReader;

    /// <summary>Passes on what is known to hold nothing.</summary>
    void Pass(ReadOnlySpan<byte> bytes, Span<byte> output);
}

/// <summary>Which block reader runs: a matter of the processor, and of tests.</summary>
internal enum VectorWidth
{
    Scalar,
    V128,
    V256,
    V512,
}

/// <summary>
/// Feeds a scan with windows: keeps the bytes that a decision may look back at, holds back those whose decision needs
/// bytes that have not come, so that the result does not depend on how the stream was cut. A line end decides all before
/// it: complete lines are never held back. Constant memory at any line length.
/// </summary>
/// <param name="cause">
/// Edits of the stage before this one. Where given, the scan has nothing to find but what those made, and windows without
/// any are passed on unread.
/// </param>
internal sealed class WindowStage(IWindowScan scan, int capacity, VectorWidth width, LineTally? cause = null)
{
    private const int Slack = 64;
    private const int NearLineEnd = 4096;
    private readonly byte[] window = new byte[AddressFinder.Back + capacity + (2 * NearLineEnd) + Slack];
    private int from;
    private int length;
    private int causedUpTo;
    private long causes;

    /// <summary>The widest that the processor has.</summary>
    public static VectorWidth Widest =>
        Vector512.IsHardwareAccelerated ? VectorWidth.V512
        : Vector256.IsHardwareAccelerated ? VectorWidth.V256
        : Vector128.IsHardwareAccelerated ? VectorWidth.V128
        : VectorWidth.Scalar;

    /// <summary>Memory for the next bytes; after a run never empty.</summary>
    public Memory<byte> GetMemory() => window.AsMemory(length, window.Length - Slack - length);

    /// <summary>Takes so many bytes of that memory.</summary>
    public void Advance(int count)
    {
        length += count;
        if (cause is not null && cause.Edits != causes)
        {
            (causes, causedUpTo) = (cause.Edits, length);
        }
    }

    /// <summary>Decides what can be decided, and writes it.</summary>
    public void Run(IBufferWriter<byte> output)
    {
        var nearby = Math.Max(from, length - NearLineEnd);
        var lineEnd = window.AsSpan(nearby, length - nearby).LastIndexOf((byte)'\n');
        if (lineEnd >= 0)
        {
            Run(nearby + lineEnd + 1, nearby + lineEnd + 1, output);
        }
        else if (length - AddressFinder.Ahead - (2 * AddressFinder.LongestHead) is var certain && certain > from)
        {
            Run(length - AddressFinder.Ahead, certain, output);
        }
    }

    /// <summary>No byte comes any more.</summary>
    public void Complete(IBufferWriter<byte> output) => Run(length, length, output);

    private void Run(int limit, int certain, IBufferWriter<byte> output)
    {
        if (limit > from)
        {
            var space = output.GetSpan(limit - from + AddressFinder.Ahead + Slack);
            var end = Scan(limit, certain, space);
            output.Advance(end.Written);
            from = end.Read;
        }

        var keep = Math.Max(0, from - AddressFinder.Back);
        if (keep > 0)
        {
            window.AsSpan(keep, length - keep).CopyTo(window);
            (from, length, causedUpTo) = (from - keep, length - keep, causedUpTo - keep);
        }
    }

    private ScanEnd Scan(int limit, int certain, Span<byte> output)
    {
        var read = window.AsSpan(0, length);
        if (cause is not null && causedUpTo <= from - AddressFinder.Back)
        {
            scan.Pass(read[from..certain], output);
            return new ScanEnd(certain, certain - from);
        }

        return width switch
        {
            VectorWidth.V512 => scan.Scan<Vector512Reader>(read, from, limit, certain, output),
            VectorWidth.V256 => scan.Scan<Vector256Reader>(read, from, limit, certain, output),
            VectorWidth.V128 => scan.Scan<Vector128Reader>(read, from, limit, certain, output),
            _ => scan.Scan<ScalarReader>(read, from, limit, certain, output),
        };
    }
}
