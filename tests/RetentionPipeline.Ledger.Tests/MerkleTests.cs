using System.Security.Cryptography;
using RetentionPipeline.Ledger.Tests.Vectors;

namespace RetentionPipeline.Ledger.Tests;

public class MerkleTests
{
    // transparency-dev/merkle, testonly/constants.go
    private static readonly string[] LeavesHex =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    private static readonly List<byte[]> Published =
        [.. LeavesHex.Select(hex => Rfc6962.LeafHash(Convert.FromHexString(hex)))];

    private static readonly List<byte[]> Numbers = Vector.NumberHashes(300);

    [Fact]
    public void Leaf_and_node_hashes_are_the_published_ones()
    {
        Assert.Equal(Roots[0], Convert.ToHexStringLower(Rfc6962.EmptyRoot));
        Assert.Equal(Roots[1], Convert.ToHexStringLower(Rfc6962.LeafHash([])));
        Assert.Equal(
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
            Convert.ToHexStringLower(Rfc6962.LeafHash("L123456"u8)));
        Assert.Equal(
            "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
            Convert.ToHexStringLower(SHA256.HashData([1, .. "N123"u8, .. "N456"u8])));
        byte[] left = Rfc6962.LeafHash([1]), right = Rfc6962.LeafHash([2]);
        Assert.Equal(SHA256.HashData([1, .. left, .. right]), Rfc6962.NodeHash(left, right));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1022)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(15 * 1024)]
    public void A_leaf_hash_is_that_of_a_zero_byte_and_the_leaf(int length)
    {
        var leaf = Enumerable.Repeat((byte)7, length).ToArray();
        Assert.Equal(SHA256.HashData([0, .. leaf]), Rfc6962.LeafHash(leaf));
    }

    [Fact]
    public void Roots_of_0_to_8_leaves_are_the_published_ones() => Assert.Equal(
        Roots, Enumerable.Range(0, 9).Select(n => Convert.ToHexStringLower(MerkleTree.Root(Published.GetRange(0, n)))));

    [Fact]
    public void Proofs_are_the_published_ones()
    {
        Assert.Equal(
            ["vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=", "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
             "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="],
            MerkleTree.InclusionPath(Published, 5).Select(Convert.ToBase64String));
        Assert.Equal(
            ["DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=", "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
             "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="],
            MerkleTree.ConsistencyPath(Published, 6).Select(Convert.ToBase64String));
    }

    [Fact]
    public void The_second_implementation_has_the_same_roots_and_proofs_up_to_300_leaves()
    {
        using var roots = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var inclusion = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var consistency = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var rootOf = Enumerable.Range(0, Numbers.Count + 1).Select(n => MerkleTree.Root(Numbers.GetRange(0, n))).ToList();
        rootOf.ForEach(roots.AppendData);
        var tree = new Subtrees(Numbers);
        for (var size = 1; size <= Numbers.Count; size++)
        {
            var root = rootOf[size];
            for (var index = 0; index < size; index++)
            {
                var path = MerkleTree.InclusionPath(tree, size, index);
                var proof = MerkleTree.ConsistencyPath(tree, size, index + 1);
                path.ToList().ForEach(inclusion.AppendData);
                proof.ToList().ForEach(consistency.AppendData);
                Assert.True(MerkleTree.VerifyInclusion(index, size, Numbers[index], path, root));
                Assert.True(MerkleTree.VerifyConsistency(index + 1, size, rootOf[index + 1], root, proof));
            }
        }

        var expected = Vector.At("merkle");
        Assert.Equal((string)expected["roots"]!, Convert.ToHexStringLower(roots.GetHashAndReset()));
        Assert.Equal((string)expected["inclusion"]!, Convert.ToHexStringLower(inclusion.GetHashAndReset()));
        Assert.Equal((string)expected["consistency"]!, Convert.ToHexStringLower(consistency.GetHashAndReset()));
    }

    [Fact]
    public void A_growing_edge_has_the_root_of_the_whole_list()
    {
        var edge = new TreeEdge();
        Assert.Equal(Rfc6962.EmptyRoot, edge.Root());
        var leaves = Vector.NumberHashes(70_000);
        for (var size = 1; size <= leaves.Count; size++)
        {
            edge.Add(leaves[size - 1]);
            if (size <= 600 || size % 4_999 == 0 || size is 65_535 or 65_536 or 65_537)
            {
                Assert.Equal(MerkleTree.Root(leaves.GetRange(0, size)), edge.Root());
            }
        }
    }

    [Fact]
    public void A_proof_with_anything_changed_does_not_verify()
    {
        foreach (var size in new[] { 1, 2, 3, 7, 8, 64, 77, 255, 256, 257, 300 })
        {
            var leaves = Numbers.GetRange(0, size);
            var root = MerkleTree.Root(leaves);
            for (var index = 0; index < size; index++)
            {
                var path = MerkleTree.InclusionPath(leaves, index);
                foreach (var wrong in Variants(path))
                {
                    Assert.False(MerkleTree.VerifyInclusion(index, size, leaves[index], wrong, root));
                }

                Assert.False(MerkleTree.VerifyInclusion(index, size, Changed(leaves[index]), path, root));
                Assert.False(MerkleTree.VerifyInclusion(index, size, leaves[index], path, Changed(root)));
                Assert.False(MerkleTree.VerifyInclusion(index - 1, size, leaves[index], path, root));
                Assert.False(MerkleTree.VerifyInclusion(index + 1, size, leaves[index], path, root));
                Assert.False(MerkleTree.VerifyInclusion(index + size, size, leaves[index], path, root));

                var old = MerkleTree.Root(leaves.GetRange(0, index + 1));
                var proof = MerkleTree.ConsistencyPath(leaves, index + 1);
                foreach (var wrong in Variants(proof))
                {
                    Assert.False(MerkleTree.VerifyConsistency(index + 1, size, old, root, wrong));
                }

                Assert.False(MerkleTree.VerifyConsistency(index + 1, size, Changed(old), root, proof));
                Assert.False(MerkleTree.VerifyConsistency(index + 1, size, old, Changed(root), proof));
                Assert.False(MerkleTree.VerifyConsistency(size + 1, size, old, root, proof));
            }
        }

        Assert.False(MerkleTree.VerifyConsistency(0, 1, Rfc6962.EmptyRoot, Numbers[0], []));
    }

    private static IEnumerable<IReadOnlyList<byte[]>> Variants(IReadOnlyList<byte[]> proof)
    {
        yield return [.. proof, Rfc6962.EmptyRoot];
        yield return [Rfc6962.EmptyRoot, .. proof];
        for (var i = 0; i < proof.Count; i++)
        {
            yield return [.. proof.Take(i), .. proof.Skip(i + 1)];
            yield return [.. proof.Take(i), Changed(proof[i]), .. proof.Skip(i + 1)];
            yield return [.. proof.Take(i), proof[i][..31], .. proof.Skip(i + 1)];
        }
    }

    private static byte[] Changed(byte[] hash) => [(byte)(hash[0] ^ 1), .. hash[1..]];
}
