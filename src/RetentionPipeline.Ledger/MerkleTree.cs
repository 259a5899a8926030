using System.Security.Cryptography;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Roots and proofs of RFC 6962 section 2.1 over a list of leaf hashes, and their verification as in RFC 9162 sections
/// 2.1.3.2 and 2.1.4.2. A proof is a list of 32-byte hashes.
/// </summary>
public static class MerkleTree
{
    /// <summary>Root over all leaf hashes.</summary>
    public static byte[] Root(IReadOnlyList<byte[]> leaves)
    {
        // Perfect subtrees, largest first: one for each bit of the number of leaves that were taken.
        var subtrees = new Stack<byte[]>();
        for (var taken = 0; taken < leaves.Count; taken++)
        {
            var hash = leaves[taken];
            for (var bits = taken; (bits & 1) == 1; bits >>= 1)
            {
                hash = Rfc6962.NodeHash(subtrees.Pop(), hash);
            }

            subtrees.Push(hash);
        }

        return subtrees.Count == 0
            ? Rfc6962.EmptyRoot
            : subtrees.Aggregate((right, left) => Rfc6962.NodeHash(left, right));
    }

    /// <summary>Root over leaf hashes that lie one behind the other, as in a tile; as many as a power of two.</summary>
    public static byte[] Root(ReadOnlySpan<byte> hashes)
    {
        var count = hashes.Length / Rfc6962.HashLength;
        if (!int.IsPow2(count) || hashes.Length % Rfc6962.HashLength != 0)
        {
            throw new ArgumentException("The hashes are not as many as a power of two.", nameof(hashes));
        }

        using var hasher = SHA256.Create();
        var level = hashes.ToArray().AsSpan();
        for (count /= 2; count > 0; count /= 2)
        {
            for (var i = 0; i < count; i++)
            {
                var pair = level.Slice(2 * i * Rfc6962.HashLength, 2 * Rfc6962.HashLength);
                Rfc6962.NodeHash(pair[..Rfc6962.HashLength], pair[Rfc6962.HashLength..], level[(i * Rfc6962.HashLength)..], hasher);
            }
        }

        return level[..Rfc6962.HashLength].ToArray();
    }

    /// <summary>Proof that leaf <paramref name="index"/> is in the tree.</summary>
    public static IReadOnlyList<byte[]> InclusionPath(IReadOnlyList<byte[]> leaves, int index) =>
        InclusionPath(new Subtrees(leaves), leaves.Count, index);

    /// <summary>Proof that the tree of the first <paramref name="oldSize"/> leaves is a prefix.</summary>
    public static IReadOnlyList<byte[]> ConsistencyPath(IReadOnlyList<byte[]> leaves, int oldSize) =>
        ConsistencyPath(new Subtrees(leaves), leaves.Count, oldSize);

    /// <summary>As above in the tree of the first <paramref name="size"/> leaves, for many proofs over one list.</summary>
    public static IReadOnlyList<byte[]> InclusionPath(Subtrees tree, int size, int index) =>
        [.. InclusionNodes(index, size).Select(tree.Root)];

    /// <summary>As above in the tree of the first <paramref name="size"/> leaves, for many proofs over one list.</summary>
    public static IReadOnlyList<byte[]> ConsistencyPath(Subtrees tree, int size, int oldSize) =>
        [.. ConsistencyNodes(oldSize, size).Select(tree.Root)];

    /// <summary>PATH(m, D[n]) of RFC 6962 section 2.1.1 as ranges of leaves whose roots it is made of.</summary>
    public static IReadOnlyList<LeafRange> InclusionNodes(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var nodes = new List<LeafRange>();
        AddPath(new LeafRange(0, size), index, nodes);
        return nodes;
    }

