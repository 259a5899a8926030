namespace RetentionPipeline.Core.Anonymisation;

/// <summary>A stream with bytes before its first one (such as were read already) and behind its end.</summary>
internal sealed class FramedStream(ReadOnlyMemory<byte> before, Stream content, ReadOnlyMemory<byte> behind) : Stream
{
    private ReadOnlyMemory<byte> first = before;
    private ReadOnlyMemory<byte> last = behind;

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

    public override int Read(Span<byte> buffer)
    {
        if (!first.IsEmpty)
        {
            return Take(ref first, buffer);
        }

        return content.Read(buffer) is > 0 and var length ? length : Take(ref last, buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!first.IsEmpty)
        {
            return Take(ref first, buffer.Span);
        }

        return await content.ReadAsync(buffer, cancellationToken) is > 0 and var length ? length : Take(ref last, buffer.Span);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static int Take(ref ReadOnlyMemory<byte> left, Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, left.Length);
        left.Span[..count].CopyTo(buffer);
        left = left[count..];
        return count;
    }
}
