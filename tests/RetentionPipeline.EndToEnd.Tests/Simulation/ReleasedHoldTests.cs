using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>Holds that were released, by whom and when ever.</summary>
public sealed class ReleasedHoldTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("subject")]
    [InlineData("record")]
    public async Task A_hold_that_was_released_before_there_were_epochs_comes_to_name_nobody_and_is_checked(string kind)
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.SeedSmall(simulation, 20);
        await simulation.StorePolicyAsync(Shop.Policy());
        HoldScope held = kind == "subject"
            ? new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", "customer-002")])
            : new HoldScope.OfRecord("visits", Shop.Visit(2));
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", held, "litigation", "tester", None);
        await simulation.RunOnceAsync();
        var table = simulation.Get<HoldTable>();
        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", None);
        var released = (await table.FindAsync(HoldDesk.IdOf("matter-1"), None))!;
        await table.ReplaceAsync(released with { Hold = released.Hold with { Scope = held, Names = [] } }, None);
        Assert.Single((await EvidenceCheck.VerifyAsync(simulation)).Meaning!.UncheckedHolds);

        await simulation.Get<PipelineTimers>().CloseAsync(None);

        var hold = await table.ListAsync(None).SingleAsync(None);
        Assert.False(hold.Scope.HasNames);
        Assert.Equal(HoldState.Released, hold.State);
        Assert.Equal(released.Hold.Names[0].Subjects, Assert.Single(hold.Names).Subjects);
        Assert.Equal(released.Hold.Names[0].Record, hold.Names[0].Record);
        var verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.UncheckedHolds);
    }
    [Fact]
    public async Task A_release_that_another_process_completes_is_told_as_one()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        var desk = simulation.Get<HoldDesk>();
        await desk.PlaceAsync("matter-1", new HoldScope.OfDataset("visits"), "litigation", "tester", None);
        simulation.Faults.Before = call =>
        {
            if (call == "lanes.append")
            {
                simulation.Faults.Before = null;
                Assert.NotNull(desk.CompleteReleaseAsync(HoldDesk.IdOf("matter-1"), None).GetAwaiter().GetResult());
            }
        };

        Assert.Equal(HoldState.Released, (await desk.ReleaseAsync("matter-1", None))?.State);
        Assert.Null(simulation.Faults.Before);
        Assert.Null(await desk.ReleaseAsync("matter-1", None));
        Assert.Null(await desk.ReleaseAsync("matter-2", None));
    }
}
