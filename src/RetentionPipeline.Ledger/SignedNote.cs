using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

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
        if (parts is not ["—", { Length: > 0 } name, var base64] || name.Contains('+', StringComparison.Ordinal)
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

/// <summary>An Ed25519 key that signs notes (signature type 0x01).</summary>
public sealed class NoteSigner
{
    private readonly Ed25519PrivateKeyParameters key;

    /// <summary>A key from its 32-byte seed.</summary>
    /// <param name="name">Key name; neither spaces nor plus signs.</param>
    /// <param name="seed">RFC 8032 private key.</param>
    public NoteSigner(string name, ReadOnlySpan<byte> seed)
    {
        key = new Ed25519PrivateKeyParameters(seed.ToArray());
        Verifier = NoteVerifier.Of(name, key.GeneratePublicKey().GetEncoded());
    }

    /// <summary>The public half.</summary>
    public NoteVerifier Verifier { get; }

    /// <summary>Signs a text that ends in a line feed.</summary>
    public NoteSignature Sign(string text)
    {
        var signer = new Ed25519Signer();
        signer.Init(true, key);
        var bytes = Encoding.UTF8.GetBytes(text);
        signer.BlockUpdate(bytes, 0, bytes.Length);
        return new NoteSignature(Verifier.Name, Verifier.KeyId, signer.GenerateSignature());
    }
}

/// <summary>The public half of a note key: <c>name+hex(keyid)+base64(0x01 ‖ key)</c>.</summary>
public sealed record NoteVerifier(string Name, uint KeyId, byte[] PublicKey)
{
    private const byte Ed25519 = 1;

    /// <summary>Key id: the first four bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key).</summary>
    public static NoteVerifier Of(string name, byte[] publicKey)
    {
        var hash = SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519, .. publicKey]);
        return new NoteVerifier(name, BinaryPrimitives.ReadUInt32BigEndian(hash), publicKey);
    }

    /// <summary>Reads a verifier key. Throws <see cref="FormatException"/> that says what is wrong.</summary>
    public static NoteVerifier Parse(string text)
    {
        var parts = text.Trim().Split('+', 3);
        if (parts is not [{ Length: > 0 } name, { Length: 8 } hex, var base64]
            || !uint.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
            || StrictBase64.Decode(base64) is not [Ed25519, .. { Length: 32 } key])
        {
            throw new FormatException("The verifier key is not name+id+base64 of an Ed25519 key.");
        }

        var verifier = Of(name, key);
        return verifier.KeyId == id
            ? verifier
            : throw new FormatException("The verifier key's id does not belong to its name and key.");
    }

    /// <summary>Whether the signature is this key's over the text.</summary>
    public bool Verify(string text, NoteSignature signature)
    {
        if (signature.Name != Name || signature.KeyId != KeyId || signature.Signature.Length != 64)
        {
            return false;
        }

        var verifier = new Ed25519Signer();
        verifier.Init(false, new Ed25519PublicKeyParameters(PublicKey));
        var bytes = Encoding.UTF8.GetBytes(text);
        verifier.BlockUpdate(bytes, 0, bytes.Length);
        return verifier.VerifySignature(signature.Signature);
    }

    /// <summary>As it is published.</summary>
    public override string ToString() =>
        $"{Name}+{KeyId:x8}+{Convert.ToBase64String([Ed25519, .. PublicKey])}";
}
