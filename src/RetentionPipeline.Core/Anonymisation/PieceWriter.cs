using System.Buffers;
using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>One buffer that is written, taken and written again; it grows to the longest piece, and is not cleared.</summary>
internal sealed class PieceWriter(int firstSize) : IBufferWriter<byte>
{
    private const int OfStreams = 256 * 1024;
    private byte[] buffer = new byte[firstSize];

    public PieceWriter()
        : this(OfStreams)
    {
    }

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, Length);

    /// <summary>How much is written.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> this[Range part] => buffer.AsSpan(0, Length)[part];

    public void Reset() => Length = 0;

    public void Advance(int count) => Length += count;

    /// <summary>Without the detour over the interface that others write by.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > buffer.Length - Length)
        {
            Grow(bytes.Length);
        }

        bytes.CopyTo(buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (Math.Max(1, sizeHint) > buffer.Length - Length)
        {
            Grow(sizeHint);
        }

        return buffer.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (Math.Max(1, sizeHint) > buffer.Length - Length)
        {
            Grow(sizeHint);
        }

        return buffer.AsSpan(Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int sizeHint) => Array.Resize(ref buffer, Math.Max(Length + Math.Max(1, sizeHint), 2 * buffer.Length));
}
