using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

public sealed class LaneAuditTests
{
    [Fact]
    public async Task Lanes_of_a_log_that_is_up_to_date_lack_nothing_and_wait_for_nothing()
    {
        var scene = new Scene(blocksPerSegment: 3);
        for (var block = 0; block < 40; block++)
        {
            await scene.AppendAsync(Leaf($"{block}"));
        }

        await scene.CatchUpAsync();
        var report = await LaneAudit.RunAsync(scene.Ledger, (await scene.Log.CoveredLanesAsync(None))!, None);
        Assert.Equal(40, report.Blocks);
        Assert.Equal(0, report.Waiting.Sum());
        Assert.Equal(0, report.SkippedBytes);
        Assert.Empty(report.Gaps);
    }

    [Fact]
    public async Task What_was_appended_since_waits()
    {
        var scene = new Scene(blocksPerSegment: 3);
        for (var block = 0; block < 20; block++)
        {
            await scene.AppendAsync(Leaf($"{block}"));
        }

        await scene.CatchUpAsync();
        var covered = (await scene.Log.CoveredLanesAsync(None))!;
        var before = scene.Ledger.AllBytes().Sum(bytes => (long)bytes.Length);
        for (var block = 20; block < 60; block++)
        {
            await scene.AppendAsync(Leaf($"{block}"));
        }

        var report = await LaneAudit.RunAsync(scene.Ledger, covered, None);
        Assert.Equal(60, report.Blocks);
        Assert.Equal(scene.Ledger.AllBytes().Sum(bytes => (long)bytes.Length) - before, report.Waiting.Sum());
    }

    [Fact]
    public async Task Blocks_that_are_in_no_lane_and_torn_bytes_are_told()
    {
        var ledger = new MemoryLedger(new Faults());
        var writer = new Guid("00000000-0000-4000-8000-000000000001");
        foreach (var (lane, number) in new[] { (0, 1), (3, 2), (5, 6), (0, 7), (1, 10) })
        {
            ledger.AppendRaw(lane, LaneFrame.Encode(writer, number, 1, EntryBundle.Encode([Leaf($"{number}")])));
        }

        ledger.AppendRaw(2, new byte[11]);
        var report = await LaneAudit.RunAsync(ledger, new LanePosition[LanePosition.Lanes], None);
        Assert.Equal([new SequenceGap(writer, 3, 5), new SequenceGap(writer, 8, 9)], report.Gaps);
        Assert.Equal(11, report.SkippedBytes);
    }
}
