using System.Security.Cryptography;

namespace RetentionPipeline.Ledger;

internal enum EntryNews
{
    New,
    Duplicate,
    Conflict,
}

/// <summary>What an integrator holds in memory: the edge, the keys, and what is built and not written yet.</summary>
internal sealed class IntegratorState
{
    private readonly Dictionary<UInt128, UInt128> keys = [];
    private readonly List<ReadOnlyMemory<byte>> bundle = [];
    private readonly List<(string Name, byte[] Content)> unwritten = [];
    private bool edgeChanged;

    public CommitRecord Commit { get; set; } = CommitRecord.None;

    /// <summary>Number of the newest commit that is published, as far as this one knows.</summary>
    public long Published { get; set; }

    public TreeEdge Edge { get; } = new();

    /// <summary>
    /// Adds an entry unless its key stands with the same bytes. Keys and bytes are remembered by 128 bits of their
    /// hashes.
    /// </summary>
    public EntryNews Add(ReadOnlyMemory<byte> entry, LeafKey key)
    {
        var news = EntryNews.New;
        var (place, content) = (LogIndex.Place(key), LogIndex.Short(SHA256.HashData(entry.Span)));
        if (keys.TryGetValue(place, out var known))
        {
            if (known == content)
            {
                return EntryNews.Duplicate;
            }

            // Reported, never dropped: but once is enough, or each redelivery would add it again.
            var conflictPlace = place ^ content;
            if (!keys.TryAdd(conflictPlace, content))
            {
                return EntryNews.Duplicate;
            }

            news = EntryNews.Conflict;
        }
        else
        {
            keys.Add(place, content);
        }

        bundle.Add(entry);
        edgeChanged = true;
        foreach (var tile in Edge.Add(Rfc6962.LeafHash(entry.Span)))
        {
            unwritten.Add((TilePath.Of(tile.Level, tile.Index, TilePath.Width), tile.Hashes));
            if (tile.Level == 0)
            {
                unwritten.Add((TilePath.OfEntries(tile.Index, TilePath.Width), EntryBundle.Encode(bundle)));
                bundle.Clear();
            }
        }

        return news;
    }

    /// <summary>What is to be written for the tree as it is now.</summary>
    public IReadOnlyList<(string Name, byte[] Content)> TakeUnwritten()
    {
        var taken = unwritten.ToList();
        unwritten.Clear();
        if (edgeChanged && bundle.Count > 0)
        {
            taken.Add((TilePath.OfEntries(Edge.Size / TilePath.Width, bundle.Count), EntryBundle.Encode(bundle)));
        }

        edgeChanged = false;
        return taken;
    }
}
