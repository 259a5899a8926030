using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Since when leaves wait for the published log. A checkpoint may be old because nothing happened; it is too old when what
/// was appended before stays outside of it. One row holds where the lanes ended when something was first seen waiting.
/// </summary>
public sealed class LedgerLag(LogReader log, ILaneStore lanes, IRowStore rows, TimeProvider time)
{
    private const string Partition = "freshness";
    private const string Row = "ledger";

    /// <summary>Null if everything that was seen waiting is in the published log.</summary>
    public async Task<DateTimeOffset?> SinceAsync(CancellationToken cancel)
    {
        var row = await rows.ReadAsync(Partition, Row, cancel);
        var covered = await log.CoveredLanesAsync(cancel) ?? new LanePosition[LanePosition.Lanes];
        if (row is not null && Parse(row.Text) is var (since, waiting) && Waits(waiting, covered))
        {
            return since;
        }

        var ends = await lanes.LengthsAsync(cancel);
        var text = $"{time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)} {string.Join(' ', ends)}";
        RowWrite? write = (row, Waits(ends, covered)) switch
        {
            (null, true) => new RowWrite.Insert(Row, text),
            (not null, true) => new RowWrite.Replace(Row, text, row.Version),
            (not null, false) => new RowWrite.Delete(Row, row.Version),
            _ => null,
        };
        if (write is not null)
        {
            // Lost to another look: that one wrote what it saw.
            await rows.CommitAsync(Partition, [write], cancel);
        }

        return null;
    }

    private static bool Waits(IReadOnlyList<LanePosition> ends, IReadOnlyList<LanePosition> covered) =>
        ends.Zip(covered).Any(lane => lane.First > lane.Second);

    private static (DateTimeOffset Since, IReadOnlyList<LanePosition> Ends) Parse(string text) =>
        text.Split(' ') is [var at, .. var ends]
            ? (DateTimeOffset.ParseExact(at, "O", CultureInfo.InvariantCulture), [.. ends.Select(LanePosition.Parse)])
            : throw new FormatException("The row of what waits for the log is not one.");
}
