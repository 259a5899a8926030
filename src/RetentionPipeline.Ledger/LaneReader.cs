namespace RetentionPipeline.Ledger;

/// <summary>New entries of a lane.</summary>
/// <param name="Entries">In order.</param>
/// <param name="Next">Up to where they were read.</param>
/// <param name="SkippedBytes">Torn or foreign bytes that were passed over.</param>
internal sealed record LaneEntries(IReadOnlyList<ReadOnlyMemory<byte>> Entries, LanePosition Next, long SkippedBytes);

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

            var used = ReadFrames(bytes, entries, ref skipped);
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

        return new LaneEntries(entries, position, skipped);
    }

    /// <summary>Adds the entries of all whole frames; returns how many bytes need not be read again.</summary>
    private static int ReadFrames(
        ReadOnlyMemory<byte> bytes, List<ReadOnlyMemory<byte>> entries, ref long skipped)
    {
        var (used, begun) = (0, -1);
        for (var at = 0; at < bytes.Length;)
        {
            var frame = LaneFrame.Decode(bytes[at..]);
            if (frame.Kind is FrameKind.Whole)
            {
                skipped += at - used;
                entries.AddRange(frame.Entries);
                at += frame.Length;
                (used, begun) = (at, -1);
                continue;
            }

            begun = frame.Kind is FrameKind.Incomplete && begun < 0 ? at : begun;
            at++;
        }

        var resolved = begun < 0 ? bytes.Length : begun;
        skipped += resolved - used;
        return resolved;
    }
}
