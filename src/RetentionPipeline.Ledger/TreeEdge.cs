namespace RetentionPipeline.Ledger;

/// <summary>A tile of the tree: 1 to 256 hashes.</summary>
internal sealed record HashTile(int Level, long Index, byte[] Hashes);

/// <summary>
/// The right edge of a growing tree: per level the hashes of the tile that is not full yet. Enough for the root and for
/// each tile that fills up.
/// </summary>
internal sealed class TreeEdge
{
    private readonly List<List<byte[]>> levels;
    private readonly List<long> fullTiles;

    public TreeEdge() => (levels, fullTiles) = ([[]], [0]);

    private TreeEdge(TreeEdge other)
    {
        levels = [.. other.levels.Select(hashes => hashes.ToList())];
        fullTiles = [.. other.fullTiles];
        Size = other.Size;
    }

    public long Size { get; private set; }

    /// <summary>Grows by itself from here on.</summary>
    public TreeEdge Copy() => new(this);

    /// <summary>Adds a leaf hash; the tiles that became full, lowest level first.</summary>
    public IReadOnlyList<HashTile> Add(byte[] leafHash)
    {
        Size++;
        List<HashTile>? full = null;
        var hash = leafHash;
        for (var level = 0; ; level++)
        {
            if (level == levels.Count)
            {
                levels.Add([]);
                fullTiles.Add(0);
            }

            levels[level].Add(hash);
            if (levels[level].Count < TilePath.Width)
            {
                return full ?? (IReadOnlyList<HashTile>)[];
            }

            hash = MerkleTree.Root(levels[level]);
            (full ??= []).Add(new HashTile(level, fullTiles[level]++, Join(levels[level])));
            levels[level].Clear();
        }
    }

    /// <summary>The tiles that are not full, lowest level first.</summary>
    public IEnumerable<HashTile> Partial() => levels
        .Select((hashes, level) => new HashTile(level, fullTiles[level], Join(hashes)))
        .Where(tile => tile.Hashes.Length > 0);

    private static byte[] Join(List<byte[]> hashes)
    {
        var tile = new byte[hashes.Count * Rfc6962.HashLength];
        for (var i = 0; i < hashes.Count; i++)
        {
            hashes[i].CopyTo(tile, i * Rfc6962.HashLength);
        }

        return tile;
    }

    public byte[] Root()
    {
        // Perfect subtrees, largest first; the root folds them from the right (RFC 6962 section 2.1).
        var subtrees = new List<byte[]>();
        for (var level = levels.Count - 1; level >= 0; level--)
        {
            var hashes = levels[level];
            for (var start = 0; start < hashes.Count;)
            {
                var count = 1 << (31 - int.LeadingZeroCount(hashes.Count - start));
                subtrees.Add(MerkleTree.Root(hashes.GetRange(start, count)));
                start += count;
            }
        }

        subtrees.Reverse();
        return subtrees.Count == 0
            ? Rfc6962.EmptyRoot
            : subtrees.Aggregate((right, left) => Rfc6962.NodeHash(left, right));
    }
}
