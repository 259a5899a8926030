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
            for (var found = carry.ThirdSeparators(marks) & valid; found != 0; found &= found - 1)
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

    private struct Carry
    {
        private ulong first;
        private ulong second;
        private ulong digits;
        private ulong padded;

        /// <summary>
        /// Separators behind a digit with two more close before them. Dots alone count only where a number nearby is
        /// zero-padded: else every address would be looked at again.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong ThirdSeparators(in HostMarks marks)
        {
            var behindDigit = (marks.Digits << 1) | (digits >> 63);
            var all = (marks.Hyphens | marks.Underscores | marks.Dots) & behindDigit;
            var two = all & After(all, first);
            var three = all & After(two, second);
            if (three == 0)
            {
                (first, second, digits) = (all, two, marks.Digits);
                padded = Padded(marks, behindDigit);
                return 0;
            }

            var nowPadded = Padded(marks, behindDigit);
            var wanted = nowPadded != 0 || padded != 0 || (marks.Dots & (1UL << 63)) != 0 ? three : three & ~marks.Dots;
            (first, second, digits, padded) = (all, two, marks.Digits, nowPadded);
            return wanted;
        }

        /// <summary>
        /// A zero that begins a number of several digits next to a dot. In times and dates zeros begin numbers as well.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Padded(in HostMarks marks, ulong behindDigit)
        {
            const ulong nextBlock = 7UL << 61;
            var nextToDot = (marks.Dots << 1) | 1 | (marks.Dots >> 2) | (marks.Dots >> 3) | nextBlock;
            return marks.Zeros & ~behindDigit & ((marks.Digits >> 1) | (1UL << 63)) & nextToDot;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong After(ulong marks, ulong before) =>
            (marks << 2) | (marks << 3) | (marks << 4) | (before >> 62) | (before >> 61) | (before >> 60);
    }
}
