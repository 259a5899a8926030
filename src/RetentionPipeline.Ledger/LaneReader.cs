namespace RetentionPipeline.Ledger;

/// <summary>New entries of a lane.</summary>
/// <param name="Entries">In order.</param>
/// <param name="Next">Up to where they were read.</param>
/// <param name="SkippedBytes">Torn or foreign bytes that lay between whole frames.</param>
internal sealed record LaneEntries(IReadOnlyList<ReadOnlyMemory<byte>> Entries, LanePosition Next, long SkippedBytes);

/// <summary>Reads whole frames from a lane.</summary>
internal static class LaneReader
{
    private const int ReadSize = 4 * LaneFrame.MaxBytes;

    /// <summary>
    /// The entries from a position on, up to <paramref name="limit"/> (null: as far as one read goes). Bytes that are no
    /// frame are skipped only when a whole frame follows: at the end of a lane they may be an append under way.
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
                if (chunk.Next <= position)
                {
                    break;
                }

                position = chunk.Next;
                continue;
            }

            var bytes = limit is { } end && end.Segment == chunk.From.Segment && chunk.From.Offset + chunk.Bytes.Length > end.Offset
                ? chunk.Bytes[..(int)(end.Offset - chunk.From.Offset)]
                : chunk.Bytes;
            var used = ReadFrames(bytes, entries, ref skipped);
            position = used == chunk.Bytes.Length ? chunk.Next : chunk.From with { Offset = chunk.From.Offset + used };
            if (used == 0 || limit is null)
            {
                break;
            }
        }

        return new LaneEntries(entries, position, skipped);
    }

    private static int ReadFrames(
        ReadOnlyMemory<byte> bytes, List<ReadOnlyMemory<byte>> entries, ref long skipped)
    {
        var used = 0;
        for (var at = 0; at < bytes.Length;)
        {
            var frame = LaneFrame.Decode(bytes[at..]);
            if (frame.Kind is FrameKind.Whole)
            {
                skipped += at - used;
                entries.AddRange(frame.Entries);
                at += frame.Length;
                used = at;
            }
            else
            {
                at++;
            }
        }

        return used;
    }
}
