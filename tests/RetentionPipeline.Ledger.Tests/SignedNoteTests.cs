using System.Security.Cryptography;
using System.Text;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class SignedNoteTests
{
    // golang/mod, sumdb/note
    private const string Neumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    private const string NeumannSeed = "YEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string NeumannSignature =
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

    private const string NeumannText =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";

    private static readonly NoteSigner Signer = new(Vector.Origin, Vector.Seed);

    [Fact]
    public void The_published_note_verifies_and_is_signed_again_the_same()
    {
        var verifier = NoteVerifier.Parse(Neumann);
        var bytes = Encoding.UTF8.GetBytes($"{NeumannText}\n— PeterNeumann {NeumannSignature}\n");
        var note = SignedNote.Parse(bytes);
        Assert.Equal(NeumannText, note.Text);
        Assert.True(verifier.Verify(note.Text, Assert.Single(note.Signatures)));
        Assert.False(verifier.Verify(note.Text + "\n", note.Signatures[0]));
        Assert.Equal(Neumann, verifier.ToString());

        // The private key of the vector is base64 of the type byte and the seed.
        var signer = new NoteSigner("PeterNeumann", Convert.FromBase64String("A" + NeumannSeed).AsSpan(1));
        Assert.Equal(bytes, new SignedNote(NeumannText, [signer.Sign(NeumannText)]).Encode());
    }

    [Fact]
    public void The_second_implementation_makes_the_same_key_signature_and_note()
    {
        var expected = Vector.At("ed25519");
        Assert.Equal((string)expected["public"]!, Convert.ToHexStringLower(Signer.Verifier.PublicKey));
        Assert.Equal((string)expected["signature"]!, Convert.ToHexStringLower(Signer.Sign("message").Signature));
        Assert.Equal(Vector.Text("verifierKey"), Signer.Verifier.ToString());

        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(Vector.Text("note")));
        var checkpoint = Checkpoint.Open(note, Signer.Verifier);
        Assert.Equal(600, checkpoint.Size);
        Assert.Equal(Vector.Text("note"), Encoding.UTF8.GetString(new SignedNote(checkpoint.Text, [Signer.Sign(checkpoint.Text)]).Encode()));
    }

    [Theory]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n\n— name AAAAAAA=")]
    [InlineData("text\n\n- name AAAAAAA=\n")]
    [InlineData("text\n\n—  AAAAAAA=\n")]
    [InlineData("text\n\n— na+me AAAAAAA=\n")]
    [InlineData("text\n\n— na\u00a0me AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAAAA==\n")]
    [InlineData("text\n\n— name AAAAAAB=\n")]
    [InlineData("text\n\n— name AAAAAAA\n")]
    [InlineData("text\n\n— name AAAA AAA=\n")]
    [InlineData("text\n\n— name AAAAAAA=\n\n")]
    [InlineData("text\n\n— name AAAAAAA=\nmore\n")]
    [InlineData("te\txt\n\n— name AAAAAAA=\n")]
    [InlineData("text\r\n\n— name AAAAAAA=\n")]
    public void A_malformed_note_is_refused(string note) =>
        Assert.Throws<FormatException>(() => SignedNote.Parse(Encoding.UTF8.GetBytes(note)));

    [Fact]
    public void A_note_that_is_not_utf8_or_has_too_many_signatures_is_refused()
    {
        Assert.Throws<FormatException>(() => SignedNote.Parse([0xC3, 0x28, .. "\n\n— name AAAAAAA=\n"u8]));
        var hundred = string.Concat(Enumerable.Repeat("— name AAAAAAA=\n", 100));
        Assert.Equal(100, SignedNote.Parse(Encoding.UTF8.GetBytes("text\n\n" + hundred)).Signatures.Count);
        Assert.Throws<FormatException>(
            () => SignedNote.Parse(Encoding.UTF8.GetBytes("text\n\n" + hundred + "— name AAAAAAA=\n")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("PeterNeumann+c74f20a3")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+Axpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=")]
    [InlineData("PeterNeumann+c74f20a3+AhpcMAk=")]
    public void A_verifier_key_that_is_not_exactly_right_is_refused(string key) =>
        Assert.Throws<FormatException>(() => NoteVerifier.Parse(key));

    [Fact]
    public void An_ecdsa_key_of_a_vault_verifies_too()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = key.ExportSubjectPublicKeyInfo();
        var verifier = NoteVerifier.OfEcdsa("vault", spki);
        Assert.Equal(verifier.ToString(), NoteVerifier.Parse(verifier.ToString()).ToString());
        Assert.StartsWith(
            $"vault+{Convert.ToHexStringLower(SHA256.HashData(spki)[..4])}+Aj", verifier.ToString(), StringComparison.Ordinal);

        var signature = new NoteSignature("vault", verifier.KeyId, key.SignData(
            "text\n"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.True(verifier.Verify("text\n", signature));
        Assert.False(verifier.Verify("test\n", signature));
        Assert.False(verifier.Verify("text\n", signature with { Signature = [1, 2, 3] }));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<FormatException>(() => NoteVerifier.OfEcdsa("vault", other.ExportSubjectPublicKeyInfo()));
    }

    [Theory]
    [InlineData("origin\n1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\nextension\n")]
    [InlineData("origin\n01\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\n")]
    [InlineData("origin\n+1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\n")]
    [InlineData("origin\n-1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\n")]
    [InlineData("origin\n9223372036854775808\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\n")]
    [InlineData("origin\n1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVR=\n")]
    [InlineData("origin\n1\nAQSn\n")]
    [InlineData("\n1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=\n")]
    [InlineData("origin\n1\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVQ=")]
    public void A_checkpoint_that_is_not_three_strict_lines_is_refused(string text) =>
        Assert.Throws<FormatException>(() => Checkpoint.Parse(text));

    [Fact]
    public void A_checkpoint_opens_under_its_key_alone()
    {
        var text = new Checkpoint(Vector.Origin, 1, Rfc6962.LeafHash([])).Text;
        var stranger = new NoteSigner(Vector.Origin, new byte[32]);
        var mine = Signer.Sign(text);
        Assert.Equal(1, Checkpoint.Open(new SignedNote(text, [stranger.Sign(text), mine]), Signer.Verifier).Size);
        Refused(new SignedNote(text, [stranger.Sign(text)]));
        Refused(new SignedNote(text, [mine with { Signature = stranger.Sign(text).Signature }]));
        Refused(new SignedNote(text, [mine, mine with { Signature = stranger.Sign(text).Signature }]));
        Refused(new SignedNote(text.Replace("\n1\n", "\n2\n", StringComparison.Ordinal), [mine]));
        var elsewhere = new Checkpoint("elsewhere", 1, Rfc6962.LeafHash([])).Text;
        Refused(new SignedNote(elsewhere, [Signer.Sign(elsewhere)]));

        static void Refused(SignedNote note) =>
            Assert.Throws<FormatException>(() => Checkpoint.Open(note, Signer.Verifier));
    }
}
