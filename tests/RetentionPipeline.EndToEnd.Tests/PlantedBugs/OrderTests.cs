using System.Text;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.PlantedBugs;

/// <summary>Orders that a result does not show, looked at while it happens.</summary>
public sealed class OrderTests
{
    [Fact]
    public async Task No_act_begins_before_its_intent_is_in_the_lanes()
    {
        using var simulation = await StartAsync();
        var (acts, early) = (0, 0);
        simulation.Faults.Before = call =>
        {
            // Whatever changes a record first: the rules that anonymise come before those that delete, and their intents stay.
            if (call is "records.delete" or "records.commit")
            {
                acts++;
                early += simulation.Ledger.AllBytes().Any(bytes => Encoding.UTF8.GetString(bytes).Contains("\"type\":\"intent\"", StringComparison.Ordinal)) ? 0 : 1;
            }
        };
        await simulation.RunOnceAsync();
        Assert.True(acts > 0);
        Assert.Equal(0, early);
    }

    /// <summary>A record's salt is drawn once: what a later delivery did must be provable from the first one's intent.</summary>
    [Fact]
    public async Task A_redelivery_names_the_commitments_of_its_intent()
    {
        using var simulation = await StartAsync();
        var (before, crashed) = (new Queue<string>(["", ""]), false);
        simulation.Faults.Choose = (_, call) =>
        {
            // Openings and intent are stored, nothing was appended or acted on yet: there the process dies, once.
            var isIntent = call == "lanes.append" && before.All(earlier => earlier == "objects.write-once");
            before.Dequeue();
            before.Enqueue(call);
            if (!isIntent || crashed)
            {
                return null;
            }

            crashed = true;
            return FaultKind.FailedAndNotWritten;
        };
        await simulation.AskForAllAsync("once");
        await simulation.RunUntilQuietAsync(crashes: () => true);
        Assert.True(crashed);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 60);
        await simulation.StorePolicyAsync(Shop.Policy());
        return simulation;
    }
}
