using System.Text;
using PhoneNumbers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What <c>scrub-text</c> looks for.</summary>
[Flags]
internal enum ScrubKinds
{
    None = 0,
    Email = 1,
    Ip = 2,
    Card = 4,
    Imei = 8,
    Mac = 16,
    Phone = 32,
}

/// <summary>
/// <c>scrub-text</c>: what has a form of its own in free text is replaced by a label (<c>[email]</c>). Names, addresses of
/// streets and dates of birth have none, and stay. Telephone numbers are those that libphonenumber holds to be valid:
/// without a region only those with a country code.
/// </summary>
/// <param name="kinds">What to look for.</param>
/// <param name="region">Two letters (ISO 3166-1) for national telephone numbers, or null.</param>
internal sealed class TextScrub(ScrubKinds kinds, string? region)
{
    private const string NoRegion = "ZZ";
    private readonly AddressFinder finder = new(new AddressBits(0, 0));

    /// <summary>The text with labels; other values are not read.</summary>
    public object? Change(object value) => value is string text ? ToTheEnd(text) : null;

    /// <summary>
    /// Where two lie against or within each other, a label uncovers the second one: until nothing is found any more. It
    /// ends, as each label stands for signs and digits that no label has.
    /// </summary>
    private string ToTheEnd(string text)
    {
        for (var before = ""; before != text;)
        {
            (before, text) = (text, Once(text));
        }

        return text;
    }

    private string Once(string text)
    {
        text = kinds.HasFlag(ScrubKinds.Email) ? Label(text, "[email]", EmailForms.Find(text)) : text;
        text = kinds.HasFlag(ScrubKinds.Mac) ? Label(text, "[mac]", MacForms.Find(text)) : text;
        text = kinds.HasFlag(ScrubKinds.Ip) ? Encoding.UTF8.GetString(LabelAddresses(Encoding.UTF8.GetBytes(text))) : text;
        text = kinds.HasFlag(ScrubKinds.Card) ? Label(text, "[card]", DigitForms.Find(text, DigitForms.IsCard)) : text;
        text = kinds.HasFlag(ScrubKinds.Imei) ? Label(text, "[imei]", DigitForms.Find(text, DigitForms.IsImei)) : text;
        return kinds.HasFlag(ScrubKinds.Phone) ? Label(text, "[phone]", Phones(text, region ?? NoRegion)) : text;
    }

    private static string Label(string text, string label, IEnumerable<Range> found)
    {
        var result = new StringBuilder();
        var copied = 0;
        foreach (var range in found)
        {
            var (start, length) = range.GetOffsetAndLength(text.Length);
            if (start >= copied)
            {
                result.Append(text, copied, start - copied).Append(label);
                copied = start + length;
            }
        }

        return copied == 0 ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    private static IEnumerable<Range> Phones(string text, string region)
    {
        // No number is without this many digits; the library is slow.
        const int fewest = 5;
        return text.Count(char.IsDigit) < fewest ? []
            : PhoneNumberUtil.GetInstance().FindNumbers(text, region, PhoneNumberUtil.Leniency.VALID, long.MaxValue)
                .Select(match => (match.Start + (IsOpened(match.RawString) ? 1 : 0))..(match.Start + match.Length)).ToList();
    }

    /// <summary>A bracket that closes behind the number is not of the number.</summary>
    private static bool IsOpened(string number) => number.StartsWith('(') && !number.Contains(')', StringComparison.Ordinal);

    /// <summary>Addresses are those of the grammar that cuts logs.</summary>
    private byte[] LabelAddresses(byte[] text)
    {
        Span<byte> scratch = stackalloc byte[AddressWriter.LongestText];
        var result = new List<byte>(text.Length);
        var (copied, settled) = (0, 0);
        for (var mark = 1; mark < text.Length; mark++)
        {
            var edit = default(AddressEdit);
            var isFound = text[mark] == ':'
                ? mark >= settled && finder.TrySix(text, mark, copied, scratch, out edit, out settled)
                : text[mark] == '.' && IsThirdDot(text, mark) && finder.TryFour(text, mark, copied, scratch, out edit);
            if (isFound)
            {
                result.AddRange(text.AsSpan(copied..edit.At));
                result.AddRange("[ip]"u8);
                copied = edit.End;
                mark = Math.Max(mark, edit.Resume - 1);
            }
        }

        result.AddRange(text.AsSpan(copied));
        return [.. result];
    }

    private static bool IsThirdDot(ReadOnlySpan<byte> text, int mark)
    {
        for (var dots = 0; dots < 2; dots++)
        {
            var before = text[..mark].LastIndexOf((byte)'.');
            if (before < 0 || mark - before is < 2 or > 4)
            {
                return false;
            }

            mark = before;
        }

        return true;
    }
}

/// <summary>E-mail addresses: RFC 5322's unquoted local part, and a domain of two labels or more in any script.</summary>
internal static class EmailForms
{
    // Without those that stand before an address more often than in one: = / ? { } |
    private const string LocalMarks = ".!#$&'*+^_`~-";

