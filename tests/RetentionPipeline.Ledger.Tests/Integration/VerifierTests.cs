using System.Text;
using RetentionPipeline.Ledger.Tests.Vectors;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>An export of 300 leaves, and everything that somebody might do to it.</summary>
public sealed class VerifierTests : IAsyncLifetime, IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("log-");

    private string Root => Path.Combine(folder.FullName, "log");

    public async Task InitializeAsync()
    {
        var scene = new Scene();
        await scene.AppendAsync([.. Enumerable.Range(0, 300).Select(i => (ReadOnlyMemory<byte>)Vector.SampleLeaf(i))]);
        await scene.RunAsync();
        await new LogExport(scene.Log).WriteAsync(Root, Signer.Verifier, None);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void An_untouched_log_is_well_and_all_its_leaves_are_told_in_order()
    {
        var (indexes, done) = (new List<long>(), new List<(long, long)>());
        var report = new StructuralVerifier(Root, Signer.Verifier).Verify(
            (index, _) => indexes.Add(index), (n, of) => done.Add((n, of)));
        Assert.Empty(report.Problems);
        Assert.Empty(report.Unchecked);
        Assert.Equal(300, report.Checkpoint!.Size);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => (long)i), indexes);
        Assert.Equal([(256, 300), (300, 300)], done);
    }

    [Fact]
    public void An_empty_log_of_no_leaves_is_well()
    {
        Directory.Delete(Path.Combine(Root, "tile"), recursive: true);
        Sign(new Checkpoint(Vector.Origin, 0, Rfc6962.EmptyRoot).Text);
        Assert.Empty(Problems());
    }

    [Theory]
    [InlineData("checkpoint", "checkpoint")]
    [InlineData("key", "missing")]
    [InlineData("tile/0/000", "missing 0")]
    [InlineData("tile/0/001.p/44", "missing 256")]
    [InlineData("tile/1/000.p/1", "missing 0")]
    [InlineData("tile/entries/000", "missing 0")]
    [InlineData("tile/entries/001.p/44", "missing 256")]
    public void A_file_that_is_missing_is_named(string name, string problem)
    {
        File.Delete(PathOf(name));
        Assert.Equal([problem], Problems());
    }

    [Fact]
    public void Without_entry_and_hash_the_root_cannot_be_computed()
    {
        File.Delete(PathOf("tile/entries/001.p/44"));
        File.Delete(PathOf("tile/0/001.p/44"));
        Assert.Equal(["missing 256", "missing 256", "root"], Problems());
    }

    [Theory]
    [InlineData("tile/0/000", "tile 0")]
    [InlineData("tile/0/001.p/44", "tile 256")]
    [InlineData("tile/1/000.p/1", "tile 0")]
    public void A_changed_hash_is_told_with_its_leaf(string name, string problem)
    {
        Change(name, bytes => bytes[5] ^= 1);
        Assert.Equal([problem], Problems());
    }

    [Fact]
    public void A_tile_of_another_length_is_told()
    {
        File.WriteAllBytes(PathOf("tile/0/000"), new byte[8191]);
        Assert.Equal(["tile 0"], Problems());
    }

    [Fact]
    public void A_changed_leaf_is_told_by_index_and_by_the_root()
    {
        Replace(270, entry => Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(entry.Span).Replace("\"count\":", "\"count\":1", StringComparison.Ordinal)));
        Assert.Equal(["tile 270", "root"], Problems());
    }

    [Fact]
    public void A_changed_leaf_with_all_hashes_made_to_fit_is_told_by_the_root()
    {
        Replace(7, _ => Vector.SampleLeaf(1000));
        var entries = EntryBundle.Decode(File.ReadAllBytes(PathOf("tile/entries/000")));
        var hashes = entries.Select(entry => Rfc6962.LeafHash(entry.Span)).ToList();
        File.WriteAllBytes(PathOf("tile/0/000"), [.. hashes.SelectMany(hash => hash)]);
        File.WriteAllBytes(PathOf("tile/1/000.p/1"), MerkleTree.Root(hashes));
        Assert.Equal(["root"], Problems());
    }

    [Fact]
    public void A_leaf_that_is_not_canonical_is_told_by_index()
    {
        Replace(3, entry => [.. entry.Span, (byte)' ']);
        Assert.Equal(["canonical 3", "tile 3", "tile 0", "root"], Problems());
    }

    [Fact]
    public void A_bundle_that_is_cut_or_too_long_is_told_and_its_hashes_still_give_the_root()
    {
        var bundle = File.ReadAllBytes(PathOf("tile/entries/000"));
        File.WriteAllBytes(PathOf("tile/entries/000"), bundle[..^1]);
        Assert.Equal(["bundle 0"], Problems());
        File.WriteAllBytes(PathOf("tile/entries/000"), [.. bundle, 0, 0]);
        Assert.Equal(["bundle 0"], Problems());
    }

    [Fact]
    public void Anything_else_in_the_folder_is_told()
    {
        File.WriteAllText(PathOf("tile/0/002"), "x");
        File.WriteAllText(PathOf("tile/entries/001.p/43"), "x");
        File.WriteAllText(PathOf(".hidden"), "x");
        Assert.Equal(["extra-file", "extra-file", "extra-file"], Problems());
    }

    [Fact]
    public void A_smaller_log_under_an_older_checkpoint_needs_its_own_files()
    {
        var hashes = Enumerable.Range(0, 300).Select(i => Rfc6962.LeafHash(Vector.SampleLeaf(i))).ToList();
        Sign(new Checkpoint(Vector.Origin, 299, MerkleTree.Root(hashes[..299])).Text);
        Assert.Contains("extra-file", Problems());
    }

    [Fact]
    public void A_checkpoint_that_is_not_signed_by_the_key_says_nothing()
    {
        var stranger = new NoteSigner(Vector.Origin, new byte[32]);
        var report = new StructuralVerifier(Root, stranger.Verifier).Verify((_, _) => Assert.Fail("told a leaf"), (_, _) => { });
        Assert.Null(report.Checkpoint);
        Assert.Equal("checkpoint", Assert.Single(report.Problems).Rule);
    }

    [Fact]
    public void The_key_in_the_folder_is_never_trusted()
    {
        File.WriteAllText(PathOf("key"), new NoteSigner(Vector.Origin, new byte[32]).Verifier + "\n");
        Assert.Equal(["key"], Problems());
    }

    [Fact]
    public void Signatures_of_other_keys_are_listed_as_unchecked()
    {
        var text = SignedNote.Parse(File.ReadAllBytes(PathOf("checkpoint"))).Text;
        var witness = new NoteSigner("witness.example", new byte[32]);
        File.WriteAllBytes(PathOf("checkpoint"), new SignedNote(text, [witness.Sign(text), Signer.Sign(text)]).Encode());
        var report = new StructuralVerifier(Root, Signer.Verifier).Verify((_, _) => { }, (_, _) => { });
        Assert.Empty(report.Problems);
        Assert.Equal($"witness.example+{witness.Verifier.KeyId:x8}", Assert.Single(report.Unchecked));
    }

    private List<string> Problems() => [.. new StructuralVerifier(Root, Signer.Verifier).Verify((_, _) => { }, (_, _) => { })
        .Problems.Select(problem => problem.Index is { } index ? $"{problem.Rule} {index}" : problem.Rule)];

    private string PathOf(string name) => Path.Combine(Root, name.Replace('/', Path.DirectorySeparatorChar));

    private void Change(string name, Action<byte[]> change)
    {
        var bytes = File.ReadAllBytes(PathOf(name));
        change(bytes);
        File.WriteAllBytes(PathOf(name), bytes);
    }

    private void Replace(int index, Func<ReadOnlyMemory<byte>, byte[]> change)
    {
        var name = index < 256 ? "tile/entries/000" : "tile/entries/001.p/44";
        var entries = EntryBundle.Decode(File.ReadAllBytes(PathOf(name))).ToList();
        entries[index % 256] = change(entries[index % 256]);
        File.WriteAllBytes(PathOf(name), EntryBundle.Encode(entries));
    }

    private void Sign(string text) =>
        File.WriteAllBytes(PathOf("checkpoint"), new SignedNote(text, [Signer.Sign(text)]).Encode());
}
