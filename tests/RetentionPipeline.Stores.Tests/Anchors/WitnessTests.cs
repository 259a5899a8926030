using System.Net;
using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Anchors;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Stores.Tests.Anchors;

/// <summary>Our requests, judged by a witness that was written against the specification.</summary>
public sealed class WitnessTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly NoteSigner Signer = new("log.example/w", new byte[32]);
    private readonly SpecifiedWitness specified = new(Signer.Verifier, [.. Enumerable.Repeat((byte)9, 32)], () => Now);

    [Fact]
    public async Task A_growing_log_is_cosigned_again_and_again_also_after_a_restart()
    {
        var ledger = new MemoryLedger(new Faults());
        var witness = Open(ledger);
        foreach (var size in new[] { 1, 2, 3, 255, 256, 257, 600 })
        {
            await GrowAsync(ledger, size);
            var note = await NoteAsync(ledger);
            var proof = await witness.AnchorAsync(new AnchorRequest(note), None);
            Assert.Equal(Now, proof.At);
            var cosigned = SignedNote.Parse(proof.Bytes.Span);
            Assert.Equal(SignedNote.Parse(note.Span).Text, cosigned.Text);
            Assert.True(specified.Verifier.Verify(cosigned.Text, Assert.Single(cosigned.Signatures)));
        }

        Assert.All(specified.Answers, status => Assert.Equal(HttpStatusCode.OK, status));

        // One that remembers nothing is told what the witness saw.
        await GrowAsync(ledger, 700);
        await Open(ledger).AnchorAsync(new AnchorRequest(await NoteAsync(ledger)), None);
        Assert.Equal([HttpStatusCode.Conflict, HttpStatusCode.OK], specified.Answers.TakeLast(2));
        await Open(ledger).AnchorAsync(new AnchorRequest(await NoteAsync(ledger)), None);
    }

    [Theory]
    [InlineData(5, "422")]
    [InlineData(4, "409")]
    [InlineData(3, "409")]
    public async Task A_fork_is_refused(int size, string status)
    {
        var (one, other) = (new MemoryLedger(new Faults()), new MemoryLedger(new Faults()));
        await GrowAsync(one, 4);
        await Open(one).AnchorAsync(new AnchorRequest(await NoteAsync(one)), None);
        await GrowAsync(other, size, "forged");
        var note = await NoteAsync(other);
        var refused = await Assert.ThrowsAsync<AnchorRefusedException>(() => Open(other).AnchorAsync(new AnchorRequest(note), None));
        Assert.Contains(status, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_or_key_that_the_witness_does_not_know_is_refused()
    {
        var ledger = new MemoryLedger(new Faults());
        await GrowAsync(ledger, 3);
        var text = SignedNote.Parse((await NoteAsync(ledger)).Span).Text;
        var stranger = new NoteSigner(Signer.Verifier.Name, [.. Enumerable.Repeat((byte)3, 32)]);
        await AssertRefusedAsync("403", new SignedNote(text, [stranger.Sign(text)]));
        var other = text.Replace("log.example/w", "log.example/x", StringComparison.Ordinal);
        await AssertRefusedAsync("404", new SignedNote(other, [new NoteSigner("log.example/x", new byte[32]).Sign(other)]));

        async Task AssertRefusedAsync(string status, SignedNote note) => Assert.Contains(
            status, (await Assert.ThrowsAsync<AnchorRefusedException>(() => Open(ledger).AnchorAsync(new AnchorRequest(note.Encode()), None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cosignature_of_another_key_or_text_is_none()
    {
        var ledger = new MemoryLedger(new Faults());
        await GrowAsync(ledger, 3);
        var note = await NoteAsync(ledger);
        var unknown = new Witness(
            new Uri("http://127.0.0.1/prefix/"), NoteVerifier.OfCosignature("witness.example/w", new byte[32]), Log(ledger), new HttpClient(specified));
        await Assert.ThrowsAsync<AnchorRefusedException>(() => unknown.AnchorAsync(new AnchorRequest(note), None));
        var proof = SignedNote.Parse((await Open(ledger).AnchorAsync(new AnchorRequest(note), None)).Bytes.Span);
        var line = proof.Signatures[0];
        Assert.False(specified.Verifier.Verify(proof.Text + "x\n", line));
        for (var at = 0; at < line.Signature.Length; at++)
        {
            var changed = line.Signature.ToArray();
            changed[at] ^= 1;
            Assert.False(specified.Verifier.Verify(proof.Text, line with { Signature = changed }));
        }

        Assert.Equal(specified.Verifier.ToString(), NoteVerifier.Parse(specified.Verifier.ToString()).ToString());
    }

    private Witness Open(MemoryLedger ledger) =>
        new(new Uri("http://127.0.0.1/prefix/"), specified.Verifier, Log(ledger), new HttpClient(specified));

    private static LogReader Log(MemoryLedger ledger) => new(ledger, ledger, ledger);

    private static async Task<ReadOnlyMemory<byte>> NoteAsync(MemoryLedger ledger) => (await Log(ledger).NoteAsync(None))!.Value;

    private static async Task GrowAsync(MemoryLedger ledger, int size, string name = "op")
    {
        var known = (int)((await Log(ledger).CheckpointAsync(None))?.Size ?? 0);
        await new LaneWriter(ledger).AppendAsync(
            [.. Enumerable.Range(known, size - known).Select(n => (ReadOnlyMemory<byte>)Leaf.Encode("t", $"{name}-{n}", "", Now, new JsonObject { ["n"] = n }))], None);
        await new Integrator(ledger.Stores, Signer, Signer.Verifier.Name).RunOnceAsync(None);
    }
}
