using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>A ledger in memory, and what must hold of it whatever happened.</summary>
internal sealed class Scene
{
    public static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Checking signatures is most of the work of a test that plays thousands of stories.</summary>
    private static readonly ConcurrentDictionary<string, Checkpoint> Opened = new();

    public static readonly NoteSigner Signer = new(Vector.Origin, Vector.Seed);

    public Scene(int blocksPerSegment = 50_000)
    {
        Ledger = new MemoryLedger(Faults) { BlocksPerSegment = blocksPerSegment };
        Writer = new LaneWriter(Ledger);
        Log = new LogReader(Ledger, Ledger, Ledger);
    }

    public Faults Faults { get; } = new();

    public MemoryLedger Ledger { get; }

    public LaneWriter Writer { get; }

    public LogReader Log { get; }

    public Integrator NewIntegrator() => new(Ledger.Stores, Signer, Vector.Origin);

    /// <summary>A leaf about a thing; the same arguments give the same bytes.</summary>
    public static ReadOnlyMemory<byte> Leaf(string id, string type = "intent", int count = 0, int padding = 0) =>
        RetentionPipeline.Ledger.Leaf.Encode(
            type, id, "", new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero),
            new JsonObject { ["count"] = count, ["padding"] = new string('x', padding) });

    public Task AppendAsync(params ReadOnlyMemory<byte>[] leaves) => Writer.AppendAsync(leaves, None);

    public Task<IntegrationResult> RunAsync(Integrator? integrator = null) =>
        (integrator ?? NewIntegrator()).RunOnceAsync(None);

    /// <summary>Runs a new integrator until the checkpoint covers all lanes: a run reads one segment of each.</summary>
    public async Task CatchUpAsync()
    {
        var integrator = NewIntegrator();
        var lengths = await ((ILaneStore)Ledger).LengthsAsync(None);
        do
        {
            await RunAsync(integrator);
        }
        while (!(await Log.CoveredLanesAsync(None))!.SequenceEqual(lengths));
    }

    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> EntriesAsync()
    {
        Faults.Choose = null;
        Faults.Before = null;
        Faults.After = null;
        var size = (await Log.CheckpointAsync(None))?.Size ?? 0;
        return await Log.ReadEntriesAsync(0, (int)size, None);
    }

    /// <summary>
    /// Nothing acknowledged is lost, nothing is there twice, everything that was ever published is signed, a prefix of
    /// what is published now, and never smaller than what was published before.
    /// </summary>
    public async Task AssertWellAsync(IEnumerable<ReadOnlyMemory<byte>> acknowledged)
    {
        var entries = await EntriesAsync();
        var texts = entries.Select(entry => Convert.ToBase64String(entry.Span)).ToList();
        Assert.Equal(texts.Count, texts.Distinct().Count());
        Assert.Subset(texts.ToHashSet(), acknowledged.Select(leaf => Convert.ToBase64String(leaf.Span)).ToHashSet());

        var tree = new TreeEdge();
        var roots = entries.Select(entry =>
        {
            tree.Add(Rfc6962.LeafHash(entry.Span));
            return tree.Root();
        }).Prepend(Rfc6962.EmptyRoot).ToList();
        var before = (Size: 0L, Commit: 0L);
        foreach (var head in Ledger.Publications)
        {
            var checkpoint = Opened.GetOrAdd(
                Convert.ToBase64String(head.Note.Span),
                _ => Checkpoint.Open(SignedNote.Parse(head.Note.Span), Signer.Verifier));
            Assert.True(checkpoint.Size >= before.Size && head.Commit > before.Commit);
            Assert.Equal(roots[(int)checkpoint.Size], checkpoint.Root);
            before = (checkpoint.Size, head.Commit);
        }

        Assert.Equal(entries.Count, before.Size);
    }
}
