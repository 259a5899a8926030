namespace RetentionPipeline.Ledger;

/// <summary>Reads the published log.</summary>
public sealed class LogReader(ITileStore tiles, ICheckpointStore head, ICommitJournal journal)
{
    /// <summary>The published checkpoint, its signature unchecked: for the pipeline's own use. Null before the first.</summary>
    public async Task<Checkpoint?> CheckpointAsync(CancellationToken cancel) =>
        await head.ReadAsync(cancel) is { } published
            ? Checkpoint.Parse(SignedNote.Parse(published.Note.Span).Text)
            : null;

    /// <summary>The published note as it stands; null before the first.</summary>
    public async Task<ReadOnlyMemory<byte>?> NoteAsync(CancellationToken cancel) =>
        (await head.ReadAsync(cancel))?.Note;

    /// <summary>Position of each lane that the published checkpoint covers; null before the first.</summary>
    public async Task<IReadOnlyList<LanePosition>?> CoveredLanesAsync(CancellationToken cancel)
    {
        if (await head.ReadAsync(cancel) is not { } published)
        {
            return null;
        }

        var record = await journal.ReadAsync(published.Commit, cancel)
            ?? throw new LedgerCorruptException($"The published commit {published.Commit} is not in the journal.");
        return CommitRecord.Decode(record.Span, published.Commit).Lanes;
    }

    /// <summary>Entries of the published log; fewer than asked where it ends.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadEntriesAsync(
        long from, int count, CancellationToken cancel)
    {
        var size = (await CheckpointAsync(cancel))?.Size ?? 0;
        return await ReadEntriesAsync(from, (int)Math.Min(count, size - from), size, cancel);
    }

    internal async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadEntriesAsync(
        long from, int count, long size, CancellationToken cancel)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        while (entries.Count < count)
        {
            var at = from + entries.Count;
            var bundle = await ReadBundleAsync(at / TilePath.Width, size, cancel);
            entries.AddRange(bundle.Skip((int)(at % TilePath.Width)).Take(count - entries.Count));
        }

        return entries;
    }

    /// <summary>The entries of a bundle in a tree of that size.</summary>
    internal async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadBundleAsync(
        long index, long size, CancellationToken cancel)
    {
        var width = TilePath.WidthOf(index, size);
        var bytes = await ReadAsync(TilePath.OfEntries(index, width), TilePath.OfEntries(index, TilePath.Width), cancel);
        var entries = EntryBundle.Decode(bytes);
        return entries.Count >= width
            ? [.. entries.Take(width)]
            : throw new LedgerCorruptException($"The entry bundle {index} holds {entries.Count} entries of {width}.");
    }

    /// <summary>The hashes of a tile in a tree of that size.</summary>
    internal async Task<ReadOnlyMemory<byte>> ReadTileAsync(int level, long index, long size, CancellationToken cancel)
    {
        var width = TilePath.WidthOf(index, size >> (TilePath.LevelBits * level));
        var bytes = await ReadAsync(
            TilePath.Of(level, index, width), TilePath.Of(level, index, TilePath.Width), cancel);
        return bytes.Length >= width * Rfc6962.HashLength
            ? bytes[..(width * Rfc6962.HashLength)]
            : throw new LedgerCorruptException($"The tile {TilePath.Of(level, index, width)} has {bytes.Length} bytes.");
    }

    /// <summary>
    /// A partial tile or bundle; where the tree grew since and it was swept, the full one, which begins with the same
    /// bytes.
    /// </summary>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(string name, string fullName, CancellationToken cancel) =>
        await tiles.ReadAsync(name, cancel)
        ?? await tiles.ReadAsync(fullName, cancel)
        ?? throw new LedgerCorruptException($"The log has a checkpoint that covers '{name}', but neither it nor '{fullName}'.");
}
