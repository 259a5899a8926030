namespace RetentionPipeline.Ledger;

/// <summary>Where an integrator reads and writes.</summary>
/// <param name="Lanes">What was appended.</param>
/// <param name="Journal">What was committed.</param>
/// <param name="Tiles">What is written for good.</param>
/// <param name="Head">What is published.</param>
/// <param name="Lease">Whose turn it is.</param>
public sealed record LedgerStores(
    ILaneStore Lanes, ICommitJournal Journal, ITileStore Tiles, ICheckpointStore Head, ILedgerLease Lease);

/// <summary>What happened to the log since the result before, as one integrator saw it.</summary>
/// <param name="Size">Size of the published tree.</param>
/// <param name="Added">Leaves that joined the tree.</param>
/// <param name="Duplicates">Entries dropped: same key, same bytes.</param>
/// <param name="Conflicts">Leaves whose key stood in the log with other bytes; they are in the log as well.</param>
/// <param name="Foreign">Entries that are no leaves, dropped.</param>
/// <param name="SkippedBytes">Torn or foreign bytes in lanes.</param>
/// <param name="Gaps">Blocks that writers numbered and that never came: their append failed, or they were taken away.</param>
public sealed record IntegrationResult(
    long Size, int Added, int Duplicates, IReadOnlyList<LeafKey> Conflicts, int Foreign, long SkippedBytes,
    IReadOnlyList<SequenceGap> Gaps);

/// <summary>
/// Moves new entries of the lanes into the tree. Order: build in memory, commit, write tiles and bundles, sign, publish.
/// Commit before sign, sign before publish: no signature ever exists over a tree that lost a race. The commit record is
/// the only thing that decides; everything behind it follows from it and the lanes, may be done twice, and is done by
/// whoever finds a commit that is not published. Several may run: one wins each commit, the others follow it.
/// </summary>
/// <param name="stores">Where it reads and writes.</param>
/// <param name="signers">Keys that sign each checkpoint, one line each, in this order.</param>
/// <param name="origin">First line of each checkpoint.</param>
public sealed class Integrator(LedgerStores stores, IReadOnlyList<INoteSigner> signers, string origin)
{
    /// <summary>With one key.</summary>
    public Integrator(LedgerStores stores, INoteSigner signer, string origin)
        : this(stores, [signer], origin)
    {
    }

    private const int WritesAtOnce = 8;

    private readonly SemaphoreSlim one = new(1, 1);
    private readonly Queue<string> superseded = [];
    private LogState? state;
    private long published;
    private IntegrationResult tally = Nothing;
    private LedgerCorruptException? stopped;

    private readonly WriterSequences sequences = new();
    private readonly PastEntries past = new(new LogReader(stores.Tiles, stores.Head, stores.Journal));

    private static readonly IntegrationResult Nothing = new(0, 0, 0, [], 0, 0, []);

