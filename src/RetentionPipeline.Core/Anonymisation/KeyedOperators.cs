using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// <c>hmac</c>: <c>h</c>, the epoch, a dot and base64url of the first 16 bytes of HMAC-SHA-256(key, <c>hmac</c> ‖ 0x0a ‖
/// text), the text in UTF-8 as it stands. The same text has the same one until the key of the epoch is destroyed. What is written so already stays.
/// </summary>
internal static class KeyedFunctions
{
    private const int Bytes = 16;
    private const int Letters = 22;

    public static object? Hmac(object value, KeyUse use, OperatorKeys keys)
    {
        if (TextOf(value) is not { } text)
        {
            return null;
        }

        return IsPseudonym(text)
            ? text
            : $"h{use.Epoch.ToString(CultureInfo.InvariantCulture)}.{Base64Url.EncodeToString(Mac(keys.Get(use), "hmac", text).AsSpan(0, Bytes))}";
    }

    /// <summary>HMAC-SHA-256 over a domain and a text.</summary>
    public static byte[] Mac(byte[] key, string domain, string text) =>
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{domain}\n{text}"));

    /// <summary>Text, numbers and identifiers have a text; anything else may hold anything.</summary>
    public static string? TextOf(object? value) => value switch
    {
        string text => text,
        long or double or Guid => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static bool IsPseudonym(string text) =>
        text.IndexOf('.', StringComparison.Ordinal) is > 1 and <= 5 and var dot && text[0] == 'h' && text[1] != '0'
        && text.AsSpan(1, dot - 1).IndexOfAnyExceptInRange('0', '9') < 0 && text.Length == dot + 1 + Letters
        && Base64Url.IsValid(text.AsSpan(dot + 1));
}

/// <summary>
/// <c>shift-date</c>: moves a date by whole days, at most so many and never none, the same for one subject: order and
/// distances within a person's records stay. Not idempotent: the record's stage keeps it from running twice, and it is
/// not offered for streams. A date without a subject becomes null.
/// </summary>
internal sealed class DateShift(string field, string subjectField, int maxDays, Func<byte[]> key) : IFieldOperator
{
    private const int DateLength = 10;
    private static readonly SearchValues<char> OfTime = SearchValues.Create("0123456789:.,+-Zz");

    public IReadOnlyList<string> Names { get; } = [field, subjectField];

    public bool TakesWhole => false;

    public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields)
    {
        if (fields.TryGetValue(field, out var value) && value is not null)
        {
            var subject = KeyedFunctions.TextOf(fields.GetValueOrDefault(subjectField));
            yield return new(field, subject is null ? null : Shift(value, DaysOf(subject)));
        }
    }

    private int DaysOf(string subject)
    {
        var mac = KeyedFunctions.Mac(key(), "shift-date", subject);
        var place = (int)(BinaryPrimitives.ReadUInt64BigEndian(mac) % (ulong)(2 * maxDays));
        return place < maxDays ? place - maxDays : place - maxDays + 1;
    }

    /// <summary>Only the date of a text changes; time and offset stay as they are written.</summary>
    private static object? Shift(object value, int days) => value switch
    {
        DateTimeOffset at => at.UtcDateTime > DateTime.MinValue.AddDays(1000) && at.UtcDateTime < DateTime.MaxValue.AddDays(-1000)
            ? at.AddDays(days)
            : null,
        string text when text.Length >= DateLength
            && DateOnly.TryParseExact(text.AsSpan(0, DateLength), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            && IsTime(text[DateLength..]) && date.DayNumber + days is >= 0 and <= 3652058 =>
            $"{date.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}{text[DateLength..]}",
        _ => null,
    };

    /// <summary>Nothing, or what ISO 8601 writes behind a date.</summary>
    private static bool IsTime(string rest) => rest.Length == 0
        || (rest[0] is 'T' or 't' or ' ' && !rest.AsSpan(1).ContainsAnyExcept(OfTime));
}
