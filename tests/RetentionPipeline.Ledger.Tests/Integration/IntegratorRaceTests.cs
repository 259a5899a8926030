using RetentionPipeline.Fakes;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>Integrators beside one another, and what one notices of writers.</summary>
public class IntegratorRaceTests
{
    private readonly Scene scene = new();

    [Fact]
    public async Task Who_does_not_hold_the_lease_touches_nothing_and_tells_the_size()
    {
        await scene.AppendAsync(Leaf("a"));
        await scene.RunAsync();
        await scene.AppendAsync(Leaf("b"));
        var calls = new List<string>();
        scene.Faults.Before = calls.Add;
        scene.Ledger.HoldsLease = () => false;
        var result = await scene.RunAsync();
        Assert.Equal((1, 0), (result.Size, result.Added));
        Assert.Equal(["lease.hold", "head.read"], calls);
        scene.Ledger.HoldsLease = () => true;
        Assert.Equal(2, (await scene.RunAsync()).Size);
    }

    [Fact]
    public async Task No_signature_is_made_over_a_tree_that_lost_its_race()
    {
        await scene.AppendAsync(Leaf("a"));
        scene.Faults.Before = call =>
        {
            if (call == "journal.write")
            {
                scene.Faults.Before = null;
                scene.AppendAsync(Leaf("b")).GetAwaiter().GetResult();
                scene.RunAsync().GetAwaiter().GetResult();
            }
        };
        Assert.Equal(2, (await scene.RunAsync()).Size);
        Assert.Equal(["checkpoints/2"], scene.Ledger.TileNames.Where(name => name.StartsWith("checkpoints/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_block_that_never_comes_is_reported_once_as_a_gap()
    {
        var integrator = scene.NewIntegrator();
        await scene.AppendAsync(Leaf("a"));
        await scene.RunAsync(integrator);
        scene.Faults.Choose = (_, call) => call == "lanes.append" ? FaultKind.FailedAndNotWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => scene.AppendAsync(Leaf("b")));
        scene.Faults.Choose = null;
        await scene.AppendAsync(Leaf("c"));
        var gaps = new List<SequenceGap>();
        for (var run = 0; run < 3 * WriterSequences.Patience; run++)
        {
            gaps.AddRange((await scene.RunAsync(integrator)).Gaps);
            Assert.Equal(run >= WriterSequences.Patience - 1 ? 1 : 0, gaps.Count);
        }

        Assert.Equal((2, 2), (gaps[0].First, gaps[0].Last));
    }

    [Fact]
    public void Blocks_that_overtake_one_another_leave_no_gap()
    {
        var (sequences, writer) = (new WriterSequences(), new Guid([.. Enumerable.Repeat((byte)1, 16)]));
        for (var n = 10L; n < 2_000; n += 2)
        {
            sequences.Take(writer, n + 1);
            Assert.Empty(sequences.EndRun());
            sequences.Take(writer, n);
            sequences.Take(writer, n);
            Assert.Empty(sequences.EndRun());
        }
    }

    [Fact]
    public void What_is_remembered_of_writers_is_bounded()
    {
        var (sequences, writer) = (new WriterSequences(), default(Guid));
        sequences.Take(writer, 1);
        sequences.EndRun();
        for (var n = 3L; n <= 5_000; n++)
        {
            sequences.Take(writer, n);
        }

        Assert.Equal([new SequenceGap(writer, 2, 2)], sequences.EndRun());
        for (var n = 0; n < 3_000; n++)
        {
            sequences.Take(new Guid(n, 1, 1, [1, 1, 1, 1, 1, 1, 1, 1]), 5);
            Assert.Empty(sequences.EndRun());
        }

        // Forgotten, so what is heard of it next is the first.
        sequences.Take(writer, 9_000);
        Assert.Empty(sequences.EndRun());
    }

    [Fact]
    public async Task Integrators_on_several_threads_lose_and_double_nothing()
    {
        var integrators = Enumerable.Range(0, 3).Select(_ => scene.NewIntegrator()).ToList();
        var acknowledged = new List<ReadOnlyMemory<byte>>();
        for (var round = 0; round < 30; round++)
        {
            ReadOnlyMemory<byte>[] leaves = [.. Enumerable.Range(0, 20).Select(i => Leaf($"op-{round}-{i}"))];
            await scene.AppendAsync(leaves);
            acknowledged.AddRange(leaves);
            await Task.WhenAll(integrators.Select(integrator => Task.Run(() => scene.RunAsync(integrator))));
        }

        await scene.CatchUpAsync();
        await scene.AssertWellAsync(acknowledged);
    }

    [Fact]
    public async Task An_integrator_that_was_frozen_before_it_publishes_does_not_go_back()
    {
        var frozen = scene.NewIntegrator();
        await scene.AppendAsync(Leaf("a"));
        scene.Faults.Choose = (_, call) => call == "head.replace" ? FaultKind.FailedAndNotWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => scene.RunAsync(frozen));
        scene.Faults.Choose = null;
        await scene.AppendAsync(Leaf("b"));
        Assert.Equal(2, (await scene.RunAsync()).Size);
        Assert.Equal(2, (await scene.RunAsync(frozen)).Size);
        Assert.Equal(2, (await scene.Log.CheckpointAsync(None))!.Size);
        await scene.AssertWellAsync([Leaf("a"), Leaf("b")]);
    }
}
