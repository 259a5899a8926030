using System.Buffers;
using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Values of formats that write everything as text.</summary>
internal static class DelimitedText
{
    /// <summary>UTF-8 where it is that, else a character a byte: what is written again is the same bytes.</summary>
    public static string Read(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

    public static byte[] Bytes(string text, ReadOnlySpan<byte> was) =>
        System.Text.Unicode.Utf8.IsValid(was) ? Encoding.UTF8.GetBytes(text) : Encoding.Latin1.GetBytes(text);

    public static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    /// <summary>In quotes, or without blanks; nothing is a hyphen.</summary>
    public static void WriteToken(object? value, ReadOnlySpan<byte> was, IBufferWriter<byte> output)
    {
        var text = Text(value).ReplaceLineEndings(" ");
        if (was is [(byte)'"', ..])
        {
            output.Write("\""u8);
            output.Write(Bytes(text.Length == 0 ? "-" : Escape(text), was));
            output.Write("\""u8);
        }
        else
        {
            output.Write(text.Length == 0 ? "-"u8 : Bytes(Escape(text.Replace(' ', '+').Replace('\t', '+')), was));
        }
    }

    /// <summary>The same of a text that needs no escapes.</summary>
    public static void WritePlainToken(ReadOnlySpan<byte> text, ReadOnlySpan<byte> was, PieceWriter output)
    {
        var quote = was is [(byte)'"', ..] ? "\""u8 : default;
        var token = text.IsEmpty ? "-"u8 : text;
        var length = token.Length + (2 * quote.Length);
        var span = output.GetSpan(length)[..length];
        quote.CopyTo(span);
        token.CopyTo(span[quote.Length..]);
        quote.CopyTo(span[(length - quote.Length)..]);
        if (quote.IsEmpty)
        {
            span.Replace((byte)' ', (byte)'+');
        }

        output.Advance(length);
    }

    /// <summary>What a token is; a hyphen is nothing.</summary>
    public static PlainKind PlainToken(ReadOnlySpan<byte> written, out ReadOnlySpan<byte> text)
    {
        text = Inside(written);
        return text is [(byte)'-'] ? PlainKind.Nothing : PlainValues.OfText(text);
    }

    /// <summary>The bytes between the quotes, or the bytes.</summary>
    public static ReadOnlySpan<byte> Inside(ReadOnlySpan<byte> written) =>
        written is [(byte)'"', .., (byte)'"'] ? written[1..^1] : written;

    /// <summary>Behind a token in quotes that begins here, in which a backslash takes the next byte along; or -1.</summary>
    public static int QuotedEnd(ReadOnlySpan<byte> s, int at)
    {
        for (at++; at < s.Length; at++)
        {
            if (s[at] == '\\')
            {
                at++;
            }
            else if (s[at] == '"')
            {
                return at + 1;
            }
        }

        return -1;
    }

    /// <summary>A quote that no backslash escapes would end the token.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                escaped.Append(text, i++, 2);
            }
            else
            {
                escaped.Append(text[i] is '"' or '\\' ? "\\" : "").Append(text[i]);
            }
        }

        return escaped.ToString();
    }
}
