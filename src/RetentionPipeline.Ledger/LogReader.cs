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
        return CommitRecord.Decode(record.Span).Lanes;
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
            var bundle = EntryBundle.Decode(await ReadBundleAsync(at / TilePath.Width, size, cancel));
            entries.AddRange(bundle.Skip((int)(at % TilePath.Width)).Take(count - entries.Count));
        }

        return entries;
    }

    /// <summary>
    /// The bundle of a tree of that size. Where the tree grew since, the full bundle may stand alone: it begins with the
    /// same bytes.
    /// </summary>
    internal async Task<ReadOnlyMemory<byte>> ReadBundleAsync(long index, long size, CancellationToken cancel)
    {
        var width = (int)Math.Min(TilePath.Width, size - (index * TilePath.Width));
        return await tiles.ReadAsync(TilePath.OfEntries(index, width), cancel)
            ?? await tiles.ReadAsync(TilePath.OfEntries(index, TilePath.Width), cancel)
            ?? throw new LedgerCorruptException($"The entry bundle {index} of a tree of {size} is missing.");
    }
}
