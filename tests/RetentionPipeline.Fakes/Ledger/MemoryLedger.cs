using System.Globalization;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Fakes.Ledger;

/// <summary>The four stores of a ledger in memory, under one fault switch.</summary>
public sealed class MemoryLedger(Faults faults) : ILaneStore, ICommitJournal, ITileStore, ICheckpointStore
{
    private readonly Lock gate = new();
    private readonly List<byte>[] lanes = [.. Enumerable.Range(0, LanePosition.Lanes).Select(_ => new List<byte>())];
    private readonly Dictionary<long, byte[]> commits = [];
    private readonly Dictionary<string, byte[]> tiles = new(StringComparer.Ordinal);
    private PublishedHead? head;
    private long versions;

    /// <summary>As the integrator takes them.</summary>
    public LedgerStores Stores => new(this, this, this, this);

    /// <summary>Every byte that stands anywhere in the ledger, for searches.</summary>
    public IEnumerable<byte[]> AllBytes()
    {
        lock (gate)
        {
            return [.. lanes.Select(lane => lane.ToArray()), .. commits.Values, .. tiles.Values];
        }
    }

    /// <summary>Changes a tile, as somebody would who must not.</summary>
    public void Overwrite(string name, byte[] content) => tiles[name] = content;

    /// <summary>Sizes that were published, in order.</summary>
    public List<long> PublishedCommits { get; } = [];

    Task ILaneStore.AppendAsync(int lane, ReadOnlyMemory<byte> block, CancellationToken cancel) =>
        Call("lanes.append", () =>
        {
            lanes[lane].AddRange(block.Span);
            return true;
        });

    Task<LaneChunk> ILaneStore.ReadAsync(int lane, LanePosition from, int maxBytes, CancellationToken cancel) =>
        Call("lanes.read", () =>
        {
            var offset = (int)from.Offset;
            var bytes = lanes[lane].Skip(offset).Take(maxBytes).ToArray();
            return new LaneChunk(bytes, from, new LanePosition(0, offset + bytes.Length));
        });

    Task<IReadOnlyList<LanePosition>> ILaneStore.LengthsAsync(CancellationToken cancel) =>
        Call("lanes.lengths", () => (IReadOnlyList<LanePosition>)[.. lanes.Select(lane => new LanePosition(0, lane.Count))]);

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

    Task<PublishedHead?> ICheckpointStore.ReadAsync(CancellationToken cancel) => Call("head.read", () => head);

    Task<HeadChange> ICheckpointStore.ReplaceAsync(
        ReadOnlyMemory<byte> note, long commit, string? version, CancellationToken cancel) => Call("head.replace", () =>
        {
            if (head?.Version != version)
            {
                return HeadChange.Conflict;
            }

            head = new PublishedHead(note.ToArray(), commit, (++versions).ToString(CultureInfo.InvariantCulture));
            PublishedCommits.Add(commit);
            return HeadChange.Replaced;
        });

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
}
