using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Numbers with a decimal point and few digits, read and written without rounding anything: what has at most 15 digits is
/// one division of two whole numbers that a double holds, and IEEE 754 rounds a division to the nearest double, as a
/// careful reader of the text does. The other way round, of a double that is nearest to a number of so few digits these
/// digits are the shortest that read as it.
/// </summary>
internal static class PlainNumber
{
    /// <summary>Sign, whole part, point and fraction of what is written here.</summary>
    public const int Longest = 24;
    private const int MostDigits = 15;
    private const int Places = 6;
    private const double Scale = 1_000_000;
    private const double Smallest = 0.001;
    private const double Largest = 1_000;

    private static ReadOnlySpan<double> Powers =>
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    /// <summary>A number with a point and digits on both sides; not negative zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryRead(ReadOnlySpan<byte> text, out double number)
    {
        var (at, whole, point) = (text is [(byte)'-', ..] ? 1 : 0, 0L, -1);
        var first = at;
        number = 0;
        if (text.Length - at > MostDigits + 1)
        {
            return false;
        }

        for (; at < text.Length; at++)
        {
            var digit = text[at] - '0';
            if ((uint)digit <= 9)
            {
                whole = (10 * whole) + digit;
            }
            else if (text[at] == '.' && point < 0 && at > first)
            {
                point = at;
            }
            else
            {
                return false;
            }
        }

        if (point < 0 || point == text.Length - 1 || whole == 0)
        {
            return false;
        }

        number = (first > 0 ? -whole : whole) / Powers[text.Length - 1 - point];
        return true;
    }

    /// <summary>Writes a number of at most six decimal places, from 0.001 up to a thousand, as its shortest text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryWrite(double number, Span<byte> text, out int length)
    {
        length = 0;
        var scaled = Math.Round(number * Scale);
        if (!(Math.Abs(number) is >= Smallest and < Largest) || scaled / Scale != number)
        {
            return false;
        }

        var left = (uint)Math.Abs(scaled);
        Span<byte> digits = stackalloc byte[Longest];
        var at = Longest;
        var isSignificant = false;
        for (var place = 0; left > 0 || place <= Places; place++)
        {
            var rest = left / 10;
            var digit = left - (10 * rest);
            if (place == Places && isSignificant)
            {
                digits[--at] = (byte)'.';
            }

            isSignificant |= digit != 0 || place >= Places;
            if (isSignificant)
            {
                digits[--at] = (byte)('0' + digit);
            }

            left = rest;
        }

        if (number < 0)
        {
            digits[--at] = (byte)'-';
        }

        length = Longest - at;
        digits[at..].CopyTo(text);
        return true;
    }
}
