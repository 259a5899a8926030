using System.IO.Compression;
using System.Security.Cryptography;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Inflates gzip (RFC 1952) of one or more members and ends only where its last member ends. .NET's own stream ends
/// quietly where compressed content was cut short, and ignores what stands behind the last member: a log that was rewritten
/// from it would have lost its tail for good. So a member of our own, with random content, is read behind the given ones:
/// it comes out whole exactly where they were whole. Else the end is an <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class WholeGzipStream : Stream
{
    private const int MarkLength = 32;
    private const int BufferSize = 64 * 1024;
    private readonly byte[] mark = RandomNumberGenerator.GetBytes(MarkLength);
    private readonly byte[] buffer = new byte[BufferSize];
    private readonly GZipStream inflated;
    private int start;
    private int end;
    private bool ended;

    /// <summary>The content is left open.</summary>
    public WholeGzipStream(Stream content)
    {
        using var member = new MemoryStream();
        using (var deflated = new GZipStream(member, CompressionLevel.NoCompression, leaveOpen: true))
        {
            deflated.Write(mark);
        }

        inflated = new GZipStream(new FramedStream(default, content, member.ToArray()), CompressionMode.Decompress, leaveOpen: true);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private int Ready => Math.Max(0, end - start - MarkLength);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        while (Ready == 0 && !ended)
        {
            MakeRoom();
            Take(inflated.Read(this.buffer.AsSpan(end)));
        }

        return Give(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (Ready == 0 && !ended)
        {
            MakeRoom();
            Take(await inflated.ReadAsync(this.buffer.AsMemory(end), cancellationToken));
        }

        return Give(buffer.Span);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inflated.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>What is held back, since it may be the mark, goes to the front.</summary>
    private void MakeRoom()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
    }

    private void Take(int length)
    {
        end += length;
        if (length > 0)
        {
            return;
        }

        ended = true;
        if (!buffer.AsSpan(start, end - start).SequenceEqual(mark))
        {
            throw new InvalidDataException("The gzip content does not end where a member ends.");
        }
    }

    private int Give(Span<byte> wanted)
    {
        var count = Math.Min(wanted.Length, Ready);
        buffer.AsSpan(start, count).CopyTo(wanted);
        start += count;
        return count;
    }
}
