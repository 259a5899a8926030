using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>truncate-ip</c>: walks over a window in blocks of 64 bytes. Shifts of bit masks mark the few bytes where an address is
/// likely. There <see cref="PlainAddresses"/> looks for what nearly every address is, and <see cref="AddressFinder"/> for
/// all that the grammar allows. What lies between two edits is copied in one go.
/// </summary>
internal sealed class AddressScan(AddressFinder finder, PlainAddresses plain, LineTally tally) : IWindowScan
{
    private const int Block = 64;

    public AddressScan(AddressBits bits, LineTally tally)
        : this(new AddressFinder(bits), new PlainAddresses(bits), tally)
    {
    }

    public ScanEnd Scan<TReader>(ReadOnlySpan<byte> s, int from, int limit, int certain, Span<byte> output)
        where TReader : struct, IBlockReader
    {
        ref var source = ref MemoryMarshal.GetReference(s);
        var copy = new GapCopy<TReader>(ref source, ref MemoryMarshal.GetReference(output), from);
        var (settled, lineEnds) = (0, 0L);
        var carry = default(Carry);
        for (var position = from; position < limit; position += Block)
        {
            TReader.Addresses(ref Unsafe.Add(ref source, position), out var marks);
            var valid = limit - position >= Block ? ulong.MaxValue : (1UL << (limit - position)) - 1;
            var six = carry.Colons<TReader>(marks, s, position);
            var nibbles = BitOperations.PopCount(marks.Dots) >= 12 ? marks.Dots & (marks.Dots << 2) : 0;
            for (var found = (carry.ThirdDots(marks) | six | nibbles) & valid; found != 0; found &= found - 1)
            {
                var bit = found & (0 - found);
                var mark = position + BitOperations.TrailingZeroCount(bit);
                if (mark < copy.Consumed || ((bit & six) != 0 && mark < settled))
                {
                    continue;
                }

                var isSix = (bit & six) != 0;
                var look = isSix ? plain.TrySix<TReader>(s, mark, copy.Consumed, out var cut, out settled)
                    : (bit & nibbles) == 0 ? plain.TryFour(s, mark, copy.Consumed, out cut)
                    : PlainAddresses.Unsure(out cut);
                if (look == PlainLook.Cut)
                {
                    tally.Change(lineEnds + BitOperations.PopCount(marks.NewLines & (bit - 1)));
                    copy.Replace(cut.HeadEnd, cut.End, cut.Tail);
                }
                else if (look == PlainLook.Kept)
                {
                    copy.Consumed = cut.End;
                }
                else if (look == PlainLook.Unsure
                    && TryAny(s, mark, isSix, (bit & nibbles) != 0, ref copy, ref settled))
                {
                    tally.Change(lineEnds + BitOperations.PopCount(marks.NewLines & (bit - 1)));
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

    /// <summary>All that the grammar allows; whether anything was changed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAny<TReader>(
        ReadOnlySpan<byte> s, int mark, bool isSix, bool isNibble, ref GapCopy<TReader> copy, ref int settled)
        where TReader : struct, IBlockReader
    {
        Span<byte> text = stackalloc byte[AddressWriter.LongestText];
        AddressEdit edit;
        if (!(isSix
            ? finder.TrySix(s, mark, copy.Consumed, text, out edit, out settled)
            : (isNibble && finder.TryNibbles(s, mark, copy.Consumed, text, out edit))
                || finder.TryFour(s, mark, copy.Consumed, text, out edit)))
        {
            return false;
        }

        var isChanged = edit.TextLength != AddressWriter.Unchanged;
        if (isChanged)
        {
            copy.Replace(edit.At, edit.End, text[..edit.TextLength]);
        }

        copy.Consumed = edit.Resume;
        return isChanged;
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
        public ulong Colons<TReader>(in AddressMarks marks, ReadOnlySpan<byte> s, int position)
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
            return found;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ulong After(ulong marks, ulong before) =>
            (marks << 2) | (marks << 3) | (marks << 4) | (before >> 62) | (before >> 61) | (before >> 60);

        private static ulong ColonsBehindHex<TReader>(in AddressMarks marks, ReadOnlySpan<byte> s, int position)
            where TReader : struct, IBlockReader
        {
            TReader.Run(ref Unsafe.Add(ref MemoryMarshal.GetReference(s), position), out var hex, out _);
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
