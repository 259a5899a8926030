namespace RetentionPipeline.Ledger;

/// <summary>Where an integrator reads and writes.</summary>
/// <param name="Lanes">What was appended.</param>
/// <param name="Journal">What was committed.</param>
/// <param name="Tiles">What is written for good.</param>
/// <param name="Head">What is published.</param>
public sealed record LedgerStores(ILaneStore Lanes, ICommitJournal Journal, ITileStore Tiles, ICheckpointStore Head);

/// <summary>What one run did.</summary>
/// <param name="Size">Size of the published tree.</param>
/// <param name="Added">Leaves that this run added.</param>
/// <param name="Duplicates">Entries dropped: same key, same bytes.</param>
/// <param name="Conflicts">Leaves whose key stood in the log with other bytes; they are in the log as well.</param>
/// <param name="Foreign">Entries that are no leaves, dropped.</param>
/// <param name="SkippedBytes">Torn or foreign bytes in lanes.</param>
public sealed record IntegrationResult(
    long Size, int Added, int Duplicates, IReadOnlyList<LeafKey> Conflicts, int Foreign, long SkippedBytes);

/// <summary>
/// Moves new entries of the lanes into the tree. Order: build in memory, commit, write tiles and bundles, sign, publish.
/// Commit before sign, sign before publish: no signature ever exists over a tree that lost a race. Every step may happen
/// twice; on start, what was committed and not published is applied again from the lanes. Several may run: one wins each
/// commit, the others read it and go on behind it.
/// </summary>
public sealed class Integrator(LedgerStores stores, NoteSigner signer, string origin)
{
    private readonly SemaphoreSlim one = new(1, 1);
    private IntegratorState? state;

