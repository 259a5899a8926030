using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>One register of 64 bytes, where the processor has them.</summary>
internal readonly struct Vector512Reader : IBlockReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ref byte from, ref byte to)
    {
        Vector512.LoadUnsafe(ref from, 0).StoreUnsafe(ref to, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Addresses(ref byte from, out AddressMarks marks)
    {
        var v0 = Vector512.LoadUnsafe(ref from, 0);
        marks.Digits = Within(v0, (byte)'0', 9);
        marks.Dots = Equal(v0, (byte)'.');
        marks.Colons = Equal(v0, (byte)':');
        marks.Percents = Equal(v0, (byte)'%');
        marks.NewLines = Equal(v0, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hosts(ref byte from, out HostMarks marks)
    {
        var v0 = Vector512.LoadUnsafe(ref from, 0);
        marks.Digits = Within(v0, (byte)'0', 9);
        marks.Dots = Equal(v0, (byte)'.');
        marks.Dashes = Either(v0, (byte)'-', (byte)'_');
        marks.NewLines = Equal(v0, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Zeros(ref byte from, out ulong zeros, out ulong dots)
    {
        var v0 = Vector512.LoadUnsafe(ref from, 0);
        zeros = Equal(v0, (byte)'0');
        dots = Equal(v0, (byte)'.');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ref byte from, out ulong hex, out ulong colons)
    {
        var v0 = Vector512.LoadUnsafe(ref from, 0);
        var lower = Vector512.Create((byte)0x20);
        hex = Within(v0, (byte)'0', 9) | Within(v0 | lower, (byte)'a', 5);
        colons = Equal(v0, (byte)':');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal(Vector512<byte> v0, byte wanted)
    {
        var all = Vector512.Create(wanted);
        return Vector512.Equals(v0, all).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Either(Vector512<byte> v0, byte first, byte second)
    {
        var (one, other) = (Vector512.Create(first), Vector512.Create(second));
        return (Vector512.Equals(v0, one) | Vector512.Equals(v0, other)).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Within(Vector512<byte> v0, byte first, byte width)
    {
        var (low, most) = (Vector512.Create(first), Vector512.Create(width));
        return Vector512.LessThanOrEqual(v0 - low, most).ExtractMostSignificantBits();
    }
}

/// <summary>Two registers of 32 bytes: AVX2.</summary>
internal readonly struct Vector256Reader : IBlockReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ref byte from, ref byte to)
    {
        Vector256.LoadUnsafe(ref from, 0).StoreUnsafe(ref to, 0);
        Vector256.LoadUnsafe(ref from, 32).StoreUnsafe(ref to, 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Addresses(ref byte from, out AddressMarks marks)
    {
        var v0 = Vector256.LoadUnsafe(ref from, 0);
        var v1 = Vector256.LoadUnsafe(ref from, 32);
        marks.Digits = Within(v0, v1, (byte)'0', 9);
        marks.Dots = Equal(v0, v1, (byte)'.');
        marks.Colons = Equal(v0, v1, (byte)':');
        marks.Percents = Equal(v0, v1, (byte)'%');
        marks.NewLines = Equal(v0, v1, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hosts(ref byte from, out HostMarks marks)
    {
        var v0 = Vector256.LoadUnsafe(ref from, 0);
        var v1 = Vector256.LoadUnsafe(ref from, 32);
        marks.Digits = Within(v0, v1, (byte)'0', 9);
        marks.Dots = Equal(v0, v1, (byte)'.');
        marks.Dashes = Either(v0, v1, (byte)'-', (byte)'_');
        marks.NewLines = Equal(v0, v1, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Zeros(ref byte from, out ulong zeros, out ulong dots)
    {
        var v0 = Vector256.LoadUnsafe(ref from, 0);
        var v1 = Vector256.LoadUnsafe(ref from, 32);
        zeros = Equal(v0, v1, (byte)'0');
        dots = Equal(v0, v1, (byte)'.');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ref byte from, out ulong hex, out ulong colons)
    {
        var v0 = Vector256.LoadUnsafe(ref from, 0);
        var v1 = Vector256.LoadUnsafe(ref from, 32);
        var lower = Vector256.Create((byte)0x20);
        hex = Within(v0, v1, (byte)'0', 9) | Within(v0 | lower, v1 | lower, (byte)'a', 5);
        colons = Equal(v0, v1, (byte)':');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal(Vector256<byte> v0, Vector256<byte> v1, byte wanted)
    {
        var all = Vector256.Create(wanted);
        return (ulong)Vector256.Equals(v0, all).ExtractMostSignificantBits()
            | ((ulong)Vector256.Equals(v1, all).ExtractMostSignificantBits() << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Either(Vector256<byte> v0, Vector256<byte> v1, byte first, byte second)
    {
        var (one, other) = (Vector256.Create(first), Vector256.Create(second));
        return (ulong)(Vector256.Equals(v0, one) | Vector256.Equals(v0, other)).ExtractMostSignificantBits()
            | ((ulong)(Vector256.Equals(v1, one) | Vector256.Equals(v1, other)).ExtractMostSignificantBits() << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Within(Vector256<byte> v0, Vector256<byte> v1, byte first, byte width)
    {
        var (low, most) = (Vector256.Create(first), Vector256.Create(width));
        return (ulong)Vector256.LessThanOrEqual(v0 - low, most).ExtractMostSignificantBits()
            | ((ulong)Vector256.LessThanOrEqual(v1 - low, most).ExtractMostSignificantBits() << 32);
    }
}

/// <summary>Four registers of 16 bytes: every processor that .NET runs on.</summary>
internal readonly struct Vector128Reader : IBlockReader
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ref byte from, ref byte to)
    {
        Vector128.LoadUnsafe(ref from, 0).StoreUnsafe(ref to, 0);
        Vector128.LoadUnsafe(ref from, 16).StoreUnsafe(ref to, 16);
        Vector128.LoadUnsafe(ref from, 32).StoreUnsafe(ref to, 32);
        Vector128.LoadUnsafe(ref from, 48).StoreUnsafe(ref to, 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Addresses(ref byte from, out AddressMarks marks)
    {
        var v0 = Vector128.LoadUnsafe(ref from, 0);
        var v1 = Vector128.LoadUnsafe(ref from, 16);
        var v2 = Vector128.LoadUnsafe(ref from, 32);
        var v3 = Vector128.LoadUnsafe(ref from, 48);
        marks.Digits = Within(v0, v1, v2, v3, (byte)'0', 9);
        marks.Dots = Equal(v0, v1, v2, v3, (byte)'.');
        marks.Colons = Equal(v0, v1, v2, v3, (byte)':');
        marks.Percents = Equal(v0, v1, v2, v3, (byte)'%');
        marks.NewLines = Equal(v0, v1, v2, v3, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hosts(ref byte from, out HostMarks marks)
    {
        var v0 = Vector128.LoadUnsafe(ref from, 0);
        var v1 = Vector128.LoadUnsafe(ref from, 16);
        var v2 = Vector128.LoadUnsafe(ref from, 32);
        var v3 = Vector128.LoadUnsafe(ref from, 48);
        marks.Digits = Within(v0, v1, v2, v3, (byte)'0', 9);
        marks.Dots = Equal(v0, v1, v2, v3, (byte)'.');
        marks.Dashes = Either(v0, v1, v2, v3, (byte)'-', (byte)'_');
        marks.NewLines = Equal(v0, v1, v2, v3, (byte)'\n');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Zeros(ref byte from, out ulong zeros, out ulong dots)
    {
        var v0 = Vector128.LoadUnsafe(ref from, 0);
        var v1 = Vector128.LoadUnsafe(ref from, 16);
        var v2 = Vector128.LoadUnsafe(ref from, 32);
        var v3 = Vector128.LoadUnsafe(ref from, 48);
        zeros = Equal(v0, v1, v2, v3, (byte)'0');
        dots = Equal(v0, v1, v2, v3, (byte)'.');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ref byte from, out ulong hex, out ulong colons)
    {
        var v0 = Vector128.LoadUnsafe(ref from, 0);
        var v1 = Vector128.LoadUnsafe(ref from, 16);
        var v2 = Vector128.LoadUnsafe(ref from, 32);
        var v3 = Vector128.LoadUnsafe(ref from, 48);
        var lower = Vector128.Create((byte)0x20);
        hex = Within(v0, v1, v2, v3, (byte)'0', 9) | Within(v0 | lower, v1 | lower, v2 | lower, v3 | lower, (byte)'a', 5);
        colons = Equal(v0, v1, v2, v3, (byte)':');
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Equal(Vector128<byte> v0, Vector128<byte> v1, Vector128<byte> v2, Vector128<byte> v3, byte wanted)
    {
        var all = Vector128.Create(wanted);
        return (ulong)Vector128.Equals(v0, all).ExtractMostSignificantBits()
            | ((ulong)Vector128.Equals(v1, all).ExtractMostSignificantBits() << 16)
            | ((ulong)Vector128.Equals(v2, all).ExtractMostSignificantBits() << 32)
            | ((ulong)Vector128.Equals(v3, all).ExtractMostSignificantBits() << 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Either(Vector128<byte> v0, Vector128<byte> v1, Vector128<byte> v2, Vector128<byte> v3, byte first, byte second)
    {
        var (one, other) = (Vector128.Create(first), Vector128.Create(second));
        return (ulong)(Vector128.Equals(v0, one) | Vector128.Equals(v0, other)).ExtractMostSignificantBits()
            | ((ulong)(Vector128.Equals(v1, one) | Vector128.Equals(v1, other)).ExtractMostSignificantBits() << 16)
            | ((ulong)(Vector128.Equals(v2, one) | Vector128.Equals(v2, other)).ExtractMostSignificantBits() << 32)
            | ((ulong)(Vector128.Equals(v3, one) | Vector128.Equals(v3, other)).ExtractMostSignificantBits() << 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Within(Vector128<byte> v0, Vector128<byte> v1, Vector128<byte> v2, Vector128<byte> v3, byte first, byte width)
    {
        var (low, most) = (Vector128.Create(first), Vector128.Create(width));
        return (ulong)Vector128.LessThanOrEqual(v0 - low, most).ExtractMostSignificantBits()
            | ((ulong)Vector128.LessThanOrEqual(v1 - low, most).ExtractMostSignificantBits() << 16)
            | ((ulong)Vector128.LessThanOrEqual(v2 - low, most).ExtractMostSignificantBits() << 32)
            | ((ulong)Vector128.LessThanOrEqual(v3 - low, most).ExtractMostSignificantBits() << 48);
    }
}
