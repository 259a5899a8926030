using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>The functions behind the operators' names.</summary>
internal static class FieldFunctions
{
    private const double LargestExact = 1L << 53;

    /// <summary>An address, alone or within text.</summary>
    public static object? TruncateIp(object value, AddressText addresses) => OnText(value, bytes => addresses.Cut(bytes));

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

    /// <summary>Rounds down to a multiple. Beyond 2^53 not every whole number is a double: such a value is not read.</summary>
    public static object? RoundNumber(object value, long to) => value switch
    {
        long number => Down(number, to),
        double number => Math.Abs(number) < LargestExact ? Math.Floor(number / to) * to : null,
        string text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) =>
            Down(number, to)?.ToString(CultureInfo.InvariantCulture),
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

    /// <summary>What follows the last @, or all of it, where that may be a domain: letters, digits, hyphens and a dot.</summary>
    public static object? EmailDomain(object value) =>
        value is string text && text[(text.LastIndexOf('@') + 1)..] is var domain && domain.Contains('.', StringComparison.Ordinal)
        && domain.All(c => char.IsLetterOrDigit(c) || c is '.' or '-')
            ? domain
            : null;

    /// <summary>A URL without its query and fragment; parameters of the given names stay.</summary>
    public static object? StripQuery(object value, IReadOnlySet<string> keep)
    {
        if (value is not string text)
        {
            return null;
        }

        var end = text.IndexOfAny(['?', '#']);
        if (end < 0)
        {
            return text;
        }

        var query = text[end] == '?' ? text[(end + 1)..].Split('#')[0] : "";
        var kept = string.Join('&', query.Split('&').Where(pair => keep.Contains(Uri.UnescapeDataString(pair.Split('=')[0]))));
        return kept.Length == 0 ? text[..end] : $"{text[..end]}?{kept}";
    }

    private static long? Down(long number, long to)
    {
        var above = ((number % to) + to) % to;
        return number < long.MinValue + above ? null : number - above;
    }

    private static object? OnText(object value, Func<byte[], byte[]> change) =>
        value is string text ? Encoding.UTF8.GetString(change(Encoding.UTF8.GetBytes(text))) : null;
}
