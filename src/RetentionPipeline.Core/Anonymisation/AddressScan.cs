using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>truncate-ip</c>: walks over a window in blocks of 64 bytes. Each block is copied to the output as it is read; shifts
/// of bit masks mark the few bytes where an address is likely, and only there <see cref="AddressFinder"/> looks. Behind an
/// address reading starts afresh, at the place where the output now stands.
/// </summary>
internal sealed class AddressScan(AddressBits bits, LineTally tally) : IWindowScan
{
    private const int Block = 64;
    private readonly AddressFinder finder = new(bits);

    public ScanEnd Scan<TReader>(ReadOnlySpan<byte> s, int from, int limit, int certain, Span<byte> output)
        where TReader : struct, IBlockReader
    {
        ref var source = ref MemoryMarshal.GetReference(s);
        ref var target = ref MemoryMarshal.GetReference(output);
        var (position, shift, consumed, settled) = (from, from, from, 0);
        Span<byte> text = stackalloc byte[AddressWriter.LongestText];
        var carry = default(Carry);
        while (position < limit)
        {
            TReader.Addresses(ref Unsafe.Add(ref source, position), ref Unsafe.Add(ref target, position - shift), out var marks);
            var valid = limit - position >= Block ? ulong.MaxValue : (1UL << (limit - position)) - 1;
            var third = carry.ThirdDots(marks) & valid;
            var six = carry.Colons<TReader>(marks, s, position, valid);
            var nibbles = BitOperations.PopCount(marks.Dots) >= 12 ? marks.Dots & (marks.Dots << 2) & valid : 0;
            var found = third | six | nibbles;
            while (found != 0)
            {
                var bit = found & (0 - found);
                found ^= bit;
                var mark = position + BitOperations.TrailingZeroCount(bit);
                AddressEdit edit;
                if ((bit & six) != 0
                    ? mark >= settled && finder.TrySix(s, mark, consumed, text, out edit, out settled)
                    : ((bit & nibbles) != 0 && finder.TryNibbles(s, mark, consumed, text, out edit))
                        || finder.TryFour(s, mark, consumed, text, out edit))
                {
                    tally.Pass(BitOperations.PopCount(marks.NewLines & (bit - 1)));
                    shift = Apply(s, edit, text, output, position + Block, shift);
                    (position, consumed, carry) = (edit.Resume, edit.Resume, default);
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

    /// <summary>Writes the edit behind what was copied so far; returns by how much the output now lags behind.</summary>
    private int Apply(
        ReadOnlySpan<byte> s, in AddressEdit edit, ReadOnlySpan<byte> text, Span<byte> output, int copied, int shift)
    {
        var unchangedEnd = edit.TextLength == AddressWriter.Unchanged ? edit.Resume : edit.At;
        if (unchangedEnd > copied)
        {
            s[copied..unchangedEnd].CopyTo(output[(copied - shift)..]);
        }

        if (edit.TextLength == AddressWriter.Unchanged)
        {
            return shift;
        }

        tally.Change();
        var at = edit.At - shift;
        text[..edit.TextLength].CopyTo(output[at..]);
        s[edit.End..edit.Resume].CopyTo(output[(at + edit.TextLength)..]);
        return shift + edit.End - edit.At - edit.TextLength;
    }

    /// <summary>What the block before tells about the first bytes of the next.</summary>
    private struct Carry
    {
        private ulong firstDots;
        private ulong secondDots;
        private ulong digits;
        private ulong colons;
        private int colonCount;

        /// <summary>Dots behind a digit that have another one two to four bytes before them, and that one too.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong ThirdDots(in AddressMarks marks)
        {
            var first = marks.Dots & ((marks.Digits << 1) | (digits >> 63));
            var second = first & After(first, firstDots);
            var third = first & After(second, secondDots);
            (firstDots, secondDots, digits) = (first, second, marks.Digits);
            return third;
        }

        /// <summary>
        /// Second colons of a pair, and <c>%3A</c>. An address without a pair has six colons at least: where so many
        /// stand in two blocks, every colon behind a hex digit.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ulong Colons<TReader>(in AddressMarks marks, ReadOnlySpan<byte> s, int position, ulong valid)
            where TReader : struct, IBlockReader
        {
            var found = marks.Colons & ((marks.Colons << 1) | (colons >> 63));
            var count = BitOperations.PopCount(marks.Colons);
            if (count + colonCount >= 6)
            {
                found |= ColonsBehindHex<TReader>(marks, s, position);
            }

            if (marks.Percents != 0)
            {
                found |= EncodedColons(marks, s, position);
            }

            (colons, colonCount) = (marks.Colons, count);
            return found & valid;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong After(ulong marks, ulong before) =>
            (marks << 2) | (marks << 3) | (marks << 4) | (before >> 62) | (before >> 61) | (before >> 60);

        private static ulong ColonsBehindHex<TReader>(in AddressMarks marks, ReadOnlySpan<byte> s, int position)
            where TReader : struct, IBlockReader
        {
            var hex = TReader.Hex(ref Unsafe.Add(ref MemoryMarshal.GetReference(s), position));
            var before = position > 0 && AsciiBytes.IsHex(s[position - 1]) ? 1UL : 0;
            return marks.Colons & ((hex << 1) | before);
        }

        private static ulong EncodedColons(in AddressMarks marks, ReadOnlySpan<byte> s, int position)
        {
            ulong found = 0;
            for (var left = marks.Percents; left != 0; left &= left - 1)
            {
                var at = BitOperations.TrailingZeroCount(left);
                found |= AddressReader.ColonWidth(s, position + at) == 3 ? 1UL << at : 0;
            }

            return found;
        }
    }
}
