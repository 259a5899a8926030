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
        ref var target = ref MemoryMarshal.GetReference(output);
        var (position, shift, consumed) = (from, from, from);
        var carry = default(Carry);
        while (position < limit)
        {
            TReader.Hosts(ref Unsafe.Add(ref source, position), ref Unsafe.Add(ref target, position - shift), out var marks);
            var valid = limit - position >= Block ? ulong.MaxValue : (1UL << (limit - position)) - 1;
            var found = carry.ThirdSeparators(marks) & valid;
            while (found != 0)
            {
                var bit = found & (0 - found);
                found ^= bit;
                if (HostFinder.TryFind(s, position + BitOperations.TrailingZeroCount(bit), out var edit))
                {
                    tally.Pass(BitOperations.PopCount(marks.NewLines & (bit - 1)));
                    shift = Apply(s, edit, output, shift);
                    (position, consumed, carry) = (edit.End, edit.End, default);
                    goto Restarted;
                }
            }

            tally.Pass(BitOperations.PopCount(marks.NewLines & valid));
            position += Block;
            continue;
        Restarted:;
        }

        var read = Math.Max(certain, consumed);
        return new ScanEnd(read, read - shift);
    }

    /// <summary>By how much the output lags behind the input at the end of the edit.</summary>
    private int Apply(ReadOnlySpan<byte> s, HostEdit edit, Span<byte> output, int shift)
    {
        var inner = s[(edit.FirstAt + edit.FirstLength)..edit.LastAt];
        var cut = output.Slice(edit.FirstAt - shift, inner.Length + 2);
        cut[0] = (byte)'0';
        inner.CopyTo(cut[1..]);
        cut[^1] = (byte)'0';
        if (!cut.SequenceEqual(s[edit.FirstAt..edit.End]))
        {
            tally.Change();
        }

        return shift + edit.End - edit.FirstAt - cut.Length;
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

        /// <summary>A zero that begins a number of several digits.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong Padded(in HostMarks marks, ulong behindDigit) =>
            marks.Zeros & ~behindDigit & ((marks.Digits >> 1) | (1UL << 63));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong After(ulong marks, ulong before) =>
            (marks << 2) | (marks << 3) | (marks << 4) | (before >> 62) | (before >> 61) | (before >> 60);
    }
}
