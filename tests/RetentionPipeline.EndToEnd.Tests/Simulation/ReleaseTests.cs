using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>How a slice hands out its batches.</summary>
public sealed class ReleaseTests
{
    private const int Visits = 400;

    [Fact]
    public async Task A_batch_that_takes_long_holds_up_none_behind_it()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs) { BatchRecords = 1 };
        simulation.Restart();
        Shop.Seed(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.Get<ScanSchedule>().AskAsync("visits-end", "once", ScanPurpose.Command, CancellationToken.None);
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        while (simulation.Queue.Count(QueueNames.Operations) == 0)
        {
            Assert.True(await simulation.HandleOneAsync(QueueNames.Slices), "Nothing was released.");
        }

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
}
