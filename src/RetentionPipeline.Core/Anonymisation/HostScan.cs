using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>truncate-host</c> in text: zeroes the first and the last of four numbers that spell out an address in a name, since
/// providers write both orders. Built as <see cref="AddressScan"/> is.
/// </summary>
internal sealed class HostScan(LineTally tally) : IWindowScan
{
    private const int Block = 64;

    public ScanEnd Scan<TReader>(ReadOnlySpan<byte> s, int from, int limit, int certain, Span<byte> output)
        where TReader : struct, IBlockReader
    {
        ref var source = ref MemoryMarshal.GetReference(s);
        var copy = new GapCopy<TReader>(ref source, ref MemoryMarshal.GetReference(output), from);
        var lineEnds = 0L;
        var carry = default(Carry);
        for (var position = from; position < limit; position += Block)
        {
            TReader.Hosts(ref Unsafe.Add(ref source, position), out var marks);
            var valid = limit - position >= Block ? ulong.MaxValue : (1UL << (limit - position)) - 1;
            var found = carry.ThirdSeparators(marks, out var digitsBefore) & valid;
            if ((found & marks.Dots) is var dots and not 0 && !IsPaddedNearby<TReader>(s, position, marks.Digits, digitsBefore))
            {
                // Behind the block's last byte the fourth number begins in the next block.
                found &= ~dots | (1UL << 63);
            }

            for (; found != 0; found &= found - 1)
            {
                var mark = position + BitOperations.TrailingZeroCount(found);
                if (mark >= copy.Consumed && HostFinder.TryFind(s, mark, out var edit) && Cut(s, edit, ref copy))
                {
                    tally.Change(lineEnds + BitOperations.PopCount(marks.NewLines & ((found & (0 - found)) - 1)));
                }
            }

            lineEnds += BitOperations.PopCount(marks.NewLines & valid);
        }

        tally.Pass(lineEnds);
        var read = Math.Max(certain, copy.Consumed);
        return new ScanEnd(read, copy.UpTo(read));
    }

    public void Pass(ReadOnlySpan<byte> bytes, Span<byte> output)
    {
        bytes.CopyTo(output);
        tally.Pass(bytes.Count((byte)'\n'));
    }

    /// <summary>Zeroes the first and the last number; whether that changed anything.</summary>
    private static bool Cut<TReader>(ReadOnlySpan<byte> s, HostEdit edit, ref GapCopy<TReader> copy)
        where TReader : struct, IBlockReader
    {
        copy.Replace(edit.FirstAt, edit.FirstAt + edit.FirstLength, (byte)'0');
        copy.Replace(edit.LastAt, edit.End, (byte)'0');
        return edit.FirstLength > 1 || s[edit.FirstAt] != '0' || edit.End - edit.LastAt > 1 || s[edit.LastAt] != '0';
    }

    /// <summary>
    /// Whether a zero that begins a number of several digits stands next to a dot, in the block or the one before it. Dots
    /// alone spell out a name only there: else every address would be looked at again. Saying so where none does costs a
    /// look and changes nothing.
    /// </summary>
    private static bool IsPaddedNearby<TReader>(ReadOnlySpan<byte> s, int position, ulong digits, ulong digitsBefore)
        where TReader : struct, IBlockReader
    {
        ref var block = ref Unsafe.Add(ref MemoryMarshal.GetReference(s), position);
        return position <= Block || IsPadded<TReader>(ref block, digits) || IsPadded<TReader>(ref Unsafe.Subtract(ref block, Block), digitsBefore);
    }

    /// <summary>
    /// In times and dates zeros begin numbers as well; no dot is next to them. A byte stands before the block, and behind it
    /// those of the next one or of the memory behind the window.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPadded<TReader>(ref byte block, ulong digits)
        where TReader : struct, IBlockReader
    {
        TReader.Zeros(ref block, out var zeros, out var dots);
        var begins = zeros & ~(digits << 1) & ((digits >> 1) | (1UL << 63));
        var inside = (dots << 1) | (dots >> 2) | (dots >> 3);
        const ulong edges = 1 | (7UL << 61);
        return (begins & inside) != 0 || ((begins & edges) != 0 && IsPaddedAtEdge(ref block, begins));
    }

    private static bool IsPaddedAtEdge(ref byte block, ulong begins)
    {
        var beside = Unsafe.Subtract(ref block, 1) == '.' ? 1UL : 0;
        beside |= Unsafe.Add(ref block, Block) == '.' ? 3UL << 61 : 0;
        beside |= Unsafe.Add(ref block, Block + 1) == '.' ? 3UL << 62 : 0;
        beside |= Unsafe.Add(ref block, Block + 2) == '.' ? 1UL << 63 : 0;
        return (begins & beside) != 0;
    }

    private struct Carry
    {
        private ulong first;
        private ulong second;
        private ulong digits;

        /// <summary>Separators behind a digit with two more close before them, and the digits of the block before.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong ThirdSeparators(in HostMarks marks, out ulong digitsBefore)
        {
            digitsBefore = digits;
            var all = (marks.Dashes | marks.Dots) & ((marks.Digits << 1) | (digits >> 63));
            var two = all & After(all, first);
            var three = all & After(two, second);
            (first, second, digits) = (all, two, marks.Digits);
            return three;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong After(ulong marks, ulong before) =>
            (marks << 2) | (marks << 3) | (marks << 4) | (before >> 62) | (before >> 61) | (before >> 60);
    }
}
