using System.Buffers.Binary;
using System.Numerics;

namespace RetentionPipeline.Local.Endpoints.Cosmos.Keys;

/// <summary>MurmurHash3, the 128-bit form for 64-bit machines, with seed 0 (Austin Appleby, public domain).</summary>
internal static class Murmur128
{
    private const ulong First = 0x87c37b91114253d5;
    private const ulong Second = 0x4cf5ad432745937f;

    public static (ulong High, ulong Low) Hash(ReadOnlySpan<byte> bytes)
    {
        ulong low = 0, high = 0;
        var rest = bytes;
        for (; rest.Length >= 16; rest = rest[16..])
        {
            low ^= MixLow(BinaryPrimitives.ReadUInt64LittleEndian(rest));
            low = ((BitOperations.RotateLeft(low, 27) + high) * 5) + 0x52dce729;
            high ^= MixHigh(BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
            high = ((BitOperations.RotateLeft(high, 31) + low) * 5) + 0x38495ab5;
        }

        // The last, short block counts as if zeros followed: a mixed zero is zero.
        Span<byte> tail = stackalloc byte[16];
        rest.CopyTo(tail);
        low ^= MixLow(BinaryPrimitives.ReadUInt64LittleEndian(tail));
        high ^= MixHigh(BinaryPrimitives.ReadUInt64LittleEndian(tail[8..]));

        low ^= (ulong)bytes.Length;
        high ^= (ulong)bytes.Length;
        low += high;
        high += low;
        low = Finish(low);
        high = Finish(high);
        low += high;
        high += low;
        return (high, low);
    }

    private static ulong MixLow(ulong block) => BitOperations.RotateLeft(block * First, 31) * Second;

    private static ulong MixHigh(ulong block) => BitOperations.RotateLeft(block * Second, 33) * First;

    private static ulong Finish(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
        return value ^ (value >> 33);
    }
}
