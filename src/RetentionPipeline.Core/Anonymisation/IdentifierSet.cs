using System.Buffers;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Finds identifiers in text: case does not count, both sides must be delimited (<c>ann@x</c> is not in
/// <c>joann@x</c>), and the forms that logs write them in count as well: percent-encoded as in a URL, and with JSON's
/// <c>\u</c> escapes. The cost grows with the text, not with text times identifiers.
/// </summary>
public sealed class IdentifierSet
{
    private readonly SearchValues<string> forms;
    private readonly string[] byLength;

    /// <summary>Takes the identifiers; white space around them does not count.</summary>
    public IdentifierSet(IEnumerable<string> identifiers)
    {
        byLength = [.. identifiers.Select(text => text.Trim()).Where(text => text.Length > 0)
            .SelectMany(Forms).Distinct(StringComparer.OrdinalIgnoreCase).OrderByDescending(form => form.Length)];
        forms = SearchValues.Create(byLength, StringComparison.OrdinalIgnoreCase);
        LongestBytes = byLength.Length == 0 ? 0 : byLength.Max(Encoding.UTF8.GetByteCount) * 2;
    }

    /// <summary>No occurrence is longer, in bytes.</summary>
    public int LongestBytes { get; }

    /// <summary>Whether one of them is in the bytes, read as UTF-8; other bytes match nothing.</summary>
    public bool IsIn(ReadOnlySpan<byte> bytes)
    {
        if (byLength.Length == 0)
        {
            return false;
        }

        var text = Encoding.UTF8.GetString(bytes);
        if (!text.IsNormalized(NormalizationForm.FormC))
        {
            text = text.Normalize(NormalizationForm.FormC);
        }

        for (var at = 0; at < text.Length;)
        {
            var found = text.AsSpan(at).IndexOfAny(forms);
            if (found < 0)
            {
                return false;
            }

            at += found;
            if (IsDelimited(text, at))
            {
                return true;
            }

            at++;
        }

        return false;
    }

    private bool IsDelimited(string text, int at)
    {
        if (at > 0 && char.IsLetterOrDigit(text[at - 1]) && !EndsEscape(text.AsSpan(0, at)))
        {
            return false;
        }

        return byLength.Any(form =>
            at + form.Length <= text.Length
            && text.AsSpan(at, form.Length).Equals(form, StringComparison.OrdinalIgnoreCase)
            && (at + form.Length == text.Length || !char.IsLetterOrDigit(text[at + form.Length])));
    }

    /// <summary>An escape delimits although it ends in a letter or digit: <c>%20</c>, <c>\n</c>, <c>\u003c</c>.</summary>
    private static bool EndsEscape(ReadOnlySpan<char> before)
    {
        var n = before.Length;
        return (n >= 3 && before[n - 3] == '%' && char.IsAsciiHexDigit(before[n - 2]))
            || (n >= 2 && before[n - 2] == '\\')
            || (n >= 6 && before[n - 6] == '\\' && before[n - 5] == 'u');
    }

    private static IEnumerable<string> Forms(string identifier)
    {
        var text = identifier.Normalize(NormalizationForm.FormC);
        yield return text;
        yield return Uri.EscapeDataString(text);
        yield return string.Concat(text.Select(c =>
            char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c.ToString() : $"\\u{(int)c:x4}"));
    }
}