    /// <summary>
    /// One run. Throws <see cref="LedgerCorruptException"/> where the log contradicts itself, and then does nothing
    /// more; anything else may be tried again.
    /// </summary>
    public async Task<IntegrationResult> RunOnceAsync(CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try
        {
            // A failure half-way leaves memory ahead of or behind what is durable: it is read anew.
            var current = state ?? await LoadAsync(cancel);
            state = null;
            var tally = new Tally();
            current = await FollowCommitsAsync(current, tally, cancel);
            current = await CommitNewAsync(current, tally, cancel);
            await PublishAsync(current, cancel);
            state = current;
            return tally.ToResult(current.Commit.Size);
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Reads the published log: its keys and its right edge. First form: all of it, once per start.</summary>
    private async Task<IntegratorState> LoadAsync(CancellationToken cancel)
    {
        var loaded = new IntegratorState();
        if (await stores.Head.ReadAsync(cancel) is not { } head)
        {
            return loaded;
        }

        var commit = await stores.Journal.ReadAsync(head.Commit, cancel)
            ?? throw new LedgerCorruptException($"The published commit {head.Commit} is not in the journal.");
        loaded.Commit = CommitRecord.Decode(commit.Span);
        loaded.Published = loaded.Commit.Number;
        var reader = new LogReader(stores.Tiles, stores.Head, stores.Journal);
        for (long at = 0; at < loaded.Commit.Size; at += TilePath.Width)
        {
            var count = (int)Math.Min(TilePath.Width, loaded.Commit.Size - at);
            foreach (var entry in await reader.ReadEntriesAsync(at, count, loaded.Commit.Size, cancel))
            {
                loaded.Add(entry, Leaf.Parse(entry.Span).Key);
            }
        }

        return loaded.Edge.Root().AsSpan().SequenceEqual(loaded.Commit.Root)
            ? loaded
            : throw new LedgerCorruptException("The published entries do not have the root of their commit.");
    }

    /// <summary>Applies commits that stand behind ours: of an earlier life, or of another integrator.</summary>
    private async Task<IntegratorState> FollowCommitsAsync(
        IntegratorState current, Tally tally, CancellationToken cancel)
    {
        while (await stores.Journal.ReadAsync(current.Commit.Number + 1, cancel) is { } record)
        {
            var commit = CommitRecord.Decode(record.Span);
            await AddEntriesAsync(current, commit.Lanes, new Tally(), cancel);
            if (current.Edge.Size != commit.Size || !current.Edge.Root().AsSpan().SequenceEqual(commit.Root))
            {
                throw new LedgerCorruptException($"The lanes do not give the tree of commit {commit.Number}.");
            }

            current.Commit = commit;
            await WriteTilesAsync(current, cancel);
        }

        return current;
    }

    private async Task<IntegratorState> CommitNewAsync(IntegratorState current, Tally tally, CancellationToken cancel)
    {
        var next = await AddEntriesAsync(current, null, tally, cancel);
        if (next.SequenceEqual(current.Commit.Lanes))
        {
            return current;
        }

        var mine = new CommitRecord(current.Commit.Number + 1, current.Edge.Size, current.Edge.Root(), next);
        var bytes = mine.Encode();
        var stands = await stores.Journal.WriteOnceAsync(mine.Number, bytes, cancel);
        if (!stands.Span.SequenceEqual(bytes))
        {
            // Somebody else moved the head. Nothing of ours was written; memory holds leaves that are not committed.
            var again = await FollowCommitsAsync(await LoadAsync(cancel), tally, cancel);
            tally.Lost();
            return again;
        }

        current.Commit = mine;
        await WriteTilesAsync(current, cancel);
        return current;
    }

    /// <summary>Reads each lane from the committed position and adds what is new; returns the new positions.</summary>
    private async Task<IReadOnlyList<LanePosition>> AddEntriesAsync(
        IntegratorState current, IReadOnlyList<LanePosition>? limits, Tally tally, CancellationToken cancel)
    {
        var positions = new LanePosition[LanePosition.Lanes];
        for (var lane = 0; lane < positions.Length; lane++)
        {
            var read = await LaneReader.ReadAsync(
                stores.Lanes, lane, current.Commit.Lanes[lane], limits?[lane], cancel);
            positions[lane] = limits?[lane] ?? read.Next;
            tally.SkippedBytes += read.SkippedBytes;
            foreach (var entry in read.Entries)
            {
                AddEntry(current, entry, tally);
            }
        }

        return positions;
    }

    private static void AddEntry(IntegratorState current, ReadOnlyMemory<byte> entry, Tally tally)
    {
        LeafKey key;
        try
        {
            key = Leaf.Parse(entry.Span).Key;
        }
        catch (FormatException)
        {
            tally.Foreign++;
            return;
        }

        switch (current.Add(entry, key))
        {
            case EntryNews.Duplicate:
                tally.Duplicates++;
                break;
            case EntryNews.Conflict:
                tally.Conflicts.Add(key);
                tally.Added++;
                break;
            default:
                tally.Added++;
                break;
        }
    }

    /// <summary>Full tiles and bundles, and the bundle at the edge under its width; an equal one that stands is success.</summary>
    private async Task WriteTilesAsync(IntegratorState current, CancellationToken cancel)
    {
        foreach (var (name, content) in current.TakeUnwritten())
        {
            var stands = await stores.Tiles.WriteOnceAsync(name, content, cancel);
            if (!stands.Span.SequenceEqual(content))
            {
                throw new LedgerForkException(name);
            }
        }
    }

    private async Task PublishAsync(IntegratorState current, CancellationToken cancel)
    {
        if (current.Commit.Number == current.Published)
        {
            return;
        }

        var checkpoint = new Checkpoint(origin, current.Commit.Size, current.Commit.Root);
        var note = new SignedNote(checkpoint.Text, [signer.Sign(checkpoint.Text)]).Encode();
        while (true)
        {
            var head = await stores.Head.ReadAsync(cancel);
            if (head is not null && head.Commit >= current.Commit.Number)
            {
                break;
            }

            if (await stores.Head.ReplaceAsync(note, current.Commit.Number, head?.Version, cancel) is HeadChange.Replaced)
            {
                break;
            }
        }

        current.Published = current.Commit.Number;
    }

    private sealed class Tally
    {
        public int Added { get; set; }

        public int Duplicates { get; set; }

        public int Foreign { get; set; }

        public long SkippedBytes { get; set; }

        public List<LeafKey> Conflicts { get; } = [];

        public void Lost() => (Added, Duplicates) = (0, 0);

        public IntegrationResult ToResult(long size) =>
            new(size, Added, Duplicates, Conflicts, Foreign, SkippedBytes);
    }
}
