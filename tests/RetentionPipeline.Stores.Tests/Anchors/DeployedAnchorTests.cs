using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Stores.Tests.Anchors;

/// <summary>The outside parties that a deployment names are asked, and what they gave is in the log.</summary>
public sealed class DeployedAnchorTests : IAsyncLifetime
{
    private static readonly NoteSigner Signer = new("log.example/t", new byte[32]);
    private OpensslAuthority authority = null!;

    private string Roots => Path.Combine(authority.Folder, "root.pem");

    public async Task InitializeAsync() => authority = await OpensslAuthority.StartAsync();

    public Task DisposeAsync()
    {
        authority.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_named_authority_is_asked_and_one_that_is_down_holds_up_nobody()
    {
        var ledger = new MemoryLedger(new Faults());
        var (lanes, log) = (new LaneWriter(ledger), new LogReader(ledger, ledger, ledger));
        AnchorParty[] parties =
        [
            new(AnchorKind.TimeStamp, "http://127.0.0.1:9/", Roots) { Name = "down" },
            new(AnchorKind.TimeStamp, authority.Address.ToString(), Roots) { Name = "up" },
        ];
        var handler = new AnchorHandler(
            log, ledger, lanes, parties.Select(party => AnchorParties.Open(party, log)), TimeProvider.System, NullLogger<AnchorHandler>.Instance);
        await lanes.AppendAsync([Leaf.Encode("scan", "s", "", DateTimeOffset.UnixEpoch, [])], CancellationToken.None);
        var integrator = new Integrator(ledger.Stores, Signer, Signer.Verifier.Name);
        await integrator.RunOnceAsync(CancellationToken.None);

        Assert.Equal(1, await handler.RunAsync(CancellationToken.None));
        Assert.Equal(0, await handler.RunAsync(CancellationToken.None));
        Assert.Contains("anchors/1/up.tsr", ledger.TileNames);
        await integrator.RunOnceAsync(CancellationToken.None);
        var entries = await log.ReadEntriesAsync(0, 9, CancellationToken.None);
        Assert.Equal("up", Assert.Single(entries.Select(entry => Leaf.Parse(entry.Span)), leaf => leaf.Type == "anchor").Part);
    }

    [Fact]
    public void A_party_that_cannot_be_asked_is_refused_by_what_is_wrong_with_it()
    {
        var stamp = new AnchorParty(AnchorKind.TimeStamp, "http://127.0.0.1:9/", Roots) { Name = "one" };
        var witness = new AnchorParty(AnchorKind.Cosignature, "https://127.0.0.1:9/w/", NoteVerifier.OfCosignature("w", new byte[32]).ToString());
        Assert.Null(AnchorParties.WrongWith(stamp));
        Assert.Null(AnchorParties.WrongWith(witness));
        Assert.Contains("no http or https URL", AnchorParties.WrongWith(stamp with { Address = "far" }), StringComparison.Ordinal);
        Assert.Contains("otherwise than by lowercase", AnchorParties.WrongWith(stamp with { Name = "One/../x" }), StringComparison.Ordinal);
        Assert.Contains("otherwise than by lowercase", AnchorParties.WrongWith(stamp with { Name = null }), StringComparison.Ordinal);
        Assert.Contains("no certificates in PEM", AnchorParties.WrongWith(stamp with { Trust = Roots + ".none" }), StringComparison.Ordinal);
        Assert.Contains("no certificates in PEM", AnchorParties.WrongWith(stamp with { Trust = Path.Combine(authority.Folder, "tsa.cnf") }), StringComparison.Ordinal);
        Assert.Contains("does not end in a slash", AnchorParties.WrongWith(witness with { Address = "https://127.0.0.1:9/w" }), StringComparison.Ordinal);
        Assert.Contains("no verifier key of a witness", AnchorParties.WrongWith(witness with { Trust = Signer.Verifier.ToString() }), StringComparison.Ordinal);
    }
}
