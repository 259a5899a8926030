namespace RetentionPipeline.Ledger;

/// <summary>New entries of a lane.</summary>
/// <param name="Entries">In order.</param>
/// <param name="Next">Up to where they were read.</param>
/// <param name="SkippedBytes">Torn or foreign bytes that were passed over.</param>
/// <param name="Frames">Writer and number of each block.</param>
internal sealed record LaneEntries(
    IReadOnlyList<ReadOnlyMemory<byte>> Entries, LanePosition Next, long SkippedBytes,
    IReadOnlyList<(Guid Writer, long Sequence)> Frames);

/// <summary>
/// Reads whole frames from a lane. Bytes that can be no frame are passed over at once. Bytes that may be the beginning
/// of one are an append under way as long as they are the last of the lane; a whole frame or a new segment behind them
/// shows that they are torn.
/// </summary>
internal static class LaneReader
{
    private const int ReadSize = 4 * LaneFrame.MaxBytes;

    /// <summary>
    /// The entries from a position on. Without a limit: as far as one read of 4 MiB goes. With one (the position that
    /// was reached so once): again the same entries, whatever the lane has grown by since.
    /// </summary>
    public static async Task<LaneEntries> ReadAsync(
        ILaneStore lanes, int lane, LanePosition from, LanePosition? limit, CancellationToken cancel)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        var frames = new List<(Guid, long)>();
        var skipped = 0L;
        var position = from;
        while (limit is null || position < limit)
        {
            var chunk = await lanes.ReadAsync(lane, position, ReadSize, cancel);
            if (chunk.Bytes.IsEmpty)
            {
                if (chunk.Next == position)
                {
                    break;
                }

                position = chunk.Next;
                continue;
            }

            var bytes = chunk.Bytes;
            var end = position with { Offset = position.Offset + bytes.Length };
            if (limit is { } stop && stop <= end)
            {
                (bytes, end) = (bytes[..(int)(stop.Offset - position.Offset)], stop);
            }

            var (used, passedOver) = ReadFrames(bytes, entries, frames);
            skipped += passedOver;
            if (end == limit)
            {
                skipped += bytes.Length - used;
                position = end;
            }
            else if (used > 0)
            {
                position = position with { Offset = position.Offset + used };
            }
            else if (await lanes.ReadAsync(lane, end, 1, cancel) is { Bytes.IsEmpty: true, Next: var next } && next != end)
            {
                // The segment is closed: what began here will never end.
                skipped += bytes.Length;
                position = next;
                continue;
            }

            if (used == 0 || limit is null)
            {
                break;
            }
        }

        return new LaneEntries(entries, position, skipped, frames);
    }

    /// <summary>
    /// Adds the entries of all whole frames; returns how many bytes need not be read again, and how many of them were
    /// none of a frame's.
    /// </summary>
    private static (int Used, long Skipped) ReadFrames(
        ReadOnlyMemory<byte> bytes, List<ReadOnlyMemory<byte>> entries, List<(Guid Writer, long Sequence)> frames)
    {
        var (used, begun, skipped) = (0, -1, 0L);
        for (var at = 0; at < bytes.Length;)
        {
            var frame = LaneFrame.Decode(bytes[at..]);
            if (frame.Kind is FrameKind.Whole)
            {
                skipped += at - used;
                entries.AddRange(frame.Entries);
                frames.Add((frame.Writer, frame.Sequence));
                at += frame.Length;
                (used, begun) = (at, -1);
                continue;
            }

            begun = frame.Kind is FrameKind.Incomplete && begun < 0 ? at : begun;
            at++;
        }

        var resolved = begun < 0 ? bytes.Length : begun;
        return (resolved, skipped + resolved - used);
    }
}
