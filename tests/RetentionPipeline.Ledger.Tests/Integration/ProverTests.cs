using System.Text;
using RetentionPipeline.Ledger.Tests.Vectors;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

public class ProverTests
{
    private readonly Scene scene = new();

    [Fact]
    public async Task The_second_implementation_writes_the_same_proof()
    {
        var integrator = scene.NewIntegrator();
        for (var i = 0; i < 600; i += 2)
        {
            await scene.AppendAsync(Vector.SampleLeaf(i), Vector.SampleLeaf(i + 1));
            await scene.RunAsync(integrator);
        }

        var prover = await LogProver.OpenAsync(scene.Log, None);
        var bytes = (await prover!.ProveAsync(300, None)).Encode();
        Assert.Equal(Vector.Text("proof"), Encoding.UTF8.GetString(bytes));
        Assert.Equal(600, TlogProof.Parse(bytes).Verify(Vector.SampleLeaf(300), Signer.Verifier).Size);
        Assert.Throws<FormatException>(() => TlogProof.Parse(bytes).Verify(Vector.SampleLeaf(301), Signer.Verifier));
        Assert.Throws<FormatException>(
            () => TlogProof.Parse(bytes).Verify(Vector.SampleLeaf(300), new NoteSigner(Vector.Origin, new byte[32]).Verifier));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(700)]
    public async Task Every_leaf_and_every_earlier_size_is_proved_from_tiles_as_from_the_list(int size)
    {
        await scene.AppendAsync([.. Enumerable.Range(0, size).Select(i => Leaf($"op-{i}"))]);
        await scene.RunAsync();
        var leaves = (await scene.EntriesAsync()).Select(entry => Rfc6962.LeafHash(entry.Span)).ToList();
        var tree = new Subtrees(leaves);
        var prover = (await LogProver.OpenAsync(scene.Log, None))!;
        for (var index = 0; index < size; index++)
        {
            Assert.Equal(MerkleTree.InclusionPath(tree, size, index), (await prover.ProveAsync(index, None)).Path);
            Assert.Equal(
                MerkleTree.ConsistencyPath(tree, size, index + 1), await prover.ProveConsistencyAsync(index + 1, None));
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => prover.ProveAsync(size, None));
    }

    [Fact]
    public async Task Before_the_first_checkpoint_there_is_nothing_to_prove() =>
        Assert.Null(await LogProver.OpenAsync(scene.Log, None));

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v2\nindex 0\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex -1\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 01\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nAQSnn/dGRrH163FB/pxKgaDKgDtuUMa1R9v1sOaahVR=\n\nnote")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nnote")]
    public void A_malformed_proof_is_refused(string proof) =>
        Assert.Throws<FormatException>(() => TlogProof.Parse(Encoding.UTF8.GetBytes(proof)));
}
