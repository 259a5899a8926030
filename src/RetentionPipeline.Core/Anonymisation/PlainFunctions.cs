using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// The functions behind the operators' names over bytes (<see cref="PlainChange"/>), beside those over objects
/// (<see cref="FieldFunctions"/>): each is sure of what nearly all values are, and agrees with the other there.
/// </summary>
internal static class PlainFunctions
{
    private static readonly SearchValues<byte> OfDomains = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-"u8);

    public static PlainChange TruncateIp(AddressText addresses) => (kind, text, result) => kind != PlainKind.Text ? Without(kind)
        : addresses.Cut(text, result) ? PlainOutcome.Text : PlainOutcome.Kept;

    public static PlainChange TruncateHost(int keepLabels) => (kind, text, result) =>
    {
        var begin = text.TrimEnd((byte)'.').Length;
        for (var label = 0; label < keepLabels && begin >= 0; label++)
        {
            begin = text[..begin].LastIndexOf((byte)'.');
        }

        return kind != PlainKind.Text ? Without(kind) : begin < 0 ? PlainOutcome.Kept : Part(text[(begin + 1)..].TrimEnd((byte)'.'), result);
    };

    public static PlainChange Postcode(int keep) => (kind, text, result) => kind != PlainKind.Text ? Without(kind)
        : text[..Math.Min(keep, text.Length)].TrimEnd((byte)' ') is var kept && kept.Length == text.Length ? PlainOutcome.Kept
        : Part(kept, result);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static PlainOutcome EmailDomain(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result)
    {
        if (kind != PlainKind.Text)
        {
            return Without(kind);
        }

        var domain = text[(text.LastIndexOf((byte)'@') + 1)..];
        return !domain.Contains((byte)'.') || domain.ContainsAnyExcept(OfDomains) ? PlainOutcome.Nothing
            : domain.Length == text.Length ? PlainOutcome.Kept
            : Part(domain, result);
    }

    /// <summary>Sure only where no parameter stays.</summary>
    public static PlainChange? StripQuery(int kept) => kept > 0 ? null : (kind, text, result) => kind != PlainKind.Text ? Without(kind)
        : text.IndexOfAny((byte)'?', (byte)'#') is >= 0 and var end ? Part(text[..end], result) : PlainOutcome.Kept;

    /// <summary>Sure only of a mask that every format writes as it is.</summary>
    public static PlainChange? Mask(int first, int last, char mask) => !PlainValues.Harmless([mask]) ? null : (kind, text, result) =>
    {
        if (kind != PlainKind.Text || text.IsEmpty)
        {
            return kind == PlainKind.Text ? PlainOutcome.Kept : Without(kind);
        }

        var masked = result.GetSpan(text.Length)[..text.Length];
        masked.Fill((byte)mask);
        if (text.Length > first + last)
        {
            text[..first].CopyTo(masked);
            text[^last..].CopyTo(masked[^last..]);
        }

        if (masked.SequenceEqual(text))
        {
            return PlainOutcome.Kept;
        }

        result.Advance(text.Length);
        return PlainOutcome.Text;
    };

    public static PlainOutcome Null(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result) => PlainOutcome.Nothing;

    /// <summary>Sure only of a text that every format writes as it is.</summary>
    public static PlainChange? Replace(string? with)
    {
        var constant = System.Text.Encoding.UTF8.GetBytes(with ?? "");
        return with is null || !PlainValues.Harmless(with) ? null
            : (kind, text, result) => kind == PlainKind.Text && text.SequenceEqual(constant) ? PlainOutcome.Kept : Part(constant, result);
    }

    /// <summary>Sure only of a whole number without blanks, plus and leading zeros that is far from the largest.</summary>
    public static PlainChange RoundNumber(long to) => (kind, text, result) =>
    {
        if (kind is not (PlainKind.Number or PlainKind.Text))
        {
            return Without(kind);
        }

        var digits = text is [(byte)'-', ..] ? text[1..] : text;
        if (digits.Length is 0 or > 18 || digits[0] is (byte)'0' or (byte)'+' or (byte)'-'
            || !Utf8Parser.TryParse(text, out long number, out var read) || read != text.Length)
        {
            return PlainOutcome.Unsure;
        }

        var down = number - (((number % to) + to) % to);
        if (down == number)
        {
            return PlainOutcome.Kept;
        }

        Utf8Formatter.TryFormat(down, result.GetSpan(PlainNumber.Longest), out var length);
        result.Advance(length);
        return kind is PlainKind.Number ? PlainOutcome.Number : PlainOutcome.Text;
    };

    /// <summary>Sure only of <c>2026-11-25T10:15:30</c> with up to seven decimal places, and nothing, Z or an offset behind.</summary>
    public static PlainChange TruncateDate(string to) => (kind, text, result) =>
    {
        if (kind != PlainKind.Text)
        {
            return Without(kind);
        }

        if (!PlainInstant.TryRead(text, out var utc))
        {
            return PlainOutcome.Unsure;
        }

        var span = result.GetSpan(PlainInstant.Length)[..PlainInstant.Length];
        PlainInstant.Write(utc, to, span);
        if (span.SequenceEqual(text))
        {
            return PlainOutcome.Kept;
        }

        result.Advance(PlainInstant.Length);
        return PlainOutcome.Text;
    };

    /// <summary>What an operator over text makes of what is none.</summary>
    private static PlainOutcome Without(PlainKind kind) => kind == PlainKind.OtherText ? PlainOutcome.Unsure : PlainOutcome.Nothing;

    private static PlainOutcome Part(ReadOnlySpan<byte> text, PieceWriter result)
    {
        result.Write(text);
        return PlainOutcome.Text;
    }
}
