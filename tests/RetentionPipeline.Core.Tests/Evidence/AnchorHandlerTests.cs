using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

public sealed class AnchorHandlerTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryLedger ledger = new(new Faults());
    private readonly Integrator integrator;
    private readonly LogReader log;

    public AnchorHandlerTests()
    {
        integrator = new Integrator(ledger.Stores, new NoteSigner("log", new byte[32]), "log");
        log = new LogReader(ledger, ledger, ledger);
    }

    [Fact]
    public async Task Each_party_is_asked_once_an_hour_and_what_it_gave_stands_in_store_and_log()
    {
        var (one, two) = (new Party("one", time), new Party("two", time) { Kind = AnchorKind.Cosignature });
        var handler = Open(one, two);
        Assert.Equal(0, await handler.RunAsync(None));
        await AppendAsync("a");
        Assert.Equal(2, await handler.RunAsync(None));
        Assert.Equal(0, await handler.RunAsync(None));
        time.Advance(TimeSpan.FromMinutes(61));
        await integrator.RunOnceAsync(None);
        Assert.Equal(2, await handler.RunAsync(None));
        await integrator.RunOnceAsync(None);
        Assert.Equal(["anchors/1/one.tsr", "anchors/1/two.note", "anchors/3/one.tsr", "anchors/3/two.note"], ledger.TileNames.Where(name => name.StartsWith("anchors/", StringComparison.Ordinal)));
        var leaves = (await log.ReadEntriesAsync(1, 10, None)).Select(entry => Leaf.Parse(entry.Span)).ToList();
        Assert.Equal(4, leaves.Count);
        Assert.All(leaves, leaf => Assert.Equal("anchor", leaf.Type));
        Assert.Equal((2, 2), (one.Asked, two.Asked));
    }

    [Fact]
    public async Task A_party_that_fails_is_asked_ever_later_and_costs_the_other_nothing()
    {
        var (bad, good) = (new Party("bad", time) { Fails = true }, new Party("good", time));
        var handler = Open(bad, good);
        await AppendAsync("a");
        for (var minute = 0; minute < 60; minute++)
        {
            await handler.RunAsync(None);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        // After 0, 1, 3, 7, 15, 31 minutes.
        Assert.Equal((6, 1), (bad.Asked, good.Asked));
        time.Advance(TimeSpan.FromHours(2));
        bad.Fails = false;
        Assert.Equal(2, await handler.RunAsync(None));
    }

    [Fact]
    public async Task A_log_with_a_leaf_younger_than_an_anchor_that_covers_it_is_reported()
    {
        await AppendAsync("a");
        var handler = Open(new Party("one", time));
        await handler.RunAsync(None);
        await integrator.RunOnceAsync(None);
        Assert.Empty(await ProblemsAsync());

        // The anchor of the next size says that it was made a day before the leaf that it covers.
        time.Advance(TimeSpan.FromDays(1));
        await AppendAsync("late");
        await Open(new Party("one", time) { Offset = TimeSpan.FromDays(-1) }).RunAsync(None);
        await integrator.RunOnceAsync(None);
        Assert.Equal(["anchor-older 3"], await ProblemsAsync());
    }

    private async Task<List<string>> ProblemsAsync()
    {
        var verifier = new SemanticVerifier(null);
        foreach (var (index, entry) in (await log.ReadEntriesAsync(0, 100, None)).Index())
        {
            verifier.Add(index, Leaf.Parse(entry.Span));
        }

        return [.. verifier.End().Problems.Select(problem => $"{problem.Rule} {problem.Index}")];
    }

    private AnchorHandler Open(params Party[] parties) =>
        new(log, ledger, new LaneWriter(ledger), parties, time, NullLogger<AnchorHandler>.Instance);

    private async Task AppendAsync(string id)
    {
        await new LaneWriter(ledger).AppendAsync([Leaf.Encode("policy", id, "", time.GetUtcNow(), [])], None);
        await integrator.RunOnceAsync(None);
    }

    private sealed class Party(string name, TimeProvider time) : IAnchorAuthority
    {
        public string Name => name;

        public AnchorKind Kind { get; init; }

        public bool Fails { get; set; }

        public TimeSpan Offset { get; init; }

        public int Asked { get; private set; }

        public Task<AnchorProof> AnchorAsync(AnchorRequest request, CancellationToken cancel)
        {
            Asked++;
            return Fails
                ? Task.FromException<AnchorProof>(new HttpRequestException("planted"))
                : Task.FromResult(new AnchorProof(Encoding.ASCII.GetBytes($"proof {Asked}"), time.GetUtcNow() + Offset));
        }
    }
}
