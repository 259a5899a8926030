using System.Buffers;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Finds identifiers in text: case does not count, both sides must be delimited (<c>ann@x</c> is not in
/// <c>joann@x</c>), and the forms that logs write them in count as well: percent-encoded as in a URL, and with JSON's
/// <c>\u</c> escapes. The cost grows with the text, not with text times identifiers:
/// only where an identifier may begin, and begins as one of them does, is it looked up.
/// </summary>
public sealed class IdentifierSet
{
    private const int LongestHead = 4;
    private const int HeadBits = 20;

    private readonly int[] lengths;
    private readonly int headLength;
    private readonly uint headMask;
    private readonly ulong[] heads = [];
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> known;

    /// <summary>Takes the identifiers; white space around them does not count.</summary>
    public IdentifierSet(IEnumerable<string> identifiers)
    {
        var all = identifiers.Select(text => text.Trim()).Where(text => text.Length > 0)
            .SelectMany(Forms).ToHashSet(StringComparer.OrdinalIgnoreCase);
        known = all.GetAlternateLookup<ReadOnlySpan<char>>();
        lengths = [.. all.Select(form => form.Length).Distinct().Order()];
        if (lengths.Length > 0)
        {
            headLength = Math.Min(LongestHead, lengths[0]);
            headMask = uint.MaxValue >> (8 * (LongestHead - headLength));
            heads = new ulong[1 << (HeadBits - 6)];
            foreach (var form in all)
            {
                var head = HeadOf(form);
                heads[head >> 6] |= 1UL << (int)(head & 63);
            }
        }

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
        var start = 0u;
        for (var end = 0; end < text.Length; end++)
        {
            start = (start << 8) | Fold(text[end]);
            var at = end - headLength + 1;
            var head = HashOf(start);
            if (at >= 0 && (heads[head >> 6] >> (int)(head & 63) & 1) != 0 && MayBegin(text, at) && IsAt(text, at))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MayBegin(ReadOnlySpan<char> text, int at) =>
        at == 0 || !char.IsLetterOrDigit(text[at - 1]) || EndsEscape(text[..at]);

    private bool IsAt(ReadOnlySpan<char> text, int at)
    {
        foreach (var length in lengths)
        {
            if (at + length > text.Length)
            {
                break;
            }

            if ((at + length == text.Length || !char.IsLetterOrDigit(text[at + length])) && known.Contains(text.Slice(at, length)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first characters, the same in any case.</summary>
    private uint HeadOf(string form) => HashOf(form.AsSpan(0, headLength).ToArray().Aggregate(0u, (start, c) => (start << 8) | Fold(c)));

    private uint HashOf(uint start) => ((start & headMask) * 2654435761u) >> (32 - HeadBits);

    /// <summary>
    /// Beyond ASCII every character is one, and so are the letters that have a partner there (the long s, the Kelvin sign,
    /// the i without a dot): whatever the comparison holds to be equal has one fold.
    /// </summary>
    private static uint Fold(char c) => c >= 128 ? 0 : (uint)(c | 0x20) switch
    {
        'i' or 'k' or 's' => 0,
        var lower => lower,
    };

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
