using System.Globalization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Fakes.Ledger;

/// <summary>The stores of a ledger in memory, under one fault switch.</summary>
public sealed class MemoryLedger(Faults faults) : ILaneStore, ICommitJournal, ITileStore, ICheckpointStore, ILedgerLease
{
    private readonly Lock gate = new();
    private readonly MemoryLane[] lanes = [.. Enumerable.Range(0, LanePosition.Lanes).Select(_ => new MemoryLane())];
    private readonly Dictionary<long, byte[]> commits = [];
    private readonly Dictionary<string, byte[]> tiles = new(StringComparer.Ordinal);
    private PublishedHead? head;
    private long versions;

    /// <summary>As the integrator takes them.</summary>
    public LedgerStores Stores => new(this, this, this, this, this);

    /// <summary>Blocks after which a lane rolls to its next segment.</summary>
    public int BlocksPerSegment { get; init; } = 50_000;

    /// <summary>
    /// Whether whoever asks holds the lease. All do, unless a test says otherwise: one that holds only in its own mind is
    /// what the tests are about.
    /// </summary>
    public Func<bool> HoldsLease { get; set; } = () => true;

    /// <summary>Everything that was published, in order.</summary>
    public List<PublishedHead> Publications { get; } = [];

    /// <summary>Names of all tiles, bundles and stored checkpoints.</summary>
    public IReadOnlyList<string> TileNames
    {
        get
        {
            lock (gate)
            {
                return [.. tiles.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Every byte that stands anywhere in the ledger, for searches.</summary>
    public IEnumerable<byte[]> AllBytes()
    {
        lock (gate)
        {
            return [.. lanes.SelectMany(lane => lane.Segments).Select(bytes => bytes.ToArray()), .. commits.Values, .. tiles.Values];
        }
    }

    /// <summary>Changes a tile, as somebody would who must not.</summary>
    public void Overwrite(string name, byte[] content) => tiles[name] = content;

    /// <summary>Puts bytes at the end of a lane, as a torn or foreign append would.</summary>
    public void AppendRaw(int lane, ReadOnlySpan<byte> bytes) => lanes[lane].Append(bytes, BlocksPerSegment);

    /// <summary>Closes the segment of a lane: the next append begins another one.</summary>
    public void Roll(int lane) => lanes[lane].Roll();

    /// <summary>Called with each block that is appended, before it is.</summary>
    public Action<ReadOnlyMemory<byte>>? Appending { get; set; }

    Task ILaneStore.AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block.Length, LaneFrame.MaxBytes);
        return Call("lanes.append", () =>
        {
            Appending?.Invoke(block);
            lanes[lane].Append(block.Span, BlocksPerSegment);
            return true;
        });
    }

    Task<LaneChunk> ILaneStore.ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel) =>
        Call("lanes.read", () => lanes[lane].Read(from, maxBytes));

    Task<IReadOnlyList<LanePosition>> ILaneStore.LengthsAsync(CancellationToken cancel) =>
        Call("lanes.lengths", () => (IReadOnlyList<LanePosition>)[.. lanes.Select(lane => lane.End)]);

    Task<ReadOnlyMemory<byte>> ICommitJournal.WriteOnceAsync(
        long number, ReadOnlyMemory<byte> record, CancellationToken cancel) => Call("journal.write", () =>
        {
            commits.TryAdd(number, record.ToArray());
            return (ReadOnlyMemory<byte>)commits[number];
        });

    Task<ReadOnlyMemory<byte>?> ICommitJournal.ReadAsync(long number, CancellationToken cancel) =>
        Call("journal.read", () => commits.TryGetValue(number, out var record) ? (ReadOnlyMemory<byte>?)record : null);

    Task<ReadOnlyMemory<byte>> ITileStore.WriteOnceAsync(
        string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => Call("tiles.write", () =>
        {
            tiles.TryAdd(name, content.ToArray());
            return (ReadOnlyMemory<byte>)tiles[name];
        });

    Task<ReadOnlyMemory<byte>?> ITileStore.ReadAsync(string name, CancellationToken cancel) =>
        Call("tiles.read", () => tiles.TryGetValue(name, out var content) ? (ReadOnlyMemory<byte>?)content : null);

    Task ITileStore.RemovePartialsAsync(string fullName, CancellationToken cancel) => Call("tiles.remove-partials", () =>
    {
        foreach (var name in tiles.Keys.Where(name => name.StartsWith(fullName + ".p/", StringComparison.Ordinal)).ToList())
        {
            tiles.Remove(name);
        }

        return true;
    });

    Task<PublishedHead?> ICheckpointStore.ReadAsync(CancellationToken cancel) => Call("head.read", () => head);

    Task<HeadChange> ICheckpointStore.ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel) => Call("head.replace", () =>
        {
            if (head?.Version != version)
            {
                return HeadChange.Conflict;
            }

            head = new PublishedHead(note.ToArray(), commit, (++versions).ToString(CultureInfo.InvariantCulture));
            Publications.Add(head);
            return HeadChange.Replaced;
        });

    Task<bool> ILedgerLease.TryHoldAsync(CancellationToken cancel) => Call("lease.hold", HoldsLease);

    private Task<T> Call<T>(string call, Func<T> effect)
    {
        try
        {
            return Task.FromResult(faults.Run(call, () =>
            {
                lock (gate)
                {
                    return effect();
                }
            }));
        }
        catch (Exception failure)
        {
            return Task.FromException<T>(failure);
        }
    }

    /// <summary>A lane in segments.</summary>
    private sealed class MemoryLane
    {
        private int blocks;

        public List<List<byte>> Segments { get; } = [[]];

        public LanePosition End => new(Segments.Count - 1, Segments[^1].Count);

        public void Append(ReadOnlySpan<byte> bytes, int blocksPerSegment)
        {
            if (blocks == blocksPerSegment)
            {
                Roll();
            }

            blocks++;
            Segments[^1].AddRange(bytes);
        }

        public void Roll()
        {
            Segments.Add([]);
            blocks = 0;
        }

        public LaneChunk Read(LanePosition from, int maxBytes)
        {
            var segment = from.Segment < Segments.Count ? Segments[from.Segment] : [];
            var bytes = new byte[Math.Clamp(segment.Count - from.Offset, 0, maxBytes)];
            segment.CopyTo((int)Math.Min(from.Offset, segment.Count), bytes, 0, bytes.Length);
            return bytes.Length == 0 && from.Segment + 1 < Segments.Count
                ? new LaneChunk(bytes, new LanePosition(from.Segment + 1, 0))
                : new LaneChunk(bytes, new LanePosition(from.Segment, from.Offset + bytes.Length));
        }
    }
}
