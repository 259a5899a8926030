using RetentionPipeline.Fakes;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

public class LogIndexTests
{
    private readonly Scene scene = new();

    [Fact]
    public async Task A_leaf_is_found_as_soon_as_a_published_checkpoint_covers_it()
    {
        var index = new LogIndex(scene.Log);
        Assert.Null(await index.FindAsync(new("intent", "op-7", ""), None));
        await scene.AppendAsync([.. Enumerable.Range(0, 300).Select(i => Leaf($"op-{i}"))]);
        Assert.Null(await index.FindAsync(new("intent", "op-7", ""), None));

        var integrator = scene.NewIntegrator();
        await scene.RunAsync(integrator);
        await scene.AppendAsync(Leaf("op-7", "outcome"));
        Assert.NotNull(await index.FindAsync(new("intent", "op-7", ""), None));
        Assert.Null(await index.FindAsync(new("outcome", "op-7", ""), None));
        await scene.RunAsync(integrator);
        Assert.Equal(300, await index.FindAsync(new("outcome", "op-7", ""), None));

        var entries = await scene.EntriesAsync();
        for (var i = 0; i < entries.Count; i++)
        {
            var key = RetentionPipeline.Ledger.Leaf.Parse(entries[i].Span).Key;
            Assert.Equal(i, await index.FindAsync(key, None));
        }

        var last = RetentionPipeline.Ledger.Leaf.Parse(entries[^1].Span).Key;
        Assert.Equal(300, await new LogIndex(scene.Log).FindAsync(last, None));

        Assert.Null(await index.FindAsync(new("intent", "op-7", "part"), None));
    }

    [Fact]
    public async Task Of_two_leaves_under_one_key_the_first_is_found()
    {
        await scene.AppendAsync(Leaf("a", count: 1), Leaf("a", count: 2));
        await scene.RunAsync();
        Assert.Equal(0, await new LogIndex(scene.Log).FindAsync(new("intent", "a", ""), None));
    }

    [Fact]
    public async Task A_failed_read_is_made_up_for_by_the_next_look()
    {
        await scene.AppendAsync([.. Enumerable.Range(0, 600).Select(i => Leaf($"op-{i}"))]);
        await scene.RunAsync();
        var index = new LogIndex(scene.Log);
        var reads = 0;
        scene.Faults.Choose = (_, call) => call == "tiles.read" && ++reads == 2
            ? FaultKind.FailedAndNotWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(
            () => index.FindAsync(new("intent", "none", ""), None));
        Assert.Null(await index.FindAsync(new("intent", "none", ""), None));
        Assert.NotNull(await index.FindAsync(new("intent", "op-599", ""), None));
    }
}
