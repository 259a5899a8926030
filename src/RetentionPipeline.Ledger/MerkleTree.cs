namespace RetentionPipeline.Ledger;

/// <summary>
/// Roots and proofs of RFC 6962 section 2.1 over a list of leaf hashes, and their verification as in RFC 9162 sections
/// 2.1.3.2 and 2.1.4.2. A proof is a list of 32-byte hashes.
/// </summary>
public static class MerkleTree
{
    /// <summary>Root over all leaf hashes.</summary>
    public static byte[] Root(IReadOnlyList<byte[]> leaves) => Root(leaves, 0, leaves.Count);

    /// <summary>Proof that leaf <paramref name="index"/> is in the tree.</summary>
    public static IReadOnlyList<byte[]> InclusionPath(IReadOnlyList<byte[]> leaves, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, leaves.Count);
        var path = new List<byte[]>();
        AddPath(leaves, 0, leaves.Count, index, path);
        return path;
    }

    /// <summary>Proof that the tree of the first <paramref name="oldSize"/> leaves is a prefix.</summary>
    public static IReadOnlyList<byte[]> ConsistencyPath(IReadOnlyList<byte[]> leaves, int oldSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, leaves.Count);
        var path = new List<byte[]>();
        AddConsistency(leaves, 0, leaves.Count, oldSize, path, wholeIsKnown: true);
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

    private static byte[] Root(IReadOnlyList<byte[]> leaves, int start, int count)
    {
        switch (count)
        {
            case 0:
                return Rfc6962.EmptyRoot;
            case 1:
                return leaves[start];
            default:
                var left = Split(count);
                return Rfc6962.NodeHash(Root(leaves, start, left), Root(leaves, start + left, count - left));
        }
    }

    private static void AddPath(IReadOnlyList<byte[]> leaves, int start, int count, int index, List<byte[]> path)
    {
        if (count == 1)
        {
            return;
        }

        var left = Split(count);
        if (index < left)
        {
            AddPath(leaves, start, left, index, path);
            path.Add(Root(leaves, start + left, count - left));
        }
        else
        {
            AddPath(leaves, start + left, count - left, index - left, path);
            path.Add(Root(leaves, start, left));
        }
    }

    private static void AddConsistency(
        IReadOnlyList<byte[]> leaves, int start, int count, int oldSize, List<byte[]> path, bool wholeIsKnown)
    {
        if (oldSize == count)
        {
            if (!wholeIsKnown)
            {
                path.Add(Root(leaves, start, count));
            }

            return;
        }

        var left = Split(count);
        if (oldSize <= left)
        {
            AddConsistency(leaves, start, left, oldSize, path, wholeIsKnown);
            path.Add(Root(leaves, start + left, count - left));
        }
        else
        {
            AddConsistency(leaves, start + left, count - left, oldSize - left, path, wholeIsKnown: false);
            path.Add(Root(leaves, start, left));
        }
    }

    /// <summary>The largest power of two below the count.</summary>
    private static int Split(int count) => 1 << (31 - int.LeadingZeroCount(count - 1));
}
