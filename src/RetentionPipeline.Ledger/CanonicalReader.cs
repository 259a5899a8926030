using System.Buffers;
using System.Text.Unicode;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Reads the canonical form in one pass, without building anything. Says yes only where <see cref="Jcs.Parse"/> would;
/// what it does not know (escapes, anything unusual) it leaves to that.
/// </summary>
internal ref struct CanonicalReader(ReadOnlySpan<byte> bytes)
{
    private const int MaxDepth = 32;
    private const int MaxDigits = 16;
    private const long Limit = 1L << 53;

    private static readonly SearchValues<byte> EndOfPlainText = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Select(b => (byte)b), (byte)'"', (byte)'\\']);

    private readonly ReadOnlySpan<byte> all = bytes;
    private int at;

    /// <summary>Everything was read.</summary>
    public readonly bool IsAtEnd => at == all.Length;

    /// <summary>Whether the whole input is one object in canonical form, as far as can be said here.</summary>
    public static bool IsObject(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        return reader.TryObject(1) && reader.IsAtEnd;
    }

    /// <summary>Passes over exactly these bytes.</summary>
    public bool TryToken(ReadOnlySpan<byte> token)
    {
        if (!all[at..].StartsWith(token))
        {
            return false;
        }

        at += token.Length;
        return true;
    }

    /// <summary>Reads a string; its content as it stands.</summary>
    public bool TryText(out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!TryToken("\""u8))
        {
            return false;
        }

        var length = all[at..].IndexOfAny(EndOfPlainText);
        if (length < 0 || all[at + length] != '"' || !Utf8.IsValid(all.Slice(at, length)))
        {
            return false;
        }

        text = all.Slice(at, length);
        at += length + 1;
        return true;
    }

    /// <summary>Passes over an object, which lies as deep as said (the outermost one at 1); its bytes.</summary>
    public bool TryObject(int depth, out ReadOnlySpan<byte> value)
    {
        var start = at;
        var isRead = TryObject(depth);
        value = all[start..at];
        return isRead;
    }

    private bool TryObject(int depth)
    {
        if (depth > MaxDepth || !TryToken("{"u8))
        {
            return false;
        }

        if (TryToken("}"u8))
        {
            return true;
        }

        ReadOnlySpan<byte> before = default;
        for (var isFirst = true; ; isFirst = false)
        {
            if (!TryText(out var key) || !System.Text.Ascii.IsValid(key)
                || (!isFirst && before.SequenceCompareTo(key) >= 0) || !TryToken(":"u8) || !TryValue(depth))
            {
                return false;
            }

            before = key;
            if (TryToken("}"u8))
            {
                return true;
            }

            if (!TryToken(","u8))
            {
                return false;
            }
        }
    }

    private bool TryArray(int depth)
    {
        if (depth > MaxDepth || !TryToken("["u8))
        {
            return false;
        }

        if (TryToken("]"u8))
        {
            return true;
        }

        while (TryValue(depth))
        {
            if (TryToken("]"u8))
            {
                return true;
            }

            if (!TryToken(","u8))
            {
                return false;
            }
        }

        return false;
    }

    private bool TryValue(int depth) => !IsAtEnd && all[at] switch
    {
        (byte)'"' => TryText(out _),
        (byte)'{' => TryObject(depth + 1),
        (byte)'[' => TryArray(depth + 1),
        (byte)'t' => TryToken("true"u8),
        (byte)'f' => TryToken("false"u8),
        _ => TryNumber(),
    };

    private bool TryNumber()
    {
        var isNegative = TryToken("-"u8);
        var (start, value) = (at, 0L);
        while (!IsAtEnd && all[at] is >= (byte)'0' and <= (byte)'9' && at - start <= MaxDigits)
        {
            value = (value * 10) + all[at++] - '0';
        }

        var digits = at - start;
        return digits is > 0 and <= MaxDigits && value < Limit
            && (value == 0 ? digits == 1 && !isNegative : all[start] != '0');
    }
}
