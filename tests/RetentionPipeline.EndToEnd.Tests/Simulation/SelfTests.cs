using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>The built-in policy for what is the pipeline's own.</summary>
public sealed class SelfTests
{
    [Fact]
    public async Task After_thirty_days_scans_batches_and_dead_letters_are_gone_and_a_leaf_says_how_many()
    {
        using var simulation = await StartAsync();
        await simulation.Queue.SendAsync(QueueNames.Operations, [new("foreign", "?"u8.ToArray(), null)], CancellationToken.None);
        await simulation.DrainAsync();
        simulation.Time.Advance(TimeSpan.FromDays(29.9));
        Assert.Equal(0, await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None));
        simulation.Time.Advance(TimeSpan.FromDays(0.2));

        Assert.Equal(4, await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None));

        var forgotten = await EvidenceCheck.LeavesAsync(simulation, "forgotten");
        Assert.Equal(["dead-letters 1", "scans 3"], forgotten.Select(leaf => $"{leaf.Part} {leaf.Body["count"]}").Order());
        Assert.DoesNotContain(simulation.Objects.Snapshot().Keys, name => name.StartsWith("scans/", StringComparison.Ordinal) || name.EndsWith("/work", StringComparison.Ordinal));
        Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == DeadLetterDrain.Partition);
        Assert.Equal(0, await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_scan_that_is_parked_is_never_removed_by_age()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 20);
        await simulation.StorePolicyAsync(Shop.Policy(cap: "{records: 1, percent: 100}"));
        await simulation.RunOnceAsync();
        simulation.Time.Advance(TimeSpan.FromDays(90));
        Assert.Equal(0, await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task When_a_scan_has_closed_its_batches_name_no_record_any_more()
    {
        using var simulation = await StartAsync();
        var operations = simulation.Objects.Snapshot().Keys.Where(name => name.EndsWith("/work", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(operations);
        foreach (var name in operations)
        {
            var batch = await simulation.Get<Core.Erasure.WorkBatches>().FindAsync(Guid.Parse(name.Split('/')[1]), CancellationToken.None);
            Assert.Empty(batch!.Entries);
        }
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 40);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.RunOnceAsync();
        return simulation;
    }
}
