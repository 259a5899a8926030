using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class MainPathTests
{
    [Fact]
    public async Task Due_records_are_erased_or_anonymised_and_the_others_stay()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 60);
        await simulation.StorePolicyAsync(Shop.Policy());

        await simulation.RunOnceAsync();

        for (var number = 0; number < 60; number++)
        {
            var found = simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(number));
            Assert.Equal(Shop.IsGone(number), found is null);
            if (found is { } record)
            {
                Assert.Equal(Shop.ExpectedIp(number), record.Fields["Ip"]);
            }
        }
    }

    [Fact]
    public async Task A_closed_scan_says_what_it_counted()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 60);
        await simulation.StorePolicyAsync(Shop.Policy());

        await simulation.RunOnceAsync();

        var scan = DerivedId.CommandedScan("visits-end", "visits", "once");
        var closing = await simulation.Get<ScanBook>().FindClosingAsync(scan, CancellationToken.None);
        Assert.NotNull(closing);
        Assert.Equal("done", closing.Figures.Status);
        Assert.Equal(60, closing.Figures.Totals.Examined);
        Assert.Equal(closing.Figures.Totals.Due, closing.Figures.Results[OutcomeResult.Erased]);
        Assert.Equal(0, closing.Figures.NotActed);
        await EvidenceCheck.AssertWellAsync(simulation);
    }
}
