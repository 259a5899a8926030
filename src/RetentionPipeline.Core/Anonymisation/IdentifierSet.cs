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
    private readonly int[] lengths;
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> known;

    /// <summary>Takes the identifiers; white space around them does not count.</summary>
    public IdentifierSet(IEnumerable<string> identifiers)
    {
        var all = identifiers.Select(text => text.Trim()).Where(text => text.Length > 0)
            .SelectMany(Forms).ToHashSet(StringComparer.OrdinalIgnoreCase);
        known = all.GetAlternateLookup<ReadOnlySpan<char>>();
        lengths = [.. all.Select(form => form.Length).Distinct().Order()];
        forms = SearchValues.Create([.. all], StringComparison.OrdinalIgnoreCase);
        LongestBytes = all.Count == 0 ? 0 : all.Max(Encoding.UTF8.GetByteCount) * 2;
    }

    /// <summary>No occurrence is longer, in bytes.</summary>
    public int LongestBytes { get; }

    /// <summary>Whether one of them is in the bytes, read as UTF-8; other bytes match nothing.</summary>
    public bool IsIn(ReadOnlySpan<byte> bytes)
    {
        if (lengths.Length == 0)
        {
            return false;
        }

        var characters = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            ReadOnlySpan<char> text = characters.AsSpan(0, Encoding.UTF8.GetChars(bytes, characters));
            return IsIn(text.IsNormalized(NormalizationForm.FormC) ? text : text.ToString().Normalize(NormalizationForm.FormC));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters, clearArray: true);
        }
    }

    private bool IsIn(ReadOnlySpan<char> text)
    {
        for (var at = 0; at < text.Length;)
        {
            var found = text[at..].IndexOfAny(forms);
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

    private bool IsDelimited(ReadOnlySpan<char> text, int at)
    {
        if (at > 0 && char.IsLetterOrDigit(text[at - 1]) && !EndsEscape(text[..at]))
        {
            return false;
        }

        foreach (var length in lengths)
        {
            if (at + length <= text.Length && known.Contains(text.Slice(at, length))
                && (at + length == text.Length || !char.IsLetterOrDigit(text[at + length])))
            {
                return true;
            }
        }

        return false;
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
