namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Instants as logs write them (RFC 3339 and ISO 8601 in the long form), by their bytes.</summary>
internal static class PlainInstant
{
    /// <summary>Of <c>2026-11-25T10:15:30Z</c>.</summary>
    public const int Length = 20;
    private const int ToSeconds = 19;
    private const int MostDecimals = 7;
    private const int LargestOffsetHours = 13;

    /// <summary>The second, in UTC: decimal places are passed over. Without an offset it is UTC.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out DateTime utc)
    {
        utc = default;
        if (text.Length < ToSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        {
            return false;
        }

        var (year, month, day) = ((Two(text, 0) * 100) + Two(text, 2), Two(text, 5), Two(text, 8));
        var (hour, minute, second) = (Two(text, 11), Two(text, 14), Two(text, 17));
        if (Two(text, 0) < 0 || Two(text, 2) < 0 || year is < 2 or > 9998 || month is < 1 or > 12 || day < 1
            || day > DateTime.DaysInMonth(year, month) || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59)
        {
            return false;
        }

        var rest = text[ToSeconds..];
        if (rest is [(byte)'.', ..])
        {
            var decimals = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') is >= 0 and var other ? other : rest.Length - 1;
            if (decimals is < 1 or > MostDecimals)
            {
                return false;
            }

            rest = rest[(1 + decimals)..];
        }

        if (!TryOffset(rest, out var minutes))
        {
            return false;
        }

        utc = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).AddMinutes(-minutes);
        return true;
    }

    /// <summary>The start of its year, month, day or hour.</summary>
    public static void Write(DateTime utc, string to, Span<byte> text)
    {
        "0000-01-01T00:00:00Z"u8.CopyTo(text);
        Put(text, 0, utc.Year / 100);
        Put(text, 2, utc.Year % 100);
        if (to != "year")
        {
            Put(text, 5, utc.Month);
            Put(text, 8, to == "month" ? 1 : utc.Day);
            Put(text, 11, to is "month" or "day" ? 0 : utc.Hour);
        }
    }

    private static bool TryOffset(ReadOnlySpan<byte> rest, out int minutes)
    {
        minutes = 0;
        if (rest.IsEmpty || rest is [(byte)'Z'])
        {
            return true;
        }

        if (rest is not [(byte)'+' or (byte)'-', _, _, (byte)':', _, _] || Two(rest, 1) is < 0 or > LargestOffsetHours
            || Two(rest, 4) is < 0 or > 59)
        {
            return false;
        }

        minutes = ((Two(rest, 1) * 60) + Two(rest, 4)) * (rest[0] == '-' ? -1 : 1);
        return true;
    }

    /// <summary>Two digits, or -1.</summary>
    private static int Two(ReadOnlySpan<byte> text, int at) =>
        AsciiBytes.IsDigit(text[at]) && AsciiBytes.IsDigit(text[at + 1]) ? ((text[at] - '0') * 10) + text[at + 1] - '0' : -1;

    private static void Put(Span<byte> text, int at, int number) =>
        (text[at], text[at + 1]) = ((byte)('0' + (number / 10)), (byte)('0' + (number % 10)));
}
