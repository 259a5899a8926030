using System.Security.Cryptography;
using RetentionPipeline.Fakes;
using RetentionPipeline.Ledger.Tests.Vectors;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

public class IntegratorTests
{
    private readonly Scene scene = new();

    [Fact]
    public async Task Leaves_are_published_once_and_in_the_order_of_their_thing()
    {
        for (var i = 0; i < 40; i++)
        {
            await scene.AppendAsync(Leaf($"op-{i % 10}", "intent", i), Leaf($"op-{i % 10}", "outcome", i));
        }

        var result = await scene.RunAsync();
        Assert.Equal((20 + 60, 20 + 60, 60), (result.Size, result.Added, result.Conflicts.Count));
        var byThing = (await scene.EntriesAsync()).Select(entry => RetentionPipeline.Ledger.Leaf.Parse(entry.Span))
            .GroupBy(leaf => leaf.Key, leaf => (int)leaf.Body["count"]!);
        Assert.All(byThing, counts => Assert.Equal(counts.Order(), counts));
        await scene.AssertWellAsync([]);
    }

    [Fact]
    public async Task An_empty_ledger_has_no_checkpoint_and_an_idle_run_publishes_nothing()
    {
        var integrator = scene.NewIntegrator();
        Assert.Equal(0, (await scene.RunAsync(integrator)).Size);
        Assert.Null(await scene.Log.CheckpointAsync(None));
        Assert.Null(await scene.Log.CoveredLanesAsync(None));
        await scene.AppendAsync(Leaf("a"));
        await scene.RunAsync(integrator);
        await scene.RunAsync(integrator);
        await scene.RunAsync();
        Assert.Single(scene.Ledger.Publications);
    }

    [Fact]
    public async Task A_checkpoint_covers_the_lanes_to_the_length_that_was_read()
    {
        await scene.AppendAsync(Leaf("a"), Leaf("b"));
        await scene.RunAsync();
        Assert.Equal(
            await ((ILaneStore)scene.Ledger).LengthsAsync(None), await scene.Log.CoveredLanesAsync(None));
    }

    [Fact]
    public async Task The_same_leaf_appended_again_is_one_leaf_in_every_life()
    {
        var integrator = scene.NewIntegrator();
        await scene.AppendAsync(Leaf("a"), Leaf("a"));
        Assert.Equal((1, 1), Tell(await scene.RunAsync(integrator)));
        await scene.AppendAsync(Leaf("a"));
        Assert.Equal((0, 1), Tell(await scene.RunAsync(integrator)));
        await scene.AppendAsync(Leaf("a"));
        Assert.Equal((0, 1), Tell(await scene.RunAsync()));
        await scene.AssertWellAsync([Leaf("a")]);
        Assert.Single(await scene.EntriesAsync());

        static (int, int) Tell(IntegrationResult result) => (result.Added, result.Duplicates);
    }

    [Fact]
    public async Task Other_bytes_under_the_same_key_are_kept_and_reported_once()
    {
        var integrator = scene.NewIntegrator();
        await scene.AppendAsync(Leaf("a", count: 1));
        Assert.Empty((await scene.RunAsync(integrator)).Conflicts);
        await scene.AppendAsync(Leaf("a", count: 2), Leaf("a", count: 2), Leaf("a", count: 3), Leaf("a", count: 1));
        var result = await scene.RunAsync(integrator);
        Assert.Equal([new LeafKey("intent", "a", ""), new LeafKey("intent", "a", "")], result.Conflicts);
        Assert.Equal((2, 2, 3), (result.Added, result.Duplicates, result.Size));
        await scene.AppendAsync(Leaf("a", count: 3), Leaf("a", count: 2));
        result = await scene.RunAsync();
        Assert.Empty(result.Conflicts);
        Assert.Equal((0, 2, 3), (result.Added, result.Duplicates, result.Size));
    }

