namespace RetentionPipeline.Ledger;

/// <summary>What the lanes hold.</summary>
/// <param name="Blocks">Whole blocks.</param>
/// <param name="Waiting">Bytes by lane that the published log does not cover yet.</param>
/// <param name="SkippedBytes">Torn or foreign bytes.</param>
/// <param name="Gaps">Numbers that writers gave and that are nowhere: their append failed, or they were taken away.</param>
public sealed record LaneReport(long Blocks, IReadOnlyList<long> Waiting, long SkippedBytes, IReadOnlyList<SequenceGap> Gaps);

/// <summary>Reads every lane from its beginning to its end, to say what is missing in them. Changes nothing.</summary>
public static class LaneAudit
{
    /// <summary>
    /// One audit against the positions that the published log covers. Memory: eight bytes a block. A block that is under way
    /// while it reads may show as a gap: ask again.
    /// </summary>
    public static async Task<LaneReport> RunAsync(ILaneStore lanes, IReadOnlyList<LanePosition> covered, CancellationToken cancel)
    {
        var (numbers, waiting) = (new Dictionary<Guid, List<long>>(), new long[LanePosition.Lanes]);
        var (blocks, skipped) = (0L, 0L);
        for (var lane = 0; lane < LanePosition.Lanes; lane++)
        {
            for (var at = new LanePosition(0, 0); ;)
            {
                var read = await LaneReader.ReadAsync(lanes, lane, at, null, cancel);
                foreach (var (writer, sequence) in read.Frames)
                {
                    if (!numbers.TryGetValue(writer, out var known))
                    {
                        numbers.Add(writer, known = []);
                    }

                    known.Add(sequence);
                    blocks++;
                }

                skipped += read.SkippedBytes;
                waiting[lane] += Behind(at, read.Next, covered[lane]);
                if (read.Next == at)
                {
                    break;
                }

                at = read.Next;
            }
        }

        return new LaneReport(blocks, waiting, skipped, [.. numbers.OrderBy(pair => pair.Key).SelectMany(pair => GapsOf(pair.Key, pair.Value))]);
    }

    /// <summary>How many of the bytes that were read lie behind what is covered.</summary>
    private static long Behind(LanePosition from, LanePosition to, LanePosition covered) => to <= covered ? 0 : to.Offset - Math.Max(
        from.Segment == to.Segment ? from.Offset : 0, covered.Segment == to.Segment ? covered.Offset : 0);

    private static IEnumerable<SequenceGap> GapsOf(Guid writer, List<long> numbers)
    {
        numbers.Sort();
        for (var i = 1; i < numbers.Count; i++)
        {
            if (numbers[i] > numbers[i - 1] + 1)
            {
                yield return new SequenceGap(writer, numbers[i - 1] + 1, numbers[i] - 1);
            }
        }
    }
}
