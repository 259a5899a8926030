using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace RetentionPipeline.Ledger;

/// <summary>Signature types of C2SP signed-note that this project knows.</summary>
public enum NoteAlgorithm : byte
{
    /// <summary>Ed25519, RFC 8032; the key is its 32 bytes.</summary>
    Ed25519 = 1,

    /// <summary>ECDSA on P-256 with SHA-256, signatures in DER; the key is its SPKI in DER.</summary>
    Ecdsa = 2,

    /// <summary>A witness' Ed25519 key for cosignatures with a time (C2SP tlog-cosignature); the key is its 32 bytes.</summary>
    Cosignature = 4,
}

/// <summary>The public half of a note key: <c>name+hex(key id)+base64(type ‖ key)</c>.</summary>
public sealed record NoteVerifier(string Name, uint KeyId, NoteAlgorithm Algorithm, byte[] PublicKey)
{
    private const int TimeLength = 8;

    /// <summary>An Ed25519 key. Its id: the first four bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key).</summary>
    public static NoteVerifier OfEd25519(string name, ReadOnlySpan<byte> publicKey) =>
        OfEd25519(name, publicKey, NoteAlgorithm.Ed25519);

    private static NoteVerifier OfEd25519(string name, ReadOnlySpan<byte> publicKey, NoteAlgorithm algorithm)
    {
        if (!IsName(name) || publicKey.Length != 32)
        {
            throw new ArgumentException("A note key has a name without spaces and plus signs, and 32 bytes.", nameof(name));
        }

        byte[] named = [.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)algorithm, .. publicKey];
        return new NoteVerifier(name, IdOf(named), algorithm, publicKey.ToArray());
    }

    /// <summary>A witness' key. Its id: the first four bytes of SHA-256(name ‖ 0x0a ‖ 0x04 ‖ key).</summary>
    public static NoteVerifier OfCosignature(string name, ReadOnlySpan<byte> publicKey) =>
        OfEd25519(name, publicKey, NoteAlgorithm.Cosignature);

    /// <summary>An ECDSA key from its SPKI in DER. Its id: the first four bytes of SHA-256 of the SPKI.</summary>
    public static NoteVerifier OfEcdsa(string name, ReadOnlySpan<byte> spki)
    {
        if (!IsName(name))
        {
            throw new ArgumentException("A note key has a name without spaces and plus signs.", nameof(name));
        }

        using var key = OpenEcdsa(spki);
        return new NoteVerifier(name, IdOf(spki), NoteAlgorithm.Ecdsa, spki.ToArray());
    }

    /// <summary>Reads a verifier key. Throws <see cref="FormatException"/> that says what is wrong.</summary>
    public static NoteVerifier Parse(string text)
    {
        text = text.Trim();
        var parts = text.Split('+', 3);
        if (parts is not [var name, _, var base64] || !IsName(name)
            || StrictBase64.Decode(base64) is not [var type, .. { Length: > 0 } key])
        {
            throw new FormatException("The verifier key is not name+id+base64.");
        }

        var verifier = (NoteAlgorithm)type switch
        {
            NoteAlgorithm.Ed25519 when key.Length == 32 => OfEd25519(name, key),
            NoteAlgorithm.Cosignature when key.Length == 32 => OfCosignature(name, key),
            NoteAlgorithm.Ecdsa => OfEcdsa(name, key),
            _ => throw new FormatException("The verifier key is neither an Ed25519 nor an ECDSA P-256 nor a witness' key."),
        };
        return verifier.ToString() == text
            ? verifier
            : throw new FormatException("The verifier key's id does not belong to its name and key.");
    }

    /// <summary>Whether the signature claims to be this key's.</summary>
    public bool IsOf(NoteSignature signature) => signature.Name == Name && signature.KeyId == KeyId;

    /// <summary>Whether the signature is this key's over the text.</summary>
    public bool Verify(string text, NoteSignature signature)
    {
        if (!IsOf(signature))
        {
            return false;
        }

        if (Algorithm is NoteAlgorithm.Cosignature)
        {
            // The time stands before the signature, and is signed with the text.
            return signature.Signature.Length == TimeLength + 64 && VerifyEd25519(
                Encoding.UTF8.GetBytes($"cosignature/v1\ntime {BinaryPrimitives.ReadUInt64BigEndian(signature.Signature)}\n{text}"),
                signature.Signature[TimeLength..]);
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        if (Algorithm is NoteAlgorithm.Ecdsa)
        {
            using var key = OpenEcdsa(PublicKey);
            return key.VerifyData(
                bytes, signature.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }

        return VerifyEd25519(bytes, signature.Signature);
    }

    /// <summary>As it is published.</summary>
    public override string ToString() =>
        $"{Name}+{KeyId:x8}+{Convert.ToBase64String([(byte)Algorithm, .. PublicKey])}";

    /// <summary>A key's name: not empty, no white space, no plus sign, no control character.</summary>
    internal static bool IsName(string text) =>
        text.Length > 0 && !text.Any(c => c == '+' || char.IsWhiteSpace(c) || char.IsControl(c));

    private static uint IdOf(ReadOnlySpan<byte> named) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(named));

    private bool VerifyEd25519(byte[] text, byte[] signature)
    {
        var verifier = new Ed25519Signer();
        verifier.Init(false, new Ed25519PublicKeyParameters(PublicKey));
        verifier.BlockUpdate(text, 0, text.Length);
        return signature.Length == 64 && verifier.VerifySignature(signature);
    }

    /// <summary>Throws <see cref="FormatException"/> for anything but a P-256 key.</summary>
    private static ECDsa OpenEcdsa(ReadOnlySpan<byte> spki)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(spki, out var read);
            if (read == spki.Length && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                return key;
            }
        }
        catch (CryptographicException)
        {
            // Told below, like every other key that is not usable.
        }

        key.Dispose();
        throw new FormatException("The verifier key holds no ECDSA P-256 key.");
    }
}

/// <summary>A key that signs checkpoints. Signing may go over a network, and gives other bytes each time for some keys.</summary>
public interface INoteSigner
{
    /// <summary>The public half.</summary>
    NoteVerifier Verifier { get; }

    /// <summary>Signs a text that ends in a line feed.</summary>
    Task<NoteSignature> SignAsync(string text, CancellationToken cancel);
}

/// <summary>An Ed25519 key that signs notes (signature type 0x01).</summary>
public sealed class NoteSigner : INoteSigner
{
    private readonly Ed25519PrivateKeyParameters key;

    /// <summary>A key from its 32-byte seed.</summary>
    /// <param name="name">Key name; neither spaces nor plus signs.</param>
    /// <param name="seed">RFC 8032 private key.</param>
    public NoteSigner(string name, ReadOnlySpan<byte> seed)
    {
        key = new Ed25519PrivateKeyParameters(seed.ToArray());
        Verifier = NoteVerifier.OfEd25519(name, key.GeneratePublicKey().GetEncoded());
    }

    /// <summary>The public half.</summary>
    public NoteVerifier Verifier { get; }

    /// <inheritdoc/>
    public Task<NoteSignature> SignAsync(string text, CancellationToken cancel) => Task.FromResult(Sign(text));

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
