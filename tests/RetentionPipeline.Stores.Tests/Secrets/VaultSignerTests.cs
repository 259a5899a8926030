using Azure;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.KeyVault;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Stores.Tests.Secrets;

/// <summary>Checkpoints signed by a key that nobody can take out of its vault, and by several keys while one replaces another.</summary>
public sealed class VaultSignerTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeKeys vault = new();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("signer-");

    public void Dispose()
    {
        vault.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_the_vault_signs_verifies_by_the_published_key()
    {
        var signer = await vault.OpenAsync();
        Assert.Equal(NoteVerifier.OfEcdsa("log.example/t", vault.Spki), signer.Verifier, (one, other) => one.ToString() == other.ToString());
        for (var time = 0; time < 64; time++)
        {
            // r and s often begin with zeros or a high bit: each length of the DER form is met.
            var text = $"log.example/t\n{time}\nAAAA\n";
            var line = await signer.SignAsync(text, None);
            Assert.True(NoteVerifier.Parse(signer.Verifier.ToString()).Verify(text, line));
        }

        Assert.Equal(64, vault.Signed);
    }

    [Fact]
    public async Task A_key_that_cannot_sign_checkpoints_is_refused()
    {
        vault.Operations = ["verify"];
        await Assert.ThrowsAsync<SigningKeyException>(() => vault.OpenAsync());
        using var other = new FakeKeys("P-384");
        await Assert.ThrowsAsync<SigningKeyException>(() => other.OpenAsync());
        vault.Operations = ["sign"];
        await Assert.ThrowsAsync<SigningKeyException>(() => vault.OpenAsync(new Uri(FakeKeys.Key, "/keys/ledger")));
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestFailedException>(() => vault.OpenAsync(new Uri(FakeKeys.Key, "/keys/ledger/other")))).Status);
    }

    [Fact]
    public async Task A_signature_that_does_not_verify_never_gets_into_a_note()
    {
        var signer = await vault.OpenAsync();
        vault.Change = signature => [.. signature.AsSpan(0, 63), (byte)(signature[63] ^ 1)];
        await Assert.ThrowsAsync<SigningKeyException>(() => signer.SignAsync("log.example/t\n1\nAAAA\n", None));
        vault.Change = signature => signature[..63];
        await Assert.ThrowsAsync<SigningKeyException>(() => signer.SignAsync("log.example/t\n1\nAAAA\n", None));
    }

    [Fact]
    public async Task A_log_signed_by_both_kinds_of_keys_is_verified_by_either_alone()
    {
        var ledger = new MemoryLedger(new Faults());
        var (ours, vaults) = (new NoteSigner("log.example/t", new byte[32]), await vault.OpenAsync());
        await AppendAsync(ledger, "a");
        await new Integrator(ledger.Stores, [ours, vaults], "log.example/t").RunOnceAsync(None);
        foreach (var (signer, other) in new (INoteSigner, INoteSigner)[] { (ours, vaults), (vaults, ours) })
        {
            var log = await ExportAsync(ledger, signer.Verifier);
            var report = new StructuralVerifier(log, signer.Verifier).Verify((_, _) => { }, (_, _) => { });
            Assert.Empty(report.Problems);
            Assert.Equal($"log.example/t+{other.Verifier.KeyId:x8}", Assert.Single(report.Unchecked));
        }
    }

    [Fact]
    public async Task A_vault_that_is_away_publishes_nothing_and_the_next_run_goes_on()
    {
        var ledger = new MemoryLedger(new Faults());
        var integrator = new Integrator(ledger.Stores, [new NoteSigner("log.example/t", new byte[32]), await vault.OpenAsync()], "log.example/t");
        await AppendAsync(ledger, "a");
        vault.Operations = [];
        await Assert.ThrowsAsync<RequestFailedException>(() => integrator.RunOnceAsync(None));
        Assert.Empty(ledger.Publications);
        vault.Operations = ["sign"];
        Assert.Equal(1, (await integrator.RunOnceAsync(None)).Size);
        Assert.Equal(2, SignedNote.Parse(Assert.Single(ledger.Publications).Note.Span).Signatures.Count);
    }

    /// <summary>Old key, both, new key: at each step whoever holds a key that signs can verify, and old checkpoints stay good.</summary>
    [Fact]
    public async Task A_key_is_replaced_by_another_with_overlap()
    {
        var (ledger, secrets) = (new MemoryLedger(new Faults()), new MemorySecretStore(new Faults()));
        var notes = new List<SignedNote>();
        foreach (var signers in new string[][] { ["ed25519:1"], ["ed25519:2", "ed25519:1"], ["ed25519:2"] })
        {
            await AppendAsync(ledger, $"step-{notes.Count}");
            var opened = await Signers(secrets, signers).OpenAsync(None);
            await new Integrator(ledger.Stores, opened, "log.example/t").RunOnceAsync(None);
            notes.Add(SignedNote.Parse(ledger.Publications[^1].Note.Span));
        }

        var old = (await Signers(secrets, "ed25519:1").OpenAsync(None))[0].Verifier;
        var next = (await Signers(secrets, "ed25519:2").OpenAsync(None))[0].Verifier;
        Assert.NotEqual(old.ToString(), next.ToString());
        Assert.Equal([true, true, false], notes.Select(note => Opens(note, old)));
        Assert.Equal([false, true, true], notes.Select(note => Opens(note, next)));
        var overlap = await ExportAsync(ledger, next);
        Assert.Empty(new StructuralVerifier(overlap, next) { Since = Checkpoint.Open(notes[0], old) }.Verify((_, _) => { }, (_, _) => { }).Problems);
    }

    [Fact]
    public async Task Names_that_are_no_signers_are_refused()
    {
        foreach (var names in new string[][] { [], ["ed25519:0"], ["ed25519:x"], ["rsa:1"], ["ed25519:1", "ed25519:1"], ["https://127.0.0.1/keys/ledger"] })
        {
            await Assert.ThrowsAsync<DeploymentException>(() => Signers(new MemorySecretStore(new Faults()), names).OpenAsync(None));
        }

        Assert.Null(LedgerSigners.WrongWith(["ed25519:12", FakeKeys.Key.AbsoluteUri]));
    }

    private static bool Opens(SignedNote note, NoteVerifier verifier)
    {
        try
        {
            Checkpoint.Open(note, verifier);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static LedgerSigners Signers(ISecretStore secrets, params string[] names) => new(
        secrets, new PipelineSettings(PipelineTimes.Local, 1, new Adapters.Pump.PumpBounds(1, 1), "log.example/t") { Signers = names });

    private static Task AppendAsync(MemoryLedger ledger, string id) =>
        new LaneWriter(ledger).AppendAsync([Leaf.Encode("scan", id, "", DateTimeOffset.UnixEpoch, [])], None);

    private async Task<string> ExportAsync(MemoryLedger ledger, NoteVerifier verifier)
    {
        var log = Path.Combine(folder.FullName, $"{verifier.KeyId:x8}");
        await new LogExport(new LogReader(ledger, ledger, ledger)).WriteAsync(log, verifier, None);
        return log;
    }
}
