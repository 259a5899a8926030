using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Stores.Tests.Anchors;

/// <summary>
/// A witness written from the text of C2SP tlog-witness and tlog-cosignature: one log, one key, and a memory of the last
/// checkpoint that it signed. What it is asked is looked at as the text says, line by line.
/// </summary>
internal sealed class SpecifiedWitness(NoteVerifier log, byte[] seed, Func<DateTimeOffset> now) : HttpMessageHandler
{
    private const string Name = "witness.example/w";

    /// <summary>Plain Ed25519: of a note's signer only the primitive is used.</summary>
    private readonly NoteSigner key = new(Name, seed);
    private long size;
    private byte[] root = Rfc6962.EmptyRoot;

    public NoteVerifier Verifier => NoteVerifier.OfCosignature(Name, key.Verifier.PublicKey);

    public List<HttpStatusCode> Answers { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Assert.Equal("/prefix/add-checkpoint", request.RequestUri!.AbsolutePath);
        Assert.Equal(HttpMethod.Post, request.Method);
        var answer = Answer(await request.Content!.ReadAsStringAsync(cancellationToken));
        Answers.Add(answer.StatusCode);
        return answer;
    }

    private HttpResponseMessage Answer(string body)
    {
        // "The request body MUST be an old size, zero or more consistency proof lines, an empty line, a checkpoint."
        var end = body.IndexOf("\n\n", StringComparison.Ordinal);
        var lines = body[..end].Split('\n');
        if (!lines[0].StartsWith("old ", StringComparison.Ordinal) || lines.Length > 64)
        {
            return new HttpResponseMessage(HttpStatusCode.BadRequest);
        }

        var old = long.Parse(lines[0].AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture);
        var proof = lines.Skip(1).Select(Convert.FromBase64String).ToList();
        var note = SignedNote.Parse(Encoding.UTF8.GetBytes(body[(end + 2)..]));
        var checkpoint = Checkpoint.Parse(note.Text);
        if (checkpoint.Origin != log.Name)
        {
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        }

        if (!note.Signatures.Any(line => log.Verify(note.Text, line)))
        {
            return new HttpResponseMessage(HttpStatusCode.Forbidden);
        }

        if (old > checkpoint.Size)
        {
            return new HttpResponseMessage(HttpStatusCode.BadRequest);
        }

        if (old != size || (checkpoint.Size == size && !checkpoint.Root.AsSpan().SequenceEqual(root)))
        {
            var conflict = new HttpResponseMessage(HttpStatusCode.Conflict) { Content = new StringContent($"{size}\n") };
            conflict.Content.Headers.ContentType = new("text/x.tlog.size");
            return conflict;
        }

        if (!IsConsistent(old, checkpoint, proof))
        {
            return new HttpResponseMessage(HttpStatusCode.UnprocessableEntity);
        }

        (size, root) = (checkpoint.Size, checkpoint.Root);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Cosign(note.Text)) };
    }

    private bool IsConsistent(long old, Checkpoint checkpoint, List<byte[]> proof) => old == 0 || old == checkpoint.Size
        ? proof.Count == 0
        : MerkleTree.VerifyConsistency(old, checkpoint.Size, root, checkpoint.Root, proof);

    /// <summary>"— name base64(keyID ‖ timestamp ‖ signature)" over "cosignature/v1\ntime N\n" ‖ note text.</summary>
    private string Cosign(string text)
    {
        var time = now().ToUnixTimeSeconds();
        var line = new byte[4 + 8 + 64];
        BinaryPrimitives.WriteUInt32BigEndian(line, Verifier.KeyId);
        BinaryPrimitives.WriteUInt64BigEndian(line.AsSpan(4), (ulong)time);
        key.Sign($"cosignature/v1\ntime {time}\n{text}").Signature.CopyTo(line, 12);
        return $"— {Name} {Convert.ToBase64String(line)}\n";
    }
}
