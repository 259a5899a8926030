using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>The shop whose rules run by themselves, and bundles of its scans; and outside parties that vouch for its log.</summary>
internal static class ScanShop
{
    public static async Task<SimulatedPipeline> StartAsync(string mode = "enforce", Action<SimulatedPipeline>? before = null)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 40);
        await simulation.StorePolicyAsync(Shop.Policy(mode: mode));
        before?.Invoke(simulation);
        await simulation.RunOnceAsync();
        return simulation;
    }

    public static ScanScope Dataset(string name) => new(null, name, null, null);

    public static async Task<BundleAnswer> AskAsync(SimulatedPipeline simulation, ScanScope scope)
    {
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        return await simulation.Get<ScanBundleCollector>().CollectAsync(scope, await BundleShop.KeyAsync(simulation), CancellationToken.None);
    }

    /// <summary>The archive; it verifies, whatever else a test looks at.</summary>
    public static async Task<byte[]> GetAsync(SimulatedPipeline simulation, ScanScope scope)
    {
        var ready = Assert.IsType<BundleAnswer.Ready>(await AskAsync(simulation, scope));
        Assert.Empty(BundleVerification.Verify(ready.Zip, await BundleShop.KeyAsync(simulation)).Problems);
        return ready.Zip;
    }

    public static async Task<IReadOnlyList<DatasetClaim>> ClaimsAsync(SimulatedPipeline simulation, ScanScope scope) =>
        BundleVerification.Verify(await GetAsync(simulation, scope), await BundleShop.KeyAsync(simulation)).Claims;

    /// <summary>Has the published checkpoint anchored by the parties.</summary>
    public static async Task AnchorAsync(SimulatedPipeline simulation, params IAnchorAuthority[] parties)
    {
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var handler = new AnchorHandler(
            simulation.Get<LogReader>(), simulation.Get<ITileStore>(), simulation.Get<LaneWriter>(), parties, simulation.Time,
            NullLogger<AnchorHandler>.Instance);
        Assert.Equal(parties.Length, await handler.RunAsync(CancellationToken.None));
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
    }
}

/// <summary>A witness that signs what it is given (C2SP tlog-cosignature).</summary>
internal sealed class SigningWitness(string name, DateTimeOffset at) : IAnchorAuthority
{
    private readonly NoteSigner signer = new(name, [.. Enumerable.Repeat((byte)7, 32)]);

    public string Name => name;

    public AnchorKind Kind => AnchorKind.Cosignature;

    public NoteVerifier Key => NoteVerifier.OfCosignature(name, signer.Verifier.PublicKey);

    public Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel)
    {
        var text = SignedNote.Parse(request.Note.Span).Text;
        var seconds = at.ToUnixTimeSeconds();
        var time = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, seconds);
        var signature = signer.Sign($"cosignature/v1\ntime {seconds}\n{text}").Signature;
        return Task.FromResult(new AnchorProof(new SignedNote(text, [new NoteSignature(name, Key.KeyId, [.. time, .. signature])]).Encode(), at));
    }
}

/// <summary>A time stamp authority: <c>openssl ts -reply</c>, with a root of its own in <c>root.pem</c> of the folder.</summary>
internal sealed class OpensslStamps(string folder) : IAnchorAuthority
{
    public string Name => "tsa.example";

    public AnchorKind Kind => AnchorKind.TimeStamp;

    public async Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "tsa.cnf"), """
            [tsa]
            default_tsa = main
            [main]
            serial = serial
            signer_cert = tsa.pem
            certs = root.pem
            signer_key = tsa.key
            signer_digest = sha256
            default_policy = 1.2.3.4.1
            digests = sha256
            ess_cert_id_alg = sha256
            [usage]
            extendedKeyUsage = critical,timeStamping
            keyUsage = critical,digitalSignature
            """, cancel);
        await File.WriteAllBytesAsync(Path.Combine(folder, "note"), request.Note.ToArray(), cancel);
        await RunAsync("""
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=test root' -keyout root.key -out root.pem
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=test authority' -keyout tsa.key -out tsa.csr
            openssl x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile tsa.cnf -extensions usage -out tsa.pem
            openssl ts -query -data note -sha256 -cert -out asked.tsq
            openssl ts -reply -config tsa.cnf -queryfile asked.tsq -out answer.tsr
            """);
        return new AnchorProof(await File.ReadAllBytesAsync(Path.Combine(folder, "answer.tsr"), cancel), DateTimeOffset.UtcNow);
    }

    private async Task RunAsync(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await said + await errors);
    }
}
