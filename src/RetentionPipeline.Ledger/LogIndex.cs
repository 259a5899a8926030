using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Where each leaf stands in the published log. Follows the checkpoint and reads only what is new. Memory: about 50 bytes
/// a leaf, which bounds one log at some ten million leaves (ten billion records) on a small instance.
/// </summary>
public sealed class LogIndex(LogReader log)
{
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly Dictionary<UInt128, long> places = [];
    private long read;

    /// <summary>Index of the leaf; null if no published checkpoint covers it.</summary>
    public async Task<long?> FindAsync(LeafKey key, CancellationToken cancel)
    {
        await one.WaitAsync(cancel);
        try
        {
            if (places.TryGetValue(Place(key), out var known))
            {
                return known;
            }

            await FollowAsync(cancel);
            return places.TryGetValue(Place(key), out var found) ? found : null;
        }
        finally
        {
            one.Release();
        }
    }

    internal static UInt128 Place(LeafKey key) =>
        Short(SHA256.HashData(Encoding.UTF8.GetBytes($"{key.Type}\n{key.Id}\n{key.Part}")));

    internal static UInt128 Short(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt128BigEndian(hash);

    private async Task FollowAsync(CancellationToken cancel)
    {
        var size = (await log.CheckpointAsync(cancel))?.Size ?? 0;
        while (read < size)
        {
            var count = (int)Math.Min(TilePath.Width, size - read);
            foreach (var entry in await log.ReadEntriesAsync(read, count, size, cancel))
            {
                places.TryAdd(Place(Leaf.Parse(entry.Span).Key), read++);
            }
        }
    }
}
