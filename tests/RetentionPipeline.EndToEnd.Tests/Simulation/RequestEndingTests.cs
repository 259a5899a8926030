using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A request is complete when every dataset has said that nothing is left, and not before.</summary>
public sealed class RequestEndingTests
{
    private const int Customers = 3;

    [Fact]
    public async Task A_record_that_the_store_refuses_to_delete_makes_no_request_complete()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        simulation.Stores[RequestShop.Store].Answer = key => key == RequestShop.Order(1) ? new ActResult.Refused(RefusalReasons.Forbidden) : null;
        await RequestShop.SendAsync(simulation, "r-1", 1);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Equal(["accepted", "partially-completed"], RequestShop.States(simulation, "r-1"));
        Assert.Equal([RequestShop.Orders], RequestShop.LeftOf(simulation, 1));
        Assert.Equal("failed", await StateAsync(simulation, "orders"));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_dataset_that_never_answers_is_tried_for_a_month_and_makes_no_request_complete()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        simulation.Stores[RequestShop.Logs].Unreachable = true;
        await RequestShop.SendAsync(simulation, "r-1", 1);
        for (var day = 0; day < 40; day++)
        {
            await simulation.RunUntilQuietAsync();
            if (simulation.Time.GetUtcNow() - Shop.Now < RequestLimits.LongestTrying)
            {
                Assert.Equal(["accepted"], RequestShop.States(simulation, "r-1"));
            }

            simulation.Time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(["accepted", "partially-completed"], RequestShop.States(simulation, "r-1"));
        Assert.Equal("failed", await StateAsync(simulation, "access-logs"));
    }

    [Fact]
    public async Task A_pass_over_logs_that_its_window_left_behind_unplanned_stays_open_for_nobody()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 1);
        await simulation.RunUntilQuietAsync();
        simulation.Time.Advance(RequestShop.Window);
        simulation.Stores[RequestShop.Logs].Unreachable = true;
        await simulation.Get<PipelineTimers>().RequestsAsync(CancellationToken.None);
        Assert.Single(await simulation.Get<OpenScans>().ListAsync(CancellationToken.None));

        simulation.Stores[RequestShop.Logs].Unreachable = false;
        simulation.Time.Advance(RequestShop.Window);
        await simulation.RunUntilQuietAsync();

        Assert.Empty(await simulation.Get<OpenScans>().ListAsync(CancellationToken.None));
        Assert.Equal(["accepted", "completed"], RequestShop.States(simulation, "r-1"));
        Assert.Empty(RequestShop.LeftOf(simulation, 1));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_task_that_is_planned_late_is_carried_out_though_it_was_taken_for_left_behind()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 1);
        await simulation.DrainAsync();
        var open = simulation.Get<OpenScans>();
        var looked = false;
        simulation.Faults.Before = call =>
        {
            if (call == "records.ranges" && !looked)
            {
                // The instance that cuts the dataset into ranges stands still, and another one reconciles.
                looked = true;
                simulation.Time.Advance(TimeSpan.FromHours(1));
                simulation.Get<Reconciler>().RunAsync(CancellationToken.None).GetAwaiter().GetResult();
                Assert.Empty(open.ListAsync(CancellationToken.None).GetAwaiter().GetResult());
            }
        };
        await simulation.Get<PipelineTimers>().RequestsAsync(CancellationToken.None);
        simulation.Faults.Before = null;
        Assert.Equal(["orders", "visits"], (await open.ListAsync(CancellationToken.None)).Select(scan => scan.Dataset).Order());
        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.True(looked);
        Assert.Equal(["accepted", "completed"], RequestShop.States(simulation, "r-1"));
        Assert.Empty(RequestShop.LeftOf(simulation, 1));
    }

    [Fact]
    public async Task A_dataset_that_cannot_be_searched_makes_no_request_complete()
    {
        const string dataset = """
              cookies:
                store: shop
                container: Cookies
                category: cookie-id
                purposes: [service]
                controller: Shop
                clocks:
                  seen: {kind: collection, field: SeenAt}
            rules: []
            """;
        using var simulation = await RequestShop.StartAsync(Customers, RequestShop.Policy().Replace("rules: []", dataset, StringComparison.Ordinal));
        await RequestShop.SendAsync(simulation, "r-1", 1);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Equal(["accepted", "partially-completed"], RequestShop.States(simulation, "r-1"));
        Assert.Equal("not-searchable", await StateAsync(simulation, "cookies"));
    }

    [Fact]
    public async Task Above_the_cap_of_a_day_a_request_waits_and_on_the_next_day_there_is_room_again()
    {
        using var simulation = await RequestShop.StartAsync(
            Customers, RequestShop.Policy().Replace("per-day: 1000", "per-day: 1", StringComparison.Ordinal));
        foreach (var (id, customer, hours) in new[] { ("r-0", 0, 0), ("r-1", 1, 2), ("r-2", 2, 12) })
        {
            simulation.Time.Advance(TimeSpan.FromHours(hours));
            await RequestShop.SendAsync(simulation, id, customer);
            await simulation.DrainAsync();
        }

        Assert.Equal(RequestState.Accepted, (await RequestShop.StatusAsync(simulation, "r-0")).Row.State);
        Assert.Equal(RequestState.Parked, (await RequestShop.StatusAsync(simulation, "r-1")).Row.State);
        Assert.Equal(RequestState.Accepted, (await RequestShop.StatusAsync(simulation, "r-2")).Row.State);
    }

    private static async Task<string> StateAsync(SimulatedPipeline simulation, string dataset) =>
        (await RequestShop.StatusAsync(simulation, "r-1")).Datasets.Single(status => status.Dataset == dataset).State;
}
