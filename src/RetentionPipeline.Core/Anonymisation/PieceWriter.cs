using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>One buffer that is written, taken and written again; it grows to the longest piece, and is not cleared.</summary>
internal sealed class PieceWriter : IBufferWriter<byte>
{
    private const int FirstSize = 256 * 1024;
    private byte[] buffer = new byte[FirstSize];
    private int length;

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, length);

    public void Reset() => length = 0;

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var wanted = length + Math.Max(1, sizeHint);
        if (wanted > buffer.Length)
        {
            Array.Resize(ref buffer, Math.Max(wanted, 2 * buffer.Length));
        }

        return buffer.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
