using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A backlog of years is worked off in shares that grow by the day.</summary>
public sealed class RampTests
{
    private const int Visits = 400;

    [Fact]
    public async Task Each_day_acts_on_its_share_and_on_none_twice_until_all_are_done()
    {
        using var simulation = await StartAsync("2026-03-15", "25");
        var due = Shop.GoneCount(Visits);
        var gone = new List<int>();
        for (var day = 0; day < 4; day++)
        {
            simulation.Time.AdvanceTo(Shop.Now.AddDays(day));
            await simulation.AskForAllAsync($"day-{day}");
            await simulation.RunUntilQuietAsync();
            var closing = await simulation.Get<ScanBook>().FindClosingAsync(
                DerivedId.CommandedScan("visits-end", "visits", $"day-{day}"), CancellationToken.None);
            var figures = closing!.Figures;
            Assert.Equal(figures.Totals.Due, figures.NotActed + figures.Results.GetValueOrDefault(OutcomeResult.Erased));
            gone.Add(simulation.Stores[Shop.Store].Acts.Count(act => act.Act == "delete"));
        }

        // A quarter of the records a day, give or take what a hash of so few records does; on the fourth day everything.
        Assert.InRange(gone[0], (int)(due * 0.10), (int)(due * 0.42));
        Assert.InRange(gone[1], (int)(due * 0.33), (int)(due * 0.67));
        Assert.InRange(gone[2], (int)(due * 0.60), (int)(due * 0.92));
        Assert.True(gone[3] >= due);
        Assert.Equal(gone[3], simulation.Stores[Shop.Store].Acts.Where(act => act.Act == "delete").DistinctBy(act => act.Key).Count());
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Before_its_first_day_it_acts_on_nothing_and_counts()
    {
        using var simulation = await StartAsync("2026-03-16", "25");

        await simulation.RunOnceAsync();

        Assert.DoesNotContain(simulation.Stores[Shop.Store].Acts, act => act.Act == "delete");
        Assert.Contains(await EvidenceCheck.FiguresAsync(simulation), scan => scan.NotActed == Shop.GoneCount(Visits));
    }

    [Fact]
    public async Task A_second_run_on_the_same_day_finds_nothing_more()
    {
        using var simulation = await StartAsync("2026-03-15", "25");
        await simulation.RunOnceAsync();
        var acts = simulation.Stores[Shop.Store].Acts.Count;

        await simulation.AskForAllAsync("again");
        await simulation.RunUntilQuietAsync();

        Assert.True(acts > 0);
        Assert.Equal(acts, simulation.Stores[Shop.Store].Acts.Count);
    }

    private static async Task<SimulatedPipeline> StartAsync(string from, string percent)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, Visits);

        // Only the deletion ramps; what is anonymised first would be another matter.
        await simulation.StorePolicyAsync(Shop.Policy(mode: "report").Replace(
            """
            period: P13M
                action: delete
                mode: report
            """.ReplaceLineEndings("\n"),
            $$"""
            period: P13M
                action: delete
                mode: ramp
                ramp: {from: {{from}}, percent-per-day: {{percent}}}
            """.ReplaceLineEndings("\n"), StringComparison.Ordinal));
        return simulation;
    }
}