    public static IEnumerable<Range> Find(string text)
    {
        for (var at = 0; (at = NextAt(text, at, out var width)) >= 0; at += width)
        {
            var start = at;
            while (start > 0 && (char.IsLetterOrDigit(text[start - 1]) || LocalMarks.Contains(text[start - 1], StringComparison.Ordinal)))
            {
                start--;
            }

            var end = DomainEnd(text, at + width);
            if (start < at && end > 0)
            {
                yield return start..end;
            }
        }
    }

    /// <summary>An at sign, or one as URLs write it.</summary>
    private static int NextAt(string text, int from, out int width)
    {
        var plain = text.IndexOf('@', from);
        var encoded = text.IndexOf("%40", from, StringComparison.Ordinal);
        width = plain >= 0 && (encoded < 0 || plain < encoded) ? 1 : 3;
        return width == 1 ? plain : encoded;
    }

    private static int DomainEnd(string text, int at)
    {
        var (labels, end, last) = (0, -1, at);
        for (var label = at; label < text.Length; label = end + 1)
        {
            var stop = label;
            while (stop < text.Length && (char.IsLetterOrDigit(text[stop]) || text[stop] == '-'))
            {
                stop++;
            }

            if (stop == label)
            {
                break;
            }

            (last, end) = (label, stop);
            labels++;
            if (stop == text.Length || text[stop] != '.')
            {
                break;
            }
        }

        return labels >= 2 && end - last >= 2 && char.IsLetter(text[last]) ? end : -1;
    }
}

/// <summary>MAC addresses: six pairs with colons or hyphens, or three groups of four with dots (IEEE 802, Cisco).</summary>
internal static class MacForms
{
    private const int Pairs = 17;
    private const int Groups = 14;

    public static IEnumerable<Range> Find(string text)
    {
        for (var at = 0; at + Groups <= text.Length; at++)
        {
            if (!char.IsAsciiHexDigit(text[at]) || (at > 0 && (char.IsLetterOrDigit(text[at - 1]) || IsJoint(text, at - 1))))
            {
                continue;
            }

            var length = IsForm(text, at, Pairs, 3, text.Length > at + 2 ? text[at + 2] : ' ') && text[at + 2] is ':' or '-' ? Pairs
                : IsForm(text, at, Groups, 5, '.') && text.AsSpan(at, Groups).ContainsAnyInRange('A', 'f') ? Groups
                : 0;
            if (length > 0 && (at + length == text.Length || !(char.IsLetterOrDigit(text[at + length]) || IsJoint(text, at + length))))
            {
                yield return at..(at + length);
                at += length - 1;
            }
        }
    }

    /// <summary>A joint has a hex digit on both sides: the run goes on, and is something longer.</summary>
    private static bool IsJoint(string text, int at) => text[at] is ':' or '-' or '.'
        && at > 0 && at + 1 < text.Length && char.IsAsciiHexDigit(text[at - 1]) && char.IsAsciiHexDigit(text[at + 1]);

    private static bool IsForm(string text, int at, int length, int step, char joint)
    {
        if (at + length > text.Length)
        {
            return false;
        }

        for (var i = 0; i < length; i++)
        {
            if (i % step == step - 1 ? text[at + i] != joint : !char.IsAsciiHexDigit(text[at + i]))
            {
                return false;
            }
        }

        return true;
    }
}
