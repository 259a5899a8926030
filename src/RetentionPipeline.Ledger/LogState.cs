namespace RetentionPipeline.Ledger;

/// <summary>
/// What an integrator remembers of the committed log: the right edge of the tree, the entries of the bundle that is not
/// full, the keys of the younger leaves, and between which times the leaves of each full bundle lie (16 bytes for 256 of them).
/// </summary>
internal sealed class LogState
{
    /// <summary>The commit that this is the tree of.</summary>
    public CommitRecord Commit { get; set; } = CommitRecord.None;

    public TreeEdge Edge { get; set; } = new();

    public List<ReadOnlyMemory<byte>> Bundle { get; set; } = [];

    public RecentKeys Keys { get; } = new();

    /// <summary>Of full bundles.</summary>
    public List<LeafTimes> Times { get; } = [];

    /// <summary>Of the bundle that is not full.</summary>
    public LeafTimes OpenTimes { get; set; } = LeafTimes.None;
}

/// <summary>
/// What a commit would add to a log, built beside it: nothing of it counts before the commit record stands, and a draft
/// that lost its race is thrown away.
/// </summary>
internal sealed class TreeDraft(LogState start)
{
    private const int ManyEntries = 64;
    private readonly TreeEdge edge = start.Edge.Copy();
    private readonly List<ReadOnlyMemory<byte>> bundle = [.. start.Bundle];
    private readonly Dictionary<UInt128, (UInt128 Content, DateTimeOffset At)> keys = [];
    private readonly Dictionary<UInt128, UInt128> past = [];
    private readonly List<LeafTimes> times = [];
    private readonly List<LogFile> full = [];
    private LeafTimes open = start.OpenTimes;

    public int Added { get; private set; }

    public int Duplicates { get; private set; }

    public int Foreign { get; private set; }

    public List<LeafKey> Conflicts { get; } = [];

    public long Size => edge.Size;

    public byte[] Root() => edge.Root();

    /// <summary>
    /// Adds entries of lanes. What is no leaf is counted and dropped. A key that stands with the same bytes is a
    /// duplicate and dropped; with other bytes both are kept, and the key is reported.
    /// </summary>
    public void Add(IReadOnlyList<DraftEntry?> entries)
    {
        foreach (var entry in entries)
        {
            if (entry is { } leaf)
            {
                Add(leaf);
            }
            else
            {
                Foreign++;
            }
        }
    }

    /// <summary>What entries are; read and hashed on all processors.</summary>
    public static IReadOnlyList<DraftEntry?> Read(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        var read = new DraftEntry?[entries.Count];
        if (entries.Count >= ManyEntries)
        {
            Parallel.For(0, entries.Count, i => read[i] = DraftEntry.Of(entries[i]));
        }
        else
        {
            for (var i = 0; i < read.Length; i++)
            {
                read[i] = DraftEntry.Of(entries[i]);
            }
        }

        return read;
    }

    /// <summary>Notes what leaves that stand in the log say under the key of an entry that is older than the keys known.</summary>
    public void Know(DraftEntry entry, IReadOnlyList<DraftEntry?> stands)
    {
        foreach (var leaf in stands.OfType<DraftEntry>().Where(leaf => leaf.Place == entry.Place))
        {
            past.TryAdd(leaf.Place, leaf.Content);
            past.TryAdd(leaf.Place ^ leaf.Content, leaf.Content);
        }
    }

    /// <summary>
    /// The files of this tree that the log before had not: full tiles and bundles, and the partial ones at the edge.
    /// </summary>
    public IReadOnlyList<LogFile> Files()
    {
        var files = full.Concat(Partial(edge).ExceptBy(Partial(start.Edge).Select(file => file.Name), file => file.Name));
        return Added == 0 || bundle.Count == 0
            ? [.. files]
            : [.. files, new LogFile(TilePath.OfEntries(Size / TilePath.Width, bundle.Count), EntryBundle.Encode(bundle), null)];
    }

    /// <summary>The draft becomes the log, since its commit record stands.</summary>
    public void Accept(CommitRecord commit)
    {
        foreach (var (place, (content, at)) in keys)
        {
            start.Keys.Add(place, content, at);
        }

        start.Times.AddRange(times);
        start.OpenTimes = open;

        start.Edge = edge;
        start.Commit = commit;

        // Copies: an entry is a slice of megabytes that were read from a lane.
        start.Bundle = [.. bundle.Select(entry => (ReadOnlyMemory<byte>)entry.ToArray())];
    }

    private static IEnumerable<LogFile> Partial(TreeEdge edge) => edge.Partial().Select(tile => new LogFile(
        TilePath.Of(tile.Level, tile.Index, tile.Hashes.Length / Rfc6962.HashLength), tile.Hashes, null));

    private void Add(DraftEntry entry)
    {
        // Each different text under a key has a place of its own, or every redelivery of it would be added again.
        var (place, content) = (entry.Place, entry.Content);
        var known = Find(place);
        if (known == content || Find(place ^ content) == content)
        {
            Duplicates++;
            return;
        }

        if (known is not null)
        {
            place ^= content;
            Conflicts.Add(entry.Key);
        }

        keys.Add(place, (content, entry.At));
        Append(entry);
    }

    private UInt128? Find(UInt128 place) => start.Keys.Find(place)
        ?? (keys.TryGetValue(place, out var added) ? added.Content : past.TryGetValue(place, out var known) ? known : null);

    private void Append(DraftEntry entry)
    {
        Added++;
        bundle.Add(entry.Bytes);
        open = open.With(entry.At);
        foreach (var tile in edge.Add(entry.Hash))
        {
            var name = TilePath.Of(tile.Level, tile.Index, TilePath.Width);
            full.Add(new LogFile(name, tile.Hashes, name));
            if (tile.Level == 0)
            {
                name = TilePath.OfEntries(tile.Index, TilePath.Width);
                full.Add(new LogFile(name, EntryBundle.Encode(bundle), name));
                bundle.Clear();
                times.Add(open);
                open = LeafTimes.None;
            }
        }
    }
}

/// <summary>A tile or bundle to be written.</summary>
/// <param name="Name">Where.</param>
/// <param name="Content">Bytes.</param>
/// <param name="Supersedes">The full tile whose partial ones nobody needs any more; null for a partial one.</param>
internal sealed record LogFile(string Name, byte[] Content, string? Supersedes);

/// <summary>An entry that is a leaf, with what its place among all others is decided by.</summary>
internal readonly record struct DraftEntry(ReadOnlyMemory<byte> Bytes, LeafKey Key, DateTimeOffset At, UInt128 Place, byte[] Hash)
{
    /// <summary>128 bits of the leaf hash.</summary>
    public UInt128 Content => LogIndex.Short(Hash);

    /// <summary>Null for what is no leaf.</summary>
    public static DraftEntry? Of(ReadOnlyMemory<byte> entry)
    {
        try
        {
            var leaf = LeafView.Read(entry.Span);
            var key = leaf.Key;
            return new DraftEntry(entry, key, leaf.At, LogIndex.Place(key), Rfc6962.LeafHash(entry.Span));
        }
        catch (LeafFormatException)
        {
            return null;
        }
    }
}
