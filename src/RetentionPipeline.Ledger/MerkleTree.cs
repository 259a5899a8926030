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

    /// <summary>Proof that leaf <paramref name="index"/> is in the tree.</summary>
    public static IReadOnlyList<byte[]> InclusionPath(IReadOnlyList<byte[]> leaves, int index) =>
        InclusionPath(new Subtrees(leaves), leaves.Count, index);

    /// <summary>Proof that the tree of the first <paramref name="oldSize"/> leaves is a prefix.</summary>
    public static IReadOnlyList<byte[]> ConsistencyPath(IReadOnlyList<byte[]> leaves, int oldSize) =>
        ConsistencyPath(new Subtrees(leaves), leaves.Count, oldSize);

    /// <summary>As above in the tree of the first <paramref name="size"/> leaves, for many proofs over one list.</summary>
    public static IReadOnlyList<byte[]> InclusionPath(Subtrees tree, int size, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<byte[]>();
        AddPath(tree, 0, size, index, path);
        return path;
    }

    /// <summary>As above in the tree of the first <paramref name="size"/> leaves, for many proofs over one list.</summary>
    public static IReadOnlyList<byte[]> ConsistencyPath(Subtrees tree, int size, int oldSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, size);
        var path = new List<byte[]>();
        AddConsistency(tree, 0, size, oldSize, path, wholeIsKnown: true);
        return path;
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

    private static void AddPath(Subtrees tree, int start, int count, int index, List<byte[]> path)
    {
        if (count == 1)
        {
            return;
        }

        var left = Split(count);
        if (index < left)
        {
            AddPath(tree, start, left, index, path);
            path.Add(tree.Root(start + left, count - left));
        }
        else
        {
            AddPath(tree, start + left, count - left, index - left, path);
            path.Add(tree.Root(start, left));
        }
    }

    private static void AddConsistency(
        Subtrees tree, int start, int count, int oldSize, List<byte[]> path, bool wholeIsKnown)
    {
        if (oldSize == count)
        {
            if (!wholeIsKnown)
            {
                path.Add(tree.Root(start, count));
            }

            return;
        }

        var left = Split(count);
        if (oldSize <= left)
        {
            AddConsistency(tree, start, left, oldSize, path, wholeIsKnown);
            path.Add(tree.Root(start + left, count - left));
        }
        else
        {
            AddConsistency(tree, start + left, count - left, oldSize - left, path, wholeIsKnown: false);
            path.Add(tree.Root(start, left));
        }
    }

    /// <summary>The largest power of two below the count.</summary>
    internal static int Split(int count) => 1 << (31 - int.LeadingZeroCount(count - 1));
}

/// <summary>
/// Hashes of subtrees over a list of leaf hashes. The perfect ones (as many leaves as a power of two) are the same in
/// every tree of a prefix of the list, and are remembered.
/// </summary>
public sealed class Subtrees(IReadOnlyList<byte[]> leaves)
{
    private readonly Dictionary<(int Start, int Count), byte[]> perfect = [];

    internal byte[] Root(int start, int count)
    {
        if (count <= 1)
        {
            return count == 0 ? Rfc6962.EmptyRoot : leaves[start];
        }

        if (perfect.TryGetValue((start, count), out var known))
        {
            return known;
        }

        var left = MerkleTree.Split(count);
        var hash = Rfc6962.NodeHash(Root(start, left), Root(start + left, count - left));
        if (left * 2 == count)
        {
            perfect.Add((start, count), hash);
        }

        return hash;
    }
}
