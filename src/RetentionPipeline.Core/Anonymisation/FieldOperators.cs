using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Changes fields of a record. Pure and idempotent.</summary>
public interface IFieldOperator
{
    /// <summary>The fields to change, with their new values; <see cref="DroppedField"/> for one that goes.</summary>
    IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields);
}

/// <summary>A field that goes, as against one that is set to null.</summary>
public sealed record DroppedField
{
    /// <summary>The only value.</summary>
    public static readonly DroppedField Value = new();

    private DroppedField()
    {
    }
}

/// <summary>An operator over one field: a function of its value. A field that is missing or null stays so.</summary>
internal sealed class OneField(string field, Func<object, object?> change) : IFieldOperator
{
    public IEnumerable<KeyValuePair<string, object?>> Apply(IReadOnlyDictionary<string, object?> fields)
    {
        if (fields.TryGetValue(field, out var value) && value is not null)
        {
            var changed = change(value);
            if (!Equals(changed, value))
            {
                yield return new(field, changed);
            }
        }
    }
}

/// <summary>The functions behind the operators' names.</summary>
internal static class FieldFunctions
{
    /// <summary>An address, alone or within text.</summary>
    public static object? TruncateIp(object value, AddressBits bits) => OnText(value, bytes => AddressText.Cut(bytes, bits));

    /// <summary>A field known to be a host name keeps its last labels.</summary>
    public static object? TruncateHost(object value, int keepLabels)
    {
        if (value is not string host)
        {
            return null;
        }

        var labels = host.TrimEnd('.').Split('.');
        return labels.Length <= keepLabels ? host : string.Join('.', labels[^keepLabels..]);
    }

    /// <summary>Rounds down to a multiple.</summary>
    public static object? RoundNumber(object value, long to) => value switch
    {
        long number => number - (((number % to) + to) % to),
        double number => Math.Floor(number / to) * to,
        string text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
            (number - (((number % to) + to) % to)).ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>To the start of its year, month, day or hour, in UTC. What is no date goes.</summary>
    public static object? TruncateDate(object value, string to)
    {
        var text = value as string;
        var at = value as DateTimeOffset?;
        if (text is not null && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed))
        {
            at = parsed;
        }

        if (at is not { } instant)
        {
            return null;
        }

        var utc = instant.UtcDateTime;
        var cut = to switch
        {
            "year" => new DateTime(utc.Year, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            "month" => new DateTime(utc.Year, utc.Month, 1, 0, 0, 0, DateTimeKind.Utc),
            "day" => utc.Date,
            _ => utc.Date.AddHours(utc.Hour),
        };
        var result = new DateTimeOffset(DateTime.SpecifyKind(cut, DateTimeKind.Utc));
        return text is null ? result : result.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
    }

    /// <summary>Keeps the first and the last characters; the rest becomes the mask.</summary>
    public static object? Mask(object value, int first, int last, char mask)
    {
        if (value is not string text)
        {
            return null;
        }

        var runes = text.EnumerateRunes().ToArray();
        var masked = new StringBuilder();
        for (var i = 0; i < runes.Length; i++)
        {
            masked.Append(i < first || i >= runes.Length - last ? runes[i].ToString() : mask.ToString());
        }

        return runes.Length <= first + last ? new string(mask, runes.Length) : masked.ToString();
    }

    /// <summary>The leading characters of a postcode.</summary>
    public static object? Postcode(object value, int keep) =>
        value is string text ? text[..Math.Min(keep, text.Length)].TrimEnd() : null;

    /// <summary>What follows the last @.</summary>
    public static object? EmailDomain(object value) =>
        value is string text ? text[(text.LastIndexOf('@') + 1)..] : null;

    /// <summary>A URL without its query and fragment.</summary>
    public static object? StripQuery(object value) =>
        value is string text && text.IndexOfAny(['?', '#']) is >= 0 and var end ? text[..end] : value as string;

    private static object? OnText(object value, Func<byte[], byte[]> change) =>
        value is string text ? Encoding.UTF8.GetString(change(Encoding.UTF8.GetBytes(text))) : null;
}
