using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Bundles;
using RetentionPipeline.Fakes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>Copies that a store keeps for a while: disclosed, looked at when their time is over, and said to be gone.</summary>
public sealed class ResidualTests
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    [Fact]
    public async Task When_the_window_has_passed_one_leaf_per_scan_says_that_the_copies_have_aged_out()
    {
        using var simulation = await StartAsync();
        var handler = simulation.Get<ResidualHandler>();
        simulation.Time.Advance(Week - TimeSpan.FromHours(2));
        Assert.Equal(0, await handler.RunAsync(CancellationToken.None));
        simulation.Time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(2, await handler.RunAsync(CancellationToken.None));
        Assert.Equal(0, await handler.RunAsync(CancellationToken.None));

        var leaves = await EvidenceCheck.LeavesAsync(simulation, "purged");
        Assert.Equal(2, leaves.Count);
        Assert.All(leaves, leaf => Assert.Equal(("visits", "aged-out", 7 * 24 * 3600L), ((string)leaf.Body["dataset"]!, (string)leaf.Body["how"]!, (long)leaf.Body["windowSeconds"]!)));
        Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "residuals");
        await EvidenceCheck.AssertWellAsync(simulation);
        Assert.All(await ScanShop.ClaimsAsync(simulation, ScanShop.Dataset("visits")), claim => Assert.True(claim.CopiesGoneAt >= claim.Until));
        Assert.Contains("all had aged out of the store", BundleShop.Texts(await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits")))["certificate.html"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_window_that_grew_meanwhile_puts_it_off()
    {
        using var simulation = await StartAsync();
        simulation.Stores[Shop.Store].Residuals = [new ResidualCopy("soft-delete", 2 * Week)];
        simulation.Time.Advance(Week + TimeSpan.FromHours(1));
        Assert.Equal(0, await simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None));
        simulation.Time.Advance(Week);
        Assert.Equal(2, await simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task After_the_scan_itself_is_forgotten_its_copies_are_still_looked_at()
    {
        using var simulation = await StartAsync(TimeSpan.FromDays(90));
        simulation.Time.Advance(TimeSpan.FromDays(40));
        await simulation.Get<PipelineTimers>().TidyAsync(CancellationToken.None);
        simulation.Time.Advance(TimeSpan.FromDays(51));
        await simulation.Get<PipelineTimers>().TidyAsync(CancellationToken.None);
        Assert.Equal(2, (await EvidenceCheck.LeavesAsync(simulation, "purged")).Count);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_looked_at_again_later()
    {
        using var simulation = await StartAsync();
        simulation.Time.Advance(Week + TimeSpan.FromHours(1));
        simulation.Stores[Shop.Store].Unreachable = true;
        await Assert.ThrowsAsync<AggregateException>(() => simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None));
        simulation.Stores[Shop.Store].Unreachable = false;
        Assert.Equal(2, await simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(FaultKind.FailedAndNotWritten)]
    [InlineData(FaultKind.FailedButWritten)]
    public async Task A_crash_at_any_call_leaves_one_leaf_per_scan(FaultKind kind)
    {
        for (var at = 1; ; at++)
        {
            using var simulation = await StartAsync();
            simulation.Time.Advance(Week + TimeSpan.FromHours(1));
            var offset = simulation.Faults.Calls;
            var crashed = false;
            simulation.Faults.Choose = (number, _) => (crashed |= number - offset == at) && number - offset == at ? kind : null;
            try
            {
                await simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None);
            }
            catch (Exception failure) when (failure is InjectedFaultException or AggregateException)
            {
                simulation.Restart();
                simulation.Time.Advance(TimeSpan.FromHours(1));
            }

            simulation.Faults.Choose = null;
            await simulation.Get<ResidualHandler>().RunAsync(CancellationToken.None);
            Assert.Equal(2, (await EvidenceCheck.LeavesAsync(simulation, "purged")).Count);
            Assert.Empty((await EvidenceCheck.VerifyAsync(simulation)).Problems);
            Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "residuals");
            if (!crashed)
            {
                Assert.True(at > 10, $"{at} calls");
                return;
            }
        }
    }

    [Theory]
    [InlineData("purged-early", -1, 0)]
    [InlineData("purged-undisclosed", 1, 1)]
    public async Task A_leaf_that_says_so_too_early_or_of_other_copies_is_reported(string rule, int hoursAfter, int more)
    {
        using var simulation = await StartAsync();
        var end = (await EvidenceCheck.LeavesAsync(simulation, "outcome")).First(leaf => leaf.Body["residuals"] is not null);
        var until = LeafTime.TryParse((string)end.Body["residuals"]!["until"]!)!.Value;
        simulation.Time.Advance(Week + TimeSpan.FromHours(2));
        await simulation.Get<LaneWriter>().AppendAsync(
            [Leaf.Encode("purged", (string)end.Body["scan"]!, "", until.AddHours(hoursAfter), new()
            {
                ["count"] = (long)end.Body["residuals"]!["count"]! + more,
                ["dataset"] = "visits",
                ["how"] = "aged-out",
                ["until"] = LeafTime.Text(until),
                ["windowSeconds"] = 1,
            })], CancellationToken.None);
        Assert.Equal([rule], (await EvidenceCheck.VerifyAsync(simulation)).Problems.Select(problem => problem.Rule));
    }

    private static Task<SimulatedPipeline> StartAsync(TimeSpan? window = null) => ScanShop.StartAsync(before: simulation =>
        simulation.Stores[Shop.Store].Residuals = [new ResidualCopy("soft-delete", window ?? Week)]);
}
