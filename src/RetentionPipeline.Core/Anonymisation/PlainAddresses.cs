using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What a look for a plain address says.</summary>
internal enum PlainLook
{
    /// <summary>It is for <see cref="AddressFinder"/> to say.</summary>
    Unsure,

    /// <summary>There is none.</summary>
    None,

    /// <summary>There is one, and what it becomes is known.</summary>
    Cut,

    /// <summary>There is one that is cut already.</summary>
    Kept,
}

/// <summary>An address that keeps its first bytes as they stand.</summary>
/// <param name="HeadEnd">Up to here they stay.</param>
/// <param name="End">Where the address ends.</param>
/// <param name="Tail">What comes in place of the rest, or 0 for nothing.</param>
internal readonly record struct PlainCut(int HeadEnd, int End, byte Tail);

/// <summary>
/// What nearly every address in a log is: written as usual, between bytes that are part of no escape and no longer name,
/// cut at a border of its text (/24 and /48). Decided with a few vector operations and hardly a branch. Whatever is out of
/// the ordinary is left to <see cref="AddressFinder"/>; the two agree wherever this one is sure.
/// </summary>
internal sealed class PlainAddresses
{
    private const int Around = 64;
    private const int LongestSix = 39;
    private const int Fingerprint = 23;

    /// <summary>Of four numbers of given lengths: which byte of the text is which digit, four bytes a number.</summary>
    private readonly Vector128<byte>[] places = new Vector128<byte>[81];

    /// <summary>The least that numbers of these lengths are without a leading zero, a digit a byte.</summary>
    private readonly Vector128<uint>[] least = new Vector128<uint>[81];
    private readonly bool[] delimits = new bool[256];
    private readonly bool cutsFour;
    private readonly bool cutsSix;

    public PlainAddresses(AddressBits bits)
    {
        (cutsFour, cutsSix) = (bits.V4 == 24 && Vector128.IsHardwareAccelerated, bits.V6 == 48);
        for (var i = 0; i < delimits.Length; i++)
        {
            delimits[i] = !AsciiBytes.IsLetterOrDigit((byte)i) && (char)i is not ('.' or '%' or '\\');
        }

        Span<byte> shuffle = stackalloc byte[16];
        Span<uint> smallest = stackalloc uint[4];
        for (var key = 0; key < places.Length; key++)
        {
            // The lengths are digits of the key to base 3, the first number's the highest.
            var (at, unit) = (0, 27);
            for (var number = 0; number < 4; number++, unit /= 3)
            {
                var length = (key / unit % 3) + 1;
                for (var digit = 0; digit < 4; digit++)
                {
                    shuffle[(4 * number) + digit] = (byte)(digit < length ? at + length - 1 - digit : 0x80);
                }

                smallest[number] = length switch { 1 => 0u, 2 => 0x1_00u, _ => 0x1_00_00u };
                at += length + 1;
            }

            (places[key], least[key]) = (Vector128.Create<byte>(shuffle), Vector128.Create<uint>(smallest));
        }
    }

    public static PlainLook Unsure(out PlainCut cut)
    {
        cut = default;
        return PlainLook.Unsure;
    }

    /// <summary>The mark is a third dot. Sure only of an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PlainLook TryFour(ReadOnlySpan<byte> s, int mark, int low, out PlainCut cut)
    {
        cut = default;
        if (!cutsFour || mark < Around || mark > s.Length - Around)
        {
            return PlainLook.Unsure;
        }

        ref var source = ref MemoryMarshal.GetReference(s);
        var before = Vector128.LoadUnsafe(ref source, (nuint)mark - 15);
        var behind = Vector128.LoadUnsafe(ref source, (nuint)mark + 1);
        var others = ~(Digits(before) | (Digits(behind) << 16));
        var inner = others & 0x7fff;
        var secondDot = 31 - BitOperations.LeadingZeroCount(inner);
        inner ^= 1u << secondDot;
        var firstDot = 31 - BitOperations.LeadingZeroCount(inner);
        inner ^= 1u << firstDot;
        var begin = 32 - BitOperations.LeadingZeroCount(inner);
        var last = BitOperations.TrailingZeroCount(others >> 16);
        var lengths = ((firstDot - begin - 1) * 27) + ((secondDot - firstDot - 2) * 9) + ((13 - secondDot) * 3) + last - 1;
        var isLong = (uint)(firstDot - begin - 1) > 2 | (uint)(secondDot - firstDot - 2) > 2
            | (uint)(13 - secondDot) > 2 | (uint)(last - 1) > 2;
        var (at, end) = (mark - 15 + begin, mark + 1 + last);
        if (isLong || at < low)
        {
            return PlainLook.Unsure;
        }

        var dots = Unsafe.Add(ref source, mark - 15 + firstDot) == '.' & Unsafe.Add(ref source, mark - 15 + secondDot) == '.';
        var free = delimits[Unsafe.Add(ref source, at - 1)] & delimits[Unsafe.Add(ref source, end)];
        var digits = Vector128.ShuffleNative(Vector128.LoadUnsafe(ref source, (nuint)at), places[lengths]);
        var numbers = Vector128.SubtractSaturate(digits, Vector128.Create((byte)'0')).AsUInt32();
        var outside = Vector128.GreaterThan(numbers, Vector128.Create(0x2_05_05u)) | Vector128.LessThan(numbers, least[lengths]);
        if (!(dots & free) || outside != Vector128<uint>.Zero)
        {
            return PlainLook.Unsure;
        }

        cut = new PlainCut(mark + 1, end, (byte)'0');
        return numbers[3] == 0 ? PlainLook.Kept : PlainLook.Cut;
    }

