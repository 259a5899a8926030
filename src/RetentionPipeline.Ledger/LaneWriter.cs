using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Appends leaves to the lanes. What is appended is durable when the task ends. The same leaf may be appended any number
/// of times: the integrator drops duplicates by their key.
/// </summary>
public sealed class LaneWriter(ILaneStore lanes)
{
    private const int BlockLimit = LaneFrame.MaxBytes - 128;
    private readonly Guid writer = new(RandomNumberGenerator.GetBytes(16));
    private long sequence;

    /// <summary>
    /// Groups the leaves by the lane of what they are about, so that the entries of one thing keep their order, and
    /// writes one block per lane (more, where a block would pass 1 MiB).
    /// </summary>
    public async Task AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> leaves, CancellationToken cancel)
    {
        foreach (var group in leaves.GroupBy(leaf => LaneOf(IdOf(leaf.Span))))
        {
            var block = new List<ReadOnlyMemory<byte>>();
            var size = 0;
            foreach (var leaf in group)
            {
                if (size + 2 + leaf.Length > BlockLimit)
                {
                    await WriteAsync(group.Key, block, cancel);
                    block.Clear();
                    size = 0;
                }

                block.Add(leaf);
                size += 2 + leaf.Length;
            }

            await WriteAsync(group.Key, block, cancel);
        }
    }

    /// <summary>First byte of SHA-256 of the id, mod 16.</summary>
    public static int LaneOf(string id) => SHA256.HashData(Encoding.UTF8.GetBytes(id))[0] % LanePosition.Lanes;

    /// <summary>What is no leaf is the caller's mistake, and never reaches a lane.</summary>
    private static string IdOf(ReadOnlySpan<byte> leaf) => Leaf.TryReadKey(leaf) is { } key ? key.Id : Leaf.Parse(leaf).Id;

    private Task WriteAsync(int lane, IReadOnlyList<ReadOnlyMemory<byte>> block, CancellationToken cancel)
    {
        var number = Interlocked.Increment(ref sequence);
        var frame = LaneFrame.Encode(writer, number, block.Count, EntryBundle.Encode(block));
        return lanes.AppendAsync(lane, frame, cancel);
    }
}
