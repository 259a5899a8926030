using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>How a slice hands out its batches.</summary>
public sealed class ReleaseTests
{
    private const int Visits = 400;

    [Fact]
    public async Task A_batch_that_takes_long_holds_up_none_behind_it()
    {
        using var simulation = await ReleasingAsync();

        // Somebody has the first one's lock, and does nothing.
        Assert.Single(await simulation.Queue.ReceiveAsync(QueueNames.Operations, 1, TimeSpan.Zero, CancellationToken.None));
        for (var seconds = 0; seconds < 58; seconds += 2)
        {
            await simulation.DrainAsync();
            simulation.Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(Shop.GoneCount(Visits) - 1, simulation.Stores[Shop.Store].Acts.Count);
        await simulation.RunUntilQuietAsync();
        Assert.Equal(Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Acts.Count);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_slice_whose_deliveries_each_fail_behind_some_progress_is_no_dead_letter()
    {
        using var simulation = await ReleasingAsync();
        var (calls, failed) = (0, 0);
        for (var round = 0; round < 200 && simulation.Stores[Shop.Store].Acts.Count < Shop.GoneCount(Visits); round++)
        {
            // Enough for a few batches, and too little for all that a delivery would send.
            calls = 0;
            simulation.Faults.Choose = (_, _) => ++calls == 40 ? Fault(ref failed) : null;
            await simulation.HandleOneAsync(QueueNames.Slices);
            simulation.Faults.Choose = null;
            while (await simulation.HandleOneAsync(QueueNames.Operations))
            {
            }

            simulation.Time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.True(failed > 12, $"Only {failed} deliveries failed.");
        Assert.Equal(0, simulation.Queue.Count(QueueNames.DeadLetterOf(QueueNames.Slices)));
        Assert.Equal(Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Acts.Count);
        await simulation.RunUntilQuietAsync();
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static FaultKind Fault(ref int count)
    {
        count++;
        return FaultKind.FailedAndNotWritten;
    }

    /// <summary>A batch for each record, and the first ones sent.</summary>
    private static async Task<SimulatedPipeline> ReleasingAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs) { BatchRecords = 1 };
        simulation.Restart();
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.Get<ScanSchedule>().AskAsync("visits-end", "once", ScanPurpose.Command, CancellationToken.None);
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        while (simulation.Queue.Count(QueueNames.Operations) == 0)
        {
            Assert.True(await simulation.HandleOneAsync(QueueNames.Slices), "Nothing was released.");
        }

        return simulation;
    }
}
