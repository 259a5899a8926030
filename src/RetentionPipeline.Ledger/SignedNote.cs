using System.Buffers.Binary;
using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>A signature line of a note, decoded.</summary>
/// <param name="Name">Name of the key.</param>
/// <param name="KeyId">First four bytes, big endian.</param>
/// <param name="Signature">What follows them.</param>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Signature);

/// <summary>
/// A C2SP signed note: text that ends in a line feed, an empty line, and lines of <c>— name base64(keyid ‖ sig)</c>.
/// Parsing is strict: base64 must re-encode to itself.
/// </summary>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    private const int MaxBytes = 1 << 20;
    private const int MaxSignatures = 100;

    /// <summary>Reads a note. Throws <see cref="FormatException"/> that says what is wrong.</summary>
    public static SignedNote Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
        {
            throw new FormatException("The note is larger than 1 MiB.");
        }

        string note;
        try
        {
            note = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException("The note is not UTF-8.");
        }

        if (note.Any(c => c < ' ' && c != '\n'))
        {
            throw new FormatException("The note holds a control character.");
        }

        var split = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0 || !note.EndsWith('\n'))
        {
            throw new FormatException("The note has no signature block.");
        }

        var lines = note[(split + 2)..].Split('\n')[..^1];
        return lines.Length is 0 or > MaxSignatures
            ? throw new FormatException("The note has no signature, or more than 100.")
            : new SignedNote(note[..(split + 1)], [.. lines.Select(ParseLine)]);
    }

    /// <summary>The note as bytes.</summary>
    public byte[] Encode()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
        {
            var bytes = new byte[4 + signature.Signature.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, signature.KeyId);
            signature.Signature.CopyTo(bytes, 4);
            note.Append("— ").Append(signature.Name).Append(' ').Append(Convert.ToBase64String(bytes)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(note.ToString());
    }

    private static NoteSignature ParseLine(string line)
    {
        var parts = line.Split(' ');
        if (parts is not ["—", var name, var base64] || !NoteVerifier.IsName(name)
            || StrictBase64.Decode(base64) is not { Length: > 4 } bytes)
        {
            throw new FormatException("A signature line of the note is malformed.");
        }

        return new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4..]);
    }
}

internal static class StrictBase64
{
    /// <summary>Null for text that does not re-encode to itself.</summary>
    public static byte[]? Decode(string text)
    {
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var length)
            && Convert.ToBase64String(buffer.AsSpan(0, length)) == text
            ? buffer[..length]
            : null;
    }
}