    /// <summary>
    /// One run; none where somebody else holds the lease. Throws <see cref="LedgerCorruptException"/> where the log contradicts itself, and from then on at every
    /// call: somebody has to look. After anything else it may be called again, and goes on where it was; what it has
    /// to report is reported once, by the next run that ends well.
    /// </summary>
    public async Task<IntegrationResult> RunOnceAsync(CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try
        {
            if (stopped is not null)
            {
                throw stopped;
            }

            if (!await stores.Lease.TryHoldAsync(cancel))
            {
                return Nothing with { Size = await PublishedSizeAsync(cancel) };
            }

            state ??= await LoadAsync(cancel);
            await FollowCommitsAsync(state, cancel);
            await CommitNewAsync(state, cancel);
            await PublishAsync(state.Commit, cancel);
            await SweepAsync(cancel);
            var result = tally with { Size = state.Commit.Size, Gaps = sequences.EndRun() };
            tally = Nothing;
            return result;
        }
        catch (LedgerCorruptException corrupt)
        {
            stopped = corrupt;
            throw;
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>
    /// Reads the whole published log, once per start. Takes time in proportion to the log; memory as <see cref="LogState"/>.
    /// </summary>
    private async Task<LogState> LoadAsync(CancellationToken cancel)
    {
        var loaded = new LogState();
        if (await stores.Head.ReadAsync(cancel) is not { } head)
        {
            return loaded;
        }

        var commit = await ReadCommitAsync(head.Commit, cancel)
            ?? throw new LedgerCorruptException($"The published commit {head.Commit} is not in the journal.");
        if (SignedNote.Parse(head.Note.Span).Text != new Checkpoint(origin, commit.Size, commit.Root).Text)
        {
            throw new LedgerCorruptException(
                $"The published checkpoint is not that of commit {commit.Number} of the log '{origin}'.");
        }

        var reader = new LogReader(stores.Tiles, stores.Head, stores.Journal);
        for (long at = 0; at < commit.Size; at += TilePath.Width)
        {
            var draft = new TreeDraft(loaded);
            draft.Add(TreeDraft.Read(await reader.ReadBundleAsync(at / TilePath.Width, commit.Size, cancel)));
            draft.Accept(commit);
        }

        if (loaded.Edge.Size != commit.Size || !loaded.Edge.Root().AsSpan().SequenceEqual(commit.Root))
        {
            throw new LedgerCorruptException($"The published entries do not have the root of commit {commit.Number}.");
        }

        loaded.Commit = commit;
        published = commit.Number;
        return loaded;
    }

    /// <summary>
    /// Applies the commits that stand behind ours: of an earlier life, or of another integrator. A crash in here leaves
    /// tiles of a commit that is not published; they are written again with the same bytes.
    /// </summary>
    private async Task FollowCommitsAsync(LogState current, CancellationToken cancel)
    {
        while (await ReadCommitAsync(current.Commit.Number + 1, cancel) is { } commit)
        {
            var (draft, _, skipped) = await BuildAsync(current, commit.Lanes, cancel);
            if (draft.Size != commit.Size || !draft.Root().AsSpan().SequenceEqual(commit.Root))
            {
                throw new LedgerCorruptException($"The lanes do not give the tree of commit {commit.Number}.");
            }

            await ApplyAsync(draft, commit, skipped, cancel);
        }
    }

    private async Task CommitNewAsync(LogState current, CancellationToken cancel)
    {
        var (draft, lanes, skipped) = await BuildAsync(current, null, cancel);
        if (lanes.SequenceEqual(current.Commit.Lanes))
        {
            return;
        }

        var mine = new CommitRecord(current.Commit.Number + 1, draft.Size, draft.Root(), lanes);
        var bytes = mine.Encode();

        // An answer that never comes is settled by the next run: it finds record n, mine or not, and follows it.
        var stands = await stores.Journal.WriteOnceAsync(mine.Number, bytes, cancel);
        if (stands.Span.SequenceEqual(bytes))
        {
            await ApplyAsync(draft, mine, skipped, cancel);
        }
        else
        {
            await FollowCommitsAsync(current, cancel);
        }
    }

    /// <summary>Reads each lane from the committed position, up to the limits or as far as one read goes.</summary>
    private async Task<(TreeDraft Draft, IReadOnlyList<LanePosition> Lanes, long Skipped)> BuildAsync(
        LogState current, IReadOnlyList<LanePosition>? limits, CancellationToken cancel)
    {
        var read = await Task.WhenAll(Enumerable.Range(0, LanePosition.Lanes).Select(lane => LaneReader.ReadAsync(
            stores.Lanes, lane, current.Commit.Lanes[lane], limits?[lane], cancel)));
        var draft = new TreeDraft(current);
        await past.AddAsync(draft, current, [.. read.SelectMany(lane => lane.Entries)], cancel);
        foreach (var (writer, sequence) in read.SelectMany(lane => lane.Frames))
        {
            sequences.Take(writer, sequence);
        }

        return (draft, [.. read.Select(lane => lane.Next)], read.Sum(lane => lane.SkippedBytes));
    }

    /// <summary>Writes the files of a commit that stands, then takes it as the log.</summary>
    private async Task ApplyAsync(TreeDraft draft, CommitRecord commit, long skipped, CancellationToken cancel)
    {
        var files = draft.Files();
        foreach (var some in files.Chunk(WritesAtOnce))
        {
            await Task.WhenAll(some.Select(file => WriteAsync(file.Name, file.Content, cancel)));
        }

        draft.Accept(commit);
        foreach (var file in files.Where(file => file.Supersedes is not null))
        {
            superseded.Enqueue(file.Supersedes!);
        }

        tally = new IntegrationResult(
            0, tally.Added + draft.Added, tally.Duplicates + draft.Duplicates, [.. tally.Conflicts, .. draft.Conflicts],
            tally.Foreign + draft.Foreign, tally.SkippedBytes + skipped, []);
    }

    /// <summary>A write-once name: whatever the store answers, what counts is what stands there.</summary>
    private async Task WriteAsync(string name, byte[] content, CancellationToken cancel)
    {
        var stands = await stores.Tiles.WriteOnceAsync(name, content, cancel);
        if (!stands.Span.SequenceEqual(content))
        {
            throw new LedgerForkException(name);
        }
    }

    /// <summary>
    /// Signs and publishes. Signatures may differ each time they are made, so the note that was stored first under the
    /// size is the one that is published. The head only moves to a later commit, which never has a smaller tree.
    /// </summary>
    private async Task PublishAsync(CommitRecord commit, CancellationToken cancel)
    {
        if (commit.Number == published)
        {
            return;
        }

        var text = new Checkpoint(origin, commit.Size, commit.Root).Text;
        var name = TilePath.OfCheckpoint(commit.Size);
        var note = await stores.Tiles.WriteOnceAsync(name, await SignAsync(text, cancel), cancel);
        if (SignedNote.Parse(note.Span).Text != text)
        {
            throw new LedgerForkException(name);
        }

        while (true)
        {
            var head = await stores.Head.ReadAsync(cancel);
            if (head is not null && Covers(head, commit, text))
            {
                break;
            }

            if (await stores.Head.ReplaceAsync(note, commit.Number, head?.Version, cancel) is HeadChange.Replaced)
            {
                break;
            }
        }

        published = commit.Number;
    }

    /// <summary>All keys or none: a checkpoint that lacks a line would lack it for ever.</summary>
    private async Task<byte[]> SignAsync(string text, CancellationToken cancel)
    {
        var lines = new List<NoteSignature>(signers.Count);
        foreach (var signer in signers)
        {
            lines.Add(await signer.SignAsync(text, cancel));
        }

        return new SignedNote(text, lines).Encode();
    }

    /// <summary>Whether the head is at the commit or behind it; trees only grow, and one commit has one tree.</summary>
    private static bool Covers(PublishedHead head, CommitRecord commit, string text)
    {
        var published = SignedNote.Parse(head.Note.Span).Text;
        var size = Checkpoint.Parse(published).Size;
        var fits = head.Commit.CompareTo(commit.Number) switch
        {
            < 0 => size <= commit.Size,
            0 => published == text,
            _ => size >= commit.Size,
        };
        return fits ? head.Commit >= commit.Number : throw new LedgerForkException("checkpoint");
    }

    /// <summary>
    /// Removes partial tiles whose full ones stand and are published. Nothing depends on it: a crash here leaves some
    /// that nobody reads.
    /// </summary>
    private async Task SweepAsync(CancellationToken cancel)
    {
        for (; superseded.TryPeek(out var name); superseded.Dequeue())
        {
            await stores.Tiles.RemovePartialsAsync(name, cancel);
        }
    }

    private async Task<long> PublishedSizeAsync(CancellationToken cancel) =>
        await stores.Head.ReadAsync(cancel) is { } head
            ? Checkpoint.Parse(SignedNote.Parse(head.Note.Span).Text).Size
            : 0;

    private async Task<CommitRecord?> ReadCommitAsync(long number, CancellationToken cancel) =>
        await stores.Journal.ReadAsync(number, cancel) is { } bytes ? CommitRecord.Decode(bytes.Span, number) : null;
}
