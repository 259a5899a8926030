using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>
/// Holds that become effective while a delivery stands still. With the times of Azure that delivery goes on and must look
/// again; with those of one machine it is over by then, and the next one looks in any case.
/// </summary>
public sealed class LateHoldTests
{
    [Fact]
    public async Task A_process_that_stood_still_between_its_look_at_the_holds_and_the_act_looks_again()
    {
        // At two requests a second each act takes a lease of its own, a call between the look and the act.
        using var simulation = await StartAsync(Shop.Policy().Replace("1000000", "2", StringComparison.Ordinal));
        var (deletes, placed) = (0, false);
        simulation.Faults.Before = call =>
        {
            deletes += call == "records.delete" ? 1 : 0;
            if (deletes == 1 && call == "rows.commit" && !placed)
            {
                placed = true;
                StandStillUntilEffective(simulation, "visits");
            }
        };

        await simulation.RunOnceAsync();

        Assert.True(placed);
        Assert.Equal(1, deletes);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_log_that_was_held_while_its_new_content_was_staged_is_not_replaced()
    {
        using var simulation = await StartAsync(Shop.Policy());
        var placed = false;
        simulation.Faults.Before = call =>
        {
            if (call == "records.prepare" && !placed)
            {
                placed = true;
                StandStillUntilEffective(simulation, "access-logs");
            }
        };

        await simulation.Get<ScanSchedule>().AskAsync("logs-ip", "once", ScanPurpose.Command, CancellationToken.None);
        await simulation.RunUntilQuietAsync();

        Assert.True(placed);
        Assert.Empty(simulation.Stores[Shop.Logs].Acts);
        Assert.True((await EvidenceCheck.ResultsAsync(simulation))[Core.Erasure.OutcomeResult.Retained] > 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static void StandStillUntilEffective(SimulatedPipeline simulation, string dataset)
    {
        Task.Run(() => simulation.Get<HoldDesk>().PlaceAsync(
            "matter-1", new HoldScope.OfDataset(dataset), "litigation", "tester", CancellationToken.None)).GetAwaiter().GetResult();
        simulation.Time.Advance(simulation.Times.BarrierWait + TimeSpan.FromSeconds(1));
    }

    private static async Task<SimulatedPipeline> StartAsync(string policy)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs) { Times = PipelineTimes.Azure };
        simulation.Restart();
        Shop.Seed(simulation, 60);
        await simulation.StorePolicyAsync(policy);
        return simulation;
    }
}
