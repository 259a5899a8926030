using System.IO.Compression;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Rewrites whole contents, plain or gzip (of one or more members); what was compressed stays compressed. Constant memory.
/// </summary>
public static class StreamRewriter
{
    private const int PieceSize = 64 * 1024;

    /// <summary>
    /// Reads the input to its end and writes the result. Throws <see cref="UnreadableContentException"/> for gzip that is
    /// damaged or cut short, that expands beyond the plan's limit, or that is none though the plan says so; what was
    /// written by then is worthless.
    /// </summary>
    public static async Task<StreamStatistics> RewriteAsync(
        Stream input, Stream output, StreamPlan plan, CancellationToken cancel)
    {
        var head = new byte[2];
        var length = await input.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, cancel);
        var content = new FramedStream(head.AsMemory(0, length), input, default);
        if (!IsGzip(head.AsSpan(0, length), plan.Compression))
        {
            return await PipeAsync(content, output, plan, cancel);
        }

        await using var inflated = new WholeGzipStream(content);
        await using var deflated = new GZipStream(output, plan.Level, leaveOpen: true);
        try
        {
            return await PipeAsync(inflated, deflated, plan, cancel);
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new UnreadableContentException("corrupt-gzip");
        }
    }

    /// <summary>The same without waiting in between, for a process that does nothing else.</summary>
    /// <param name="progress">Is told after each piece; null for nobody.</param>
    public static StreamStatistics Rewrite(
        Stream input, Stream output, StreamPlan plan, IProgress<StreamStatistics>? progress, CancellationToken cancel)
    {
        Span<byte> head = stackalloc byte[2];
        var length = input.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        var content = new FramedStream(head[..length].ToArray(), input, default);
        if (!IsGzip(head[..length], plan.Compression))
        {
            return Pipe(content, output, plan, progress, cancel);
        }

        using var inflated = new WholeGzipStream(content);
        using var deflated = new GZipStream(output, plan.Level, leaveOpen: true);
        try
        {
            return Pipe(inflated, deflated, plan, progress, cancel);
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new UnreadableContentException("corrupt-gzip");
        }
    }

    /// <summary>The content without its compression, if it has any.</summary>
    internal static async Task<Stream> InflateAsync(Stream input, CancellationToken cancel)
    {
        var head = new byte[2];
        var length = await input.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, cancel);
        var content = new FramedStream(head.AsMemory(0, length), input, default);
        return IsGzip(head.AsSpan(0, length), ContentCompression.Detect)
            ? new WholeGzipStream(content)
            : content;
    }

    private static async Task<StreamStatistics> PipeAsync(
        Stream input, Stream output, StreamPlan plan, CancellationToken cancel)
    {
        var engine = new StreamAnonymiser(plan);
        var result = new PieceWriter();
        var piece = new byte[PieceSize];
        while (await input.ReadAsync(piece, cancel) is > 0 and var length)
        {
            engine.Write(piece.AsSpan(0, length), result);
            Check(engine, plan);
            await output.WriteAsync(result.Written, cancel);
            result.Reset();
        }

        engine.Complete(result);
        await output.WriteAsync(result.Written, cancel);
        await output.FlushAsync(cancel);
        return engine.Statistics;
    }

    private static StreamStatistics Pipe(
        Stream input, Stream output, StreamPlan plan, IProgress<StreamStatistics>? progress, CancellationToken cancel)
    {
        var engine = new StreamAnonymiser(plan);
        var result = new PieceWriter();
        var piece = engine.ReadsDirectly ? [] : new byte[PieceSize];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var memory = engine.ReadsDirectly ? engine.GetMemory().Span : piece;
            var length = input.Read(memory);
            if (length == 0)
            {
                break;
            }

            if (engine.ReadsDirectly)
            {
                engine.Advance(length, result);
            }
            else
            {
                engine.Write(piece.AsSpan(0, length), result);
            }

            Check(engine, plan);
            output.Write(result.Written.Span);
            result.Reset();
            progress?.Report(engine.Statistics);
        }

        engine.Complete(result);
        output.Write(result.Written.Span);
        output.Flush();
        return engine.Statistics;
    }

    private static void Check(StreamAnonymiser engine, StreamPlan plan)
    {
        if (engine.Statistics.Bytes > plan.MaxExpandedBytes)
        {
            throw new UnreadableContentException("expanded-limit");
        }
    }

    private static bool IsGzip(ReadOnlySpan<byte> head, ContentCompression compression)
    {
        var isGzip = head is [0x1f, 0x8b];
        return compression switch
        {
            ContentCompression.None => false,
            ContentCompression.Gzip when !isGzip => throw new UnreadableContentException("not-gzip"),
            _ => isGzip,
        };
    }
}