    /// <summary>PROOF(m, D[n]) of RFC 6962 section 2.1.2 as ranges of leaves whose roots it is made of.</summary>
    public static IReadOnlyList<LeafRange> ConsistencyNodes(long oldSize, long size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, size);
        var nodes = new List<LeafRange>();
        AddConsistency(new LeafRange(0, size), oldSize, nodes, wholeIsKnown: true);
        return nodes;
    }

    /// <summary>Whether the path leads from the leaf hash to the root.</summary>
    public static bool VerifyInclusion(
        long index, long size, ReadOnlySpan<byte> leafHash, IReadOnlyList<byte[]> path, ReadOnlySpan<byte> root)
    {
        if (index < 0 || index >= size)
        {
            return false;
        }

        var (node, last, hash) = (index, size - 1, leafHash.ToArray());
        foreach (var sibling in path)
        {
            if (last == 0 || sibling.Length != 32)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                hash = Rfc6962.NodeHash(sibling, hash);
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                hash = Rfc6962.NodeHash(hash, sibling);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && root.SequenceEqual(hash);
    }

    /// <summary>Whether the path shows that the old tree is a prefix of the new one.</summary>
    public static bool VerifyConsistency(
        long oldSize, long newSize, ReadOnlySpan<byte> oldRoot, ReadOnlySpan<byte> newRoot, IReadOnlyList<byte[]> path)
    {
        if (oldSize < 1 || oldSize > newSize || path.Any(hash => hash.Length != 32))
        {
            return false;
        }

        if (oldSize == newSize)
        {
            return path.Count == 0 && oldRoot.SequenceEqual(newRoot);
        }

        var proof = (oldSize & (oldSize - 1)) == 0 ? [oldRoot.ToArray(), .. path] : path.ToList();
        if (proof.Count == 0)
        {
            return false;
        }

        var (node, last) = (oldSize - 1, newSize - 1);
        while ((node & 1) == 1)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        var (oldHash, newHash) = (proof[0], proof[0]);
        foreach (var hash in proof.Skip(1))
        {
            if (last == 0)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                (oldHash, newHash) = (Rfc6962.NodeHash(hash, oldHash), Rfc6962.NodeHash(hash, newHash));
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                newHash = Rfc6962.NodeHash(newHash, hash);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && oldRoot.SequenceEqual(oldHash) && newRoot.SequenceEqual(newHash);
    }

    private static void AddPath(LeafRange range, long index, List<LeafRange> nodes)
    {
        if (range.Count == 1)
        {
            return;
        }

        var (left, right) = range.Halves();
        if (index < left.Count)
        {
            AddPath(left, index, nodes);
            nodes.Add(right);
        }
        else
        {
            AddPath(right, index - left.Count, nodes);
            nodes.Add(left);
        }
    }

    private static void AddConsistency(LeafRange range, long oldSize, List<LeafRange> nodes, bool wholeIsKnown)
    {
        if (oldSize == range.Count)
        {
            if (!wholeIsKnown)
            {
                nodes.Add(range);
            }

            return;
        }

        var (left, right) = range.Halves();
        if (oldSize <= left.Count)
        {
            AddConsistency(left, oldSize, nodes, wholeIsKnown);
            nodes.Add(right);
        }
        else
        {
            AddConsistency(right, oldSize - left.Count, nodes, wholeIsKnown: false);
            nodes.Add(left);
        }
    }
}

/// <summary>Leaves from a start on, and their subtree.</summary>
public readonly record struct LeafRange(long Start, long Count)
{
    /// <summary>As many leaves as a power of two: their subtree is the same in every tree that holds them.</summary>
    public bool IsPerfect => long.IsPow2(Count);

    /// <summary>Of more than one leaf: the left half has the largest power of two below the count.</summary>
    public (LeafRange Left, LeafRange Right) Halves()
    {
        var left = 1L << (63 - (int)long.LeadingZeroCount(Count - 1));
        return (new(Start, left), new(Start + left, Count - left));
    }
}

/// <summary>Roots of subtrees over a list of leaf hashes; those of perfect ones are remembered.</summary>
public sealed class Subtrees(IReadOnlyList<byte[]> leaves)
{
    private readonly Dictionary<LeafRange, byte[]> perfect = [];

    internal byte[] Root(LeafRange range)
    {
        if (range.Count == 1)
        {
            return leaves[(int)range.Start];
        }

        if (perfect.TryGetValue(range, out var known))
        {
            return known;
        }

        var (left, right) = range.Halves();
        var hash = Rfc6962.NodeHash(Root(left), Root(right));
        if (range.IsPerfect)
        {
            perfect.Add(range, hash);
        }

        return hash;
    }
}
