using RetentionPipeline.Ledger.Tests.Vectors;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>Verification from a remembered checkpoint: it only grew, or it is told that it did not.</summary>
public sealed class RememberedTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("remembered-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(1, 300)]
    [InlineData(255, 256)]
    [InlineData(256, 300)]
    [InlineData(257, 700)]
    [InlineData(300, 300)]
    [InlineData(512, 1_100)]
    public async Task A_log_that_only_grew_is_well_and_all_its_leaves_are_told(int before, int after)
    {
        var (old, log) = await GrowAsync(before, after);
        var indexes = new List<long>();
        var report = new StructuralVerifier(log, Signer.Verifier) { Since = old }.Verify((index, _) => indexes.Add(index), (_, _) => { });
        Assert.Empty(report.Problems);
        Assert.Equal(after, report.Checkpoint!.Size);
        Assert.Equal(Enumerable.Range(0, after).Select(index => (long)index), indexes);
    }

    [Fact]
    public async Task Another_history_of_any_size_is_a_fork()
    {
        for (var size = 1; size <= 40; size++)
        {
            var log = Export($"fork-{size}", await LogAsync(40));
            var other = new TreeEdge();
            for (var leaf = 0; leaf < size; leaf++)
            {
                other.Add(Rfc6962.LeafHash(Vector.SampleLeaf(leaf == size - 1 ? 9_999 : leaf)));
            }

            Assert.Equal(["fork"], Problems(await log, new Checkpoint(Vector.Origin, size, other.Root())));
        }
    }

    [Fact]
    public async Task A_log_that_became_shorter_is_told()
    {
        var (_, log) = await GrowAsync(20, 30);
        Assert.Equal(["shrunk"], Problems(log, new Checkpoint(Vector.Origin, 31, Rfc6962.EmptyRoot)));
    }

    [Fact]
    public async Task Another_log_is_told()
    {
        var (old, log) = await GrowAsync(20, 30);
        Assert.Equal(["fork"], Problems(log, old with { Origin = "elsewhere" }));
    }

    [Fact]
    public async Task What_is_new_is_checked_and_what_was_checked_before_is_not_again()
    {
        var (old, log) = await GrowAsync(300, 700);
        Flip(log, "tile/entries/002.p/188");
        Assert.Equal(["canonical", "tile", "root"], Problems(log, old).Distinct());
        Flip(log, "tile/entries/002.p/188");
        Flip(log, "tile/0/000");
        Assert.Empty(Problems(log, old));
        Assert.NotEmpty(Problems(log, null));
    }

    [Fact]
    public async Task An_old_tile_that_the_proof_rests_on_is_missed()
    {
        var (old, log) = await GrowAsync(600, 700);
        File.Delete(Path.Combine(log, "tile", "1", "000.p", "2"));
        Assert.Equal(["missing"], Problems(log, old));
    }

    private static void Flip(string log, string name)
    {
        var path = Path.Combine(log, name.Replace('/', Path.DirectorySeparatorChar));
        var bytes = File.ReadAllBytes(path);
        bytes[40] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static List<string> Problems(string log, Checkpoint? since) => [.. new StructuralVerifier(log, Signer.Verifier) { Since = since }
        .Verify((_, _) => { }, (_, _) => { }).Problems.Select(problem => problem.Rule)];

    private async Task<(Checkpoint Old, string Log)> GrowAsync(int before, int after)
    {
        var scene = await LogAsync(before);
        var old = await scene.Log.CheckpointAsync(None);
        await scene.AppendAsync([.. Enumerable.Range(before, after - before).Select(leaf => (ReadOnlyMemory<byte>)Vector.SampleLeaf(leaf))]);
        await scene.CatchUpAsync();
        return (old!, await Export($"log-{before}-{after}", scene));
    }

    private static async Task<Scene> LogAsync(int size)
    {
        var scene = new Scene();
        await scene.AppendAsync([.. Enumerable.Range(0, size).Select(leaf => (ReadOnlyMemory<byte>)Vector.SampleLeaf(leaf))]);
        await scene.CatchUpAsync();
        return scene;
    }

    private async Task<string> Export(string name, Scene scene)
    {
        var log = Path.Combine(folder.FullName, name);
        await new LogExport(scene.Log).WriteAsync(log, Signer.Verifier, None);
        return log;
    }
}
