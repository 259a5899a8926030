using System.Buffers;
using System.IO.Compression;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Rewrites whole contents, plain or gzip; what was compressed stays compressed. Constant memory.</summary>
public static class StreamRewriter
{
    private const int PieceSize = 64 * 1024;

    /// <summary>
    /// Reads the input to its end and writes the result. Throws <see cref="UnreadableContentException"/> for gzip that is
    /// damaged or expands beyond the plan's limit; what was written by then is worthless.
    /// </summary>
    public static async Task<StreamStatistics> RewriteAsync(
        Stream input, Stream output, StreamPlan plan, CancellationToken cancel)
    {
        var (content, isGzip) = await PeekAsync(input, cancel);
        if (!isGzip)
        {
            return await PipeAsync(content, output, plan, cancel);
        }

        await using var inflated = new GZipStream(content, CompressionMode.Decompress, leaveOpen: true);
        await using var deflated = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        try
        {
            return await PipeAsync(inflated, deflated, plan, cancel);
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new UnreadableContentException("corrupt-gzip");
        }
    }

    /// <summary>The content without its compression, if it has any.</summary>
    internal static async Task<Stream> InflateAsync(Stream input, CancellationToken cancel)
    {
        var (content, isGzip) = await PeekAsync(input, cancel);
        return isGzip ? new GZipStream(content, CompressionMode.Decompress) : content;
    }

    private static async Task<StreamStatistics> PipeAsync(
        Stream input, Stream output, StreamPlan plan, CancellationToken cancel)
    {
        var engine = new StreamAnonymiser(plan);
        var result = new ArrayBufferWriter<byte>(PieceSize);
        var piece = new byte[PieceSize];
        long total = 0;
        while (await input.ReadAsync(piece, cancel) is > 0 and var length)
        {
            if ((total += length) > plan.MaxExpandedBytes)
            {
                throw new UnreadableContentException("expanded-limit");
            }

            engine.Write(piece.AsSpan(0, length), result);
            await output.WriteAsync(result.WrittenMemory, cancel);
            result.ResetWrittenCount();
        }

        engine.Complete(result);
        await output.WriteAsync(result.WrittenMemory, cancel);
        await output.FlushAsync(cancel);
        return engine.Statistics;
    }

    private static async Task<(Stream Content, bool IsGzip)> PeekAsync(Stream input, CancellationToken cancel)
    {
        var head = new byte[2];
        var read = await input.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, cancel);
        return (new PrefixedStream(head.AsMemory(0, read), input), read == 2 && head is [0x1f, 0x8b]);
    }
}

/// <summary>A stream whose first bytes were read already.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : Stream
{
    private ReadOnlyMemory<byte> left = prefix;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => left.IsEmpty ? rest.Read(buffer) : TakePrefix(buffer);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        left.IsEmpty ? rest.ReadAsync(buffer, cancellationToken) : ValueTask.FromResult(TakePrefix(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int TakePrefix(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, left.Length);
        left.Span[..count].CopyTo(buffer);
        left = left[count..];
        return count;
    }
}
