using System.Runtime.CompilerServices;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Makes proofs from the tiles of the checkpoint that was published when it was opened; all of them are under the same
/// note. Reads each tile once. Not for concurrent use.
/// </summary>
public sealed class LogProver
{
    private readonly LogReader log;
    private readonly Dictionary<(int Level, long Index), ReadOnlyMemory<byte>> tiles = [];

    private LogProver(LogReader log, Checkpoint checkpoint, ReadOnlyMemory<byte> note) =>
        (this.log, Checkpoint, Note) = (log, checkpoint, note);

    /// <summary>What the proofs are under.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The same, signed.</summary>
    public ReadOnlyMemory<byte> Note { get; }

    /// <summary>Null before the first checkpoint.</summary>
    public static async Task<LogProver?> OpenAsync(LogReader log, CancellationToken cancel) =>
        await log.NoteAsync(cancel) is { } note
            ? new LogProver(log, Checkpoint.Parse(SignedNote.Parse(note.Span).Text), note)
            : null;

    /// <summary>Under a note that was published, now or before. Its signature is not looked at.</summary>
    public static LogProver Under(LogReader log, ReadOnlyMemory<byte> note) =>
        new(log, Checkpoint.Parse(SignedNote.Parse(note.Span).Text), note);

    /// <summary>Proves that the entry at an index is in the log.</summary>
    public async Task<TlogProof> ProveAsync(long index, CancellationToken cancel) =>
        new(index, await RootsAsync(MerkleTree.InclusionNodes(index, Checkpoint.Size), cancel), Note);

    /// <summary>Every entry that the checkpoint covers, in order.</summary>
    public async IAsyncEnumerable<(long Index, ReadOnlyMemory<byte> Entry)> EntriesAsync(
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var index = 0L;
        for (var bundle = 0L; index < Checkpoint.Size; bundle++)
        {
            foreach (var entry in await log.ReadBundleAsync(bundle, Checkpoint.Size, cancel))
            {
                yield return (index++, entry);
            }
        }
    }

    /// <summary>Proves that the log of an earlier size is a prefix of this one.</summary>
    public Task<IReadOnlyList<byte[]>> ProveConsistencyAsync(long oldSize, CancellationToken cancel) =>
        RootsAsync(MerkleTree.ConsistencyNodes(oldSize, Checkpoint.Size), cancel);

    private async Task<IReadOnlyList<byte[]>> RootsAsync(IReadOnlyList<LeafRange> nodes, CancellationToken cancel)
    {
        var roots = new List<byte[]>(nodes.Count);
        foreach (var node in nodes)
        {
            roots.Add(await RootAsync(node, cancel));
        }

        return roots;
    }

    private async Task<byte[]> RootAsync(LeafRange range, CancellationToken cancel)
    {
        if (!range.IsPerfect)
        {
            var (left, right) = range.Halves();
            var (leftRoot, rightRoot) = (await RootAsync(left, cancel), await RootAsync(right, cancel));
            return Rfc6962.NodeHash(leftRoot, rightRoot);
        }

        // 2^k leaves from an index that 2^k divides: 2^(k mod 8) neighbours in one tile of level k div 8.
        var height = (int)long.Log2(range.Count);
        var level = height / TilePath.LevelBits;
        var first = range.Start >> (TilePath.LevelBits * level);
        var tile = await TileAsync(level, first / TilePath.Width, cancel);
        var hashes = Enumerable.Range((int)(first % TilePath.Width), 1 << (height % TilePath.LevelBits));
        return MerkleTree.Root(
            [.. hashes.Select(i => tile.Slice(i * Rfc6962.HashLength, Rfc6962.HashLength).ToArray())]);
    }

    private async Task<ReadOnlyMemory<byte>> TileAsync(int level, long index, CancellationToken cancel)
    {
        if (!tiles.TryGetValue((level, index), out var tile))
        {
            tile = await log.ReadTileAsync(level, index, Checkpoint.Size, cancel);
            tiles.Add((level, index), tile);
        }

        return tile;
    }
}
