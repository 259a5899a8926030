using System.Text;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>What of the log anybody may read, by name.</summary>
public sealed class PublicLogTests
{
    private readonly Scene scene = new();

    private PublicLog Files => new(scene.Log, scene.Ledger);

    [Fact]
    public async Task Every_file_of_the_published_log_is_there_by_its_name()
    {
        Assert.Null(await Files.FindAsync("checkpoint", Scene.None));
        await scene.AppendAsync([.. Enumerable.Range(0, 300).Select(number => Scene.Leaf($"leaf-{number}"))]);
        await scene.CatchUpAsync();

        var note = (await Files.FindAsync("checkpoint", Scene.None))!.Value;
        var checkpoint = Checkpoint.Open(SignedNote.Parse(note.Span), Scene.Signer.Verifier);
        Assert.Equal(300, checkpoint.Size);
        foreach (var (name, _, _, _) in TilePath.All(checkpoint.Size))
        {
            Assert.True(await Files.FindAsync(name, Scene.None) is { IsEmpty: false }, name);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("commit/000000000001")]
    [InlineData("checkpoints/1")]
    [InlineData("tile")]
    [InlineData("tile/0")]
    [InlineData("tile/64/000")]
    [InlineData("tile/00/000")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000\n")]
    [InlineData("tile/0/../0/000")]
    [InlineData("Tile/0/000")]
    public async Task Nothing_else_is_even_looked_for(string name)
    {
        await scene.AppendAsync(Scene.Leaf("leaf"));
        await scene.CatchUpAsync();
        var asked = new NoTiles();
        Assert.Null(await new PublicLog(scene.Log, asked).FindAsync(name, Scene.None));
    }

    private sealed class NoTiles : ITileStore
    {
        public Task<ReadOnlyMemory<byte>> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
            throw new InvalidOperationException(Encoding.UTF8.GetString(content.Span));

        public Task<ReadOnlyMemory<byte>?> ReadAsync(string name, CancellationToken cancel) => throw new InvalidOperationException(name);

        public Task RemovePartialsAsync(string fullName, CancellationToken cancel) => throw new InvalidOperationException(fullName);
    }
}
