using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>What a value is, as far as its bytes tell without making an object of them.</summary>
internal enum PlainKind
{
    /// <summary>It must be read to know.</summary>
    Unsure,

    /// <summary>Null, or a field that is empty.</summary>
    Nothing,

    /// <summary>Text that is written as it reads: printable ASCII without quotes and backslashes.</summary>
    Text,

    /// <summary>Other text, that can be read.</summary>
    OtherText,

    Number,

    Truth,

    /// <summary>An object or a list.</summary>
    Nested,
}

/// <summary>What an operator makes of a value.</summary>
internal enum PlainOutcome
{
    /// <summary>It must be read to know.</summary>
    Unsure,

    /// <summary>It stays.</summary>
    Kept,

    /// <summary>It goes, with its name.</summary>
    Dropped,

    /// <summary>Null.</summary>
    Nothing,

    /// <summary>The text that was written to the result: characters of <see cref="PlainValues.Harmless"/>, or of the value.</summary>
    Text,

    /// <summary>The number whose digits were written to the result.</summary>
    Number,
}

/// <summary>
/// What an operator makes of a value, told by its bytes. Agrees with the operator over objects wherever it is sure.
/// </summary>
/// <param name="kind">Not <see cref="PlainKind.Unsure"/>, nor <see cref="PlainKind.Nothing"/>.</param>
/// <param name="text">The text without its quotes, or the digits of the number.</param>
/// <param name="result">Takes a text or a number.</param>
internal delegate PlainOutcome PlainChange(PlainKind kind, ReadOnlySpan<byte> text, PieceWriter result);

/// <summary>Classes of bytes that are written as they read.</summary>
internal static class PlainValues
{
    private static readonly SearchValues<byte> Printable = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Where(b => b is not ('"' or '\\')).Select(b => (byte)b)]);

    private static readonly SearchValues<char> WrittenAlike = SearchValues.Create(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*#-._/:@()[]");

    /// <summary>Whether no format writes any of it otherwise, or in quotes.</summary>
    public static bool Harmless(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(WrittenAlike);

    /// <summary>A text without its quotes that no escape can be in.</summary>
    public static PlainKind OfText(ReadOnlySpan<byte> text) =>
        text.ContainsAnyExcept(Printable) ? PlainKind.OtherText : PlainKind.Text;

    /// <summary>A value of JSON as it is written, and its text or digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static PlainKind OfJson(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text)
    {
        text = written;
        switch (written[0])
        {
            case (byte)'"':
                text = written[1..^1];
                return OfText(text) == PlainKind.Text ? PlainKind.Text
                    : text.Contains((byte)'\\') || !Utf8.IsValid(text) ? PlainKind.Unsure : PlainKind.OtherText;
            case (byte)'{' or (byte)'[':
                return PlainKind.Nested;
            case (byte)'t' or (byte)'f':
                return PlainKind.Truth;
            case (byte)'n':
                return PlainKind.Nothing;
            default:
                return PlainKind.Number;
        }
    }
}
