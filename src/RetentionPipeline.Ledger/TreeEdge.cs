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
        return Add(leafHash, 0);
    }

    /// <summary>
    /// Adds the 256 leaves of a full tile by their root, where the tree ends with a full tile; the tiles above that became
    /// full.
    /// </summary>
    public IReadOnlyList<HashTile> AddTile(byte[] root)
    {
        if (levels[0].Count > 0)
        {
            throw new InvalidOperationException("The tree ends within a tile.");
        }

        Size += TilePath.Width;
        fullTiles[0]++;
        return Add(root, 1);
    }

    private IReadOnlyList<HashTile> Add(byte[] hash, int lowest)
    {
        List<HashTile>? full = null;
        for (var level = lowest; ; level++)
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

    /// <summary>
    /// The edge of a tree of that size from its tiles, each at least as wide as there: <paramref name="read"/> gives the
    /// tile of a level and number, or null, and then there is no edge.
    /// </summary>
    public static TreeEdge? Of(long size, Func<int, long, byte[]?> read)
    {
        var edge = new TreeEdge { Size = size };
        for (var (level, count) = (0, size); count > 0; level++, count /= TilePath.Width)
        {
            if (level == edge.levels.Count)
            {
                edge.levels.Add([]);
                edge.fullTiles.Add(0);
            }

            edge.fullTiles[level] = count / TilePath.Width;
            var width = (int)(count % TilePath.Width);
            if (width == 0)
            {
                continue;
            }

            if (read(level, count / TilePath.Width) is not { } tile || tile.Length < width * Rfc6962.HashLength)
            {
                return null;
            }

            edge.levels[level].AddRange(tile.Chunk(Rfc6962.HashLength).Take(width));
        }

        return edge;
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