    /// <summary>The mark is a colon. Also says up to where there is none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public PlainLook TrySix<TReader>(ReadOnlySpan<byte> s, int mark, int low, out PlainCut cut, out int settled)
        where TReader : struct, IBlockReader
    {
        (cut, settled) = (default, 0);
        if (!cutsSix || mark < Around || mark > s.Length - (3 * Around))
        {
            return PlainLook.Unsure;
        }

        ref var source = ref MemoryMarshal.GetReference(s);
        TReader.Run(ref Unsafe.Add(ref source, mark - 63), out var hex, out var colons);
        var at = mark - BitOperations.LeadingZeroCount(~(hex | colons)) + 1;
        TReader.Run(ref Unsafe.Add(ref source, Math.Max(0, at)), out hex, out colons);
        var length = BitOperations.TrailingZeroCount(~(hex | colons));
        if (at < low || mark - at >= LongestSix || length > LongestSix
            || !delimits[Unsafe.Add(ref source, at - 1)] || !delimits[Unsafe.Add(ref source, at + length)])
        {
            return PlainLook.Unsure;
        }

        var run = (1UL << length) - 1;
        colons &= run;
        var pairs = colons & (colons >> 1);
        var count = BitOperations.PopCount(colons);
        var isLong = (hex & (hex >> 1) & (hex >> 2) & (hex >> 3) & (hex >> 4) & run) != 0;
        if (isLong | (colons & 1) != 0 | count > 7 | (pairs & (pairs - 1)) != 0)
        {
            return PlainLook.Unsure;
        }

        if (pairs == 0 && count < 7)
        {
            settled = at + length;
            return PlainLook.None;
        }

        var endsInPair = pairs != 0 && pairs >> (length - 2) != 0;
        return (pairs == 0 && length == Fingerprint) || ((colons >> (length - 1)) != 0 && !endsInPair)
            ? PlainLook.Unsure
            : CutSix(ref source, at, length, colons, pairs, endsInPair ? count - 1 : count, out cut);
    }

    /// <summary>Up to three groups stay, written as RFC 5952 has them; a zero or a capital among them is not for here.</summary>
    private static PlainLook CutSix(
        ref byte source, int at, int length, ulong colons, ulong pairs, int groups, out PlainCut cut)
    {
        var before = pairs == 0 ? 8 : BitOperations.PopCount(colons & (pairs - 1)) + 1;
        var rest = colons & (colons - 1);
        var third = BitOperations.TrailingZeroCount(rest & (rest - 1));
        var head = before >= 3 ? third + 1 : BitOperations.TrailingZeroCount(pairs) + 2;
        var inHead = (1u << head) - 1;
        var text = Vector128.LoadUnsafe(ref source, (nuint)at);
        var capitals = Vector128.LessThanOrEqual(text - Vector128.Create((byte)'A'), Vector128.Create((byte)5)).ExtractMostSignificantBits();
        var zeros = Vector128.Equals(text, Vector128.Create((byte)'0')).ExtractMostSignificantBits();
        var firstDigits = (uint)((colons << 1) | 1);
        cut = new PlainCut(at + head, at + length, before >= 3 ? (byte)':' : (byte)0);
        if (((capitals | (zeros & firstDigits)) & inHead) != 0 || (before < 3 && before + 8 - groups < 3)
            || Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref source, at)) == MemoryMarshal.Read<uint>("2002"u8))
        {
            return PlainLook.Unsure;
        }

        // What ends in a zero may hold nothing but zeros behind its head, and stays as it is written.
        return before <= 3 && length == (before == 3 ? head + 1 : head) ? PlainLook.Kept
            : Unsafe.Add(ref source, at + length - 1) is (byte)'0' or (byte)':' ? PlainLook.Unsure
            : PlainLook.Cut;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Digits(Vector128<byte> text) =>
        Vector128.LessThanOrEqual(text - Vector128.Create((byte)'0'), Vector128.Create((byte)9)).ExtractMostSignificantBits();
}