    [Fact]
    public async Task What_is_no_leaf_is_dropped_and_counted()
    {
        scene.Ledger.AppendRaw(3, LaneFrameTests.Frame(1, "no leaf"u8.ToArray(), Leaf("a").ToArray()));
        scene.Ledger.AppendRaw(4, "no frame"u8);
        var result = await scene.RunAsync();
        Assert.Equal((1, 1, 8), (result.Added, result.Foreign, result.SkippedBytes));
        await scene.AssertWellAsync([Leaf("a")]);
    }

    [Fact]
    public async Task The_log_of_600_leaves_is_file_by_file_that_of_the_second_implementation()
    {
        var integrator = scene.NewIntegrator();
        for (var i = 0; i < 600; i += 2)
        {
            await scene.AppendAsync(Vector.SampleLeaf(i), Vector.SampleLeaf(i + 1));
            await scene.RunAsync(i % 100 == 50 ? scene.NewIntegrator() : integrator);
        }

        var folder = Directory.CreateTempSubdirectory("log-");
        try
        {
            await new LogExport(scene.Log).WriteAsync(folder.FullName, Signer.Verifier, None);
            var files = folder.EnumerateFiles("*", SearchOption.AllDirectories).ToDictionary(
                file => Path.GetRelativePath(folder.FullName, file.FullName).Replace('\\', '/'),
                file => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.FullName))));
            var expected = Vector.At("log600").AsObject().ToDictionary(file => file.Key, file => (string)file.Value!);
            Assert.Equal(expected.OrderBy(file => file.Key), files.OrderBy(file => file.Key));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Tiles_of_every_level_are_written_and_partial_ones_swept_when_they_are_full()
    {
        var integrator = scene.NewIntegrator();
        for (var i = 0; i < 5; i++)
        {
            var leaves = Enumerable.Range(i * 200, 200).Select(n => Leaf($"op-{n}")).ToArray();
            await scene.AppendAsync(leaves);
            await scene.RunAsync(integrator);
        }

        var names = scene.Ledger.TileNames.Where(name => !name.StartsWith("checkpoints/", StringComparison.Ordinal));
        Assert.Equal(
            [
                "tile/0/000", "tile/0/001", "tile/0/002", "tile/0/003.p/232", "tile/0/003.p/32",
                "tile/1/000.p/1", "tile/1/000.p/2", "tile/1/000.p/3",
                "tile/entries/000", "tile/entries/001", "tile/entries/002", "tile/entries/003.p/232", "tile/entries/003.p/32",
            ],
            names);
        await scene.AssertWellAsync([]);
    }

    [Fact]
    public async Task More_than_one_read_of_a_lane_is_integrated_run_by_run()
    {
        var leaves = Enumerable.Range(0, 900).Select(i => Leaf("one-lane", $"t-{i}", padding: 14_000)).ToArray();
        await scene.AppendAsync(leaves);
        var integrator = scene.NewIntegrator();
        var first = await scene.RunAsync(integrator);
        Assert.InRange(first.Added, 250, 310);
        while ((await scene.RunAsync(integrator)).Added > 0)
        {
        }

        await scene.AssertWellAsync(leaves);
    }

    [Fact]
    public async Task A_tile_that_holds_something_else_is_a_fork_and_stops_the_integrator()
    {
        await scene.AppendAsync(Leaf("a"));
        scene.Ledger.Overwrite("tile/0/000.p/1", [1, 2, 3]);
        var integrator = scene.NewIntegrator();
        await Assert.ThrowsAsync<LedgerForkException>(() => scene.RunAsync(integrator));
        Assert.Empty(scene.Ledger.Publications);

        // Not repaired silently, not even when the tile is.
        scene.Ledger.Overwrite("tile/0/000.p/1", Rfc6962.LeafHash(Leaf("a").Span));
        await Assert.ThrowsAsync<LedgerForkException>(() => scene.RunAsync(integrator));
        await scene.RunAsync();
        await scene.AssertWellAsync([Leaf("a")]);
    }

    [Fact]
    public async Task A_checkpoint_of_the_size_with_another_root_is_a_fork()
    {
        await scene.AppendAsync(Leaf("a"));
        var text = new Checkpoint(Vector.Origin, 1, Rfc6962.EmptyRoot).Text;
        scene.Ledger.Overwrite("checkpoints/1", new SignedNote(text, [Signer.Sign(text)]).Encode());
        await Assert.ThrowsAsync<LedgerForkException>(() => scene.RunAsync());
        Assert.Empty(scene.Ledger.Publications);
    }

    [Fact]
    public async Task The_note_that_was_stored_first_is_the_one_that_is_published()
    {
        await scene.AppendAsync(Leaf("a"));
        var text = new Checkpoint(Vector.Origin, 1, Rfc6962.LeafHash(Leaf("a").Span)).Text;
        var stored = new SignedNote(text, [Signer.Sign(text), new NoteSigner("witness", new byte[32]).Sign(text)]).Encode();
        scene.Ledger.Overwrite("checkpoints/1", stored);
        await scene.RunAsync();
        Assert.Equal(stored, (await scene.Log.NoteAsync(None))!.Value.ToArray());
    }

    [Theory]
    [InlineData(1, 0, "fork")]
    [InlineData(1, 2, "fork")]
    [InlineData(0, 9, "fork")]
    [InlineData(9, 0, "fork")]
    [InlineData(9, 9, "ahead")]
    public async Task A_head_that_does_not_fit_its_commit_is_never_replaced(long commit, long size, string meaning)
    {
        await scene.AppendAsync(Leaf("a"));
        scene.Faults.Before = call =>
        {
            if (call == "head.replace")
            {
                scene.Faults.Before = null;
                var text = new Checkpoint(Vector.Origin, size, Rfc6962.EmptyRoot).Text;
                var note = new SignedNote(text, [Signer.Sign(text)]).Encode();
                ((ICheckpointStore)scene.Ledger).ReplaceAsync(note, commit, null, None).GetAwaiter().GetResult();
            }
        };
        var run = scene.RunAsync();
        if (meaning == "fork")
        {
            await Assert.ThrowsAsync<LedgerForkException>(() => run);
        }
        else
        {
            await run;
        }

        Assert.Equal(size, Assert.Single(scene.Ledger.Publications) is { } head
            ? Checkpoint.Parse(SignedNote.Parse(head.Note.Span).Text).Size : -1);
    }

    [Fact]
    public async Task A_log_of_another_origin_or_with_another_bundle_is_not_continued()
    {
        await scene.AppendAsync(Leaf("a"));
        await scene.RunAsync();
        var other = new Integrator(scene.Ledger.Stores, new NoteSigner("other", Vector.Seed), "other");
        await Assert.ThrowsAsync<LedgerCorruptException>(() => scene.RunAsync(other));
        scene.Ledger.Overwrite("tile/entries/000.p/1", EntryBundle.Encode([Leaf("b")]));
        await Assert.ThrowsAsync<LedgerCorruptException>(() => scene.RunAsync());
    }

    [Fact]
    public async Task A_journal_that_the_lanes_do_not_bear_out_stops_the_integrator()
    {
        await scene.AppendAsync(Leaf("a"));
        var lengths = await ((ILaneStore)scene.Ledger).LengthsAsync(None);
        var forged = new CommitRecord(1, 1, Rfc6962.LeafHash(Leaf("b").Span), lengths);
        await ((ICommitJournal)scene.Ledger).WriteOnceAsync(1, forged.Encode(), None);
        await Assert.ThrowsAsync<LedgerCorruptException>(() => scene.RunAsync());
        Assert.Empty(scene.Ledger.Publications);
    }

    [Fact]
    public async Task What_a_failed_run_had_to_report_is_reported_by_the_next_one()
    {
        var integrator = scene.NewIntegrator();
        await scene.AppendAsync(Leaf("a", count: 1), Leaf("a", count: 2), Leaf("a", count: 2));
        scene.Faults.Choose = (_, call) => call == "head.replace" ? FaultKind.FailedButWritten : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => scene.RunAsync(integrator));
        scene.Faults.Choose = null;
        var result = await scene.RunAsync(integrator);
        Assert.Equal((2, 1, 1), (result.Added, result.Duplicates, result.Conflicts.Count));
        Assert.Empty((await scene.RunAsync(integrator)).Conflicts);
    }
}
