using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Writes a window with some of its parts replaced. What lies between two edits is copied in blocks of 64 bytes, up to 63
/// bytes too far: both memories are so much longer, and what was copied too far is written over.
/// </summary>
/// <param name="source">The window.</param>
/// <param name="target">Where it goes.</param>
/// <param name="from">The first byte of the window that goes there.</param>
internal ref struct GapCopy<TReader>(ref byte source, ref byte target, int from)
    where TReader : struct, IBlockReader
{
    private const int Block = 64;
    private readonly ref byte source = ref source;
    private readonly ref byte target = ref target;
    private int copied = from;
    private int written;

    /// <summary>No edit begins before this byte of the window.</summary>
    public int Consumed { get; set; } = from;

    /// <summary>What stands from <paramref name="at"/> to <paramref name="end"/> becomes one byte, or nothing if it is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Replace(int at, int end, byte with)
    {
        UpTo(at);
        Unsafe.Add(ref target, written) = with;
        written += with == 0 ? 0 : 1;
        copied = end;
        Consumed = end;
    }

    /// <summary>The same with a text.</summary>
    public void Replace(int at, int end, scoped ReadOnlySpan<byte> text)
    {
        UpTo(at);
        foreach (var b in text)
        {
            Unsafe.Add(ref target, written++) = b;
        }

        copied = end;
        Consumed = end;
    }

    /// <summary>Copies what was not yet; returns how many bytes were written in all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int UpTo(int end)
    {
        ref var from = ref Unsafe.Add(ref source, copied);
        ref var to = ref Unsafe.Add(ref target, written);
        var length = end - copied;
        for (var done = 0; done < length; done += Block)
        {
            TReader.Copy(ref Unsafe.Add(ref from, done), ref Unsafe.Add(ref to, done));
        }

        copied = end;
        written += length;
        return written;
    }
}
