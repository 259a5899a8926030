using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Oracle;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

public sealed class RequestTests
{
    private const int Customers = 5;
    private const int Whole = 2 + 1 + (2 * RequestShop.Days);

    [Fact]
    public async Task A_request_erases_one_person_in_every_dataset_and_nobody_else()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 2);

        await simulation.RunUntilQuietAsync();

        Assert.Equal(2 * RequestShop.Days, RequestShop.LeftOf(simulation, 2).Count);
        var waits = Assert.Single((await RequestShop.StatusAsync(simulation, "r-1")).Datasets, dataset => dataset.State == "open");
        Assert.Equal(("access-logs", "waiting-for-window"), (waits.Dataset, waits.Reason));
        Assert.True(waits.ExpectedBy > Shop.Now && waits.ExpectedBy <= Shop.Now.AddDays(8));
        Assert.Equal(["accepted"], RequestShop.States(simulation, "r-1"));

        simulation.Time.Advance(RequestShop.Window);
        await simulation.RunUntilQuietAsync();

        Assert.Empty(RequestShop.LeftOf(simulation, 2));
        Assert.All([0, 1, 3, 4], customer => Assert.Equal(Whole, RequestShop.LeftOf(simulation, customer).Count));
        Assert.All(Enumerable.Range(0, RequestShop.Days), day => Assert.EndsWith("203.0.113.250 GET /\n", RequestShop.LogText(simulation, day), StringComparison.Ordinal));
        Assert.Equal(["accepted", "completed"], RequestShop.States(simulation, "r-1"));
        var status = await RequestShop.StatusAsync(simulation, "r-1");
        Assert.Equal(RequestState.Completed, status.Row.State);
        Assert.All(status.Datasets, dataset => Assert.Equal("done", dataset.State));
        Assert.Empty(status.Row.Identifiers);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task No_identifier_stands_in_the_clear_in_anything_of_ours()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.SendAsync(simulation, RequestShop.Event(RequestShop.Customer(3), 3).ToJsonString(), "m-shown");
        await simulation.RunUntilQuietAsync();
        AssertHidden();

        simulation.Time.Advance(RequestShop.Window);
        await simulation.RunUntilQuietAsync();
        AssertHidden();

        void AssertHidden()
        {
            simulation.Queue.Sent.RemoveAll(sent => sent.Queue == QueueNames.RequestsOf(RequestShop.Source));
            Assert.Empty(CanarySearch.Find(simulation));
        }
    }

    [Fact]
    public async Task A_message_sent_again_is_the_same_request_and_gets_the_same_reply()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.RunThroughWindowAsync(simulation);
        var acts = simulation.Stores[RequestShop.Store].Acts.Count;
        var before = Bodies(simulation);

        await RequestShop.SendAsync(simulation, "r-1", 3, "another-message");
        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Equal(acts, simulation.Stores[RequestShop.Store].Acts.Count);
        Assert.Equal(Whole, RequestShop.LeftOf(simulation, 3).Count);
        Assert.Equal(before.Order(), Bodies(simulation).Order());
        Assert.Equal(2, before.Count);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_the_law_keeps_is_retained_and_the_rest_goes()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        RequestShop.PutOrder(simulation, 1, Shop.Now.AddYears(-1));
        RequestShop.PutOrder(simulation, 2, Shop.Now.AddYears(-11), dispute: "open");
        await RequestShop.SendAsync(simulation, "tax", 1);
        await RequestShop.SendAsync(simulation, "dispute", 2);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.All([1, 2], customer => Assert.Equal([RequestShop.Orders], RequestShop.LeftOf(simulation, customer)));
        foreach (var (id, reason) in new[] { ("tax", "keep-at-least:tax"), ("dispute", "exception:gdpr-17-3-e") })
        {
            Assert.Equal(["accepted", "partially-completed"], RequestShop.States(simulation, id));
            var reply = RequestShop.Replies(simulation).Last(reply => (string?)reply["event"] == id);
            var kept = Assert.Single(reply["datasets"]!.AsArray(), dataset => (string)dataset!["state"]! == "kept")!;
            Assert.Equal(("orders", reason), ((string)kept["dataset"]!, (string)kept["kept"]![0]!));
            Assert.Empty((await RequestShop.StatusAsync(simulation, id)).Row.Identifiers);
        }

        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_a_hold_keeps_goes_after_its_release_by_itself()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await simulation.Get<HoldDesk>().PlaceAsync(
            "matter-1", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", RequestShop.Customer(2))]), "litigation", "tester", CancellationToken.None);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.SendAsync(simulation, "r-2", 3);

        await RequestShop.RunThroughWindowAsync(simulation);

        // The held person's visits, and the logs, which hold lines of that person; the order names another identifier.
        Assert.Equal(Whole - 1, RequestShop.LeftOf(simulation, 2).Count);
        Assert.Equal(["accepted", "partially-completed"], RequestShop.States(simulation, "r-1"));
        var held = await RequestShop.StatusAsync(simulation, "r-1");
        Assert.Equal(["held", "done", "held"], held.Datasets.Select(dataset => dataset.State));
        Assert.NotEmpty(held.Row.Identifiers);

        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);
        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Empty(RequestShop.LeftOf(simulation, 2));
        Assert.Empty(RequestShop.LeftOf(simulation, 3));
        Assert.Equal(["accepted", "partially-completed", "completed"], RequestShop.States(simulation, "r-1"));
        Assert.Empty((await RequestShop.StatusAsync(simulation, "r-1")).Row.Identifiers);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task One_pass_over_the_logs_serves_all_requests_of_a_window()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 1);
        await RequestShop.SendAsync(simulation, "r-2", 2);
        await RequestShop.SendAsync(simulation, "r-3", 3);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.All([1, 2, 3], customer => Assert.Empty(RequestShop.LeftOf(simulation, customer)));
        Assert.All([0, 4], customer => Assert.Equal(Whole, RequestShop.LeftOf(simulation, customer).Count));
        Assert.Equal(RequestShop.Days, simulation.Stores[RequestShop.Logs].Acts.Count);
        var scans = new HashSet<Guid?>();
        foreach (var id in new[] { "r-1", "r-2", "r-3" })
        {
            var row = (await RequestShop.StatusAsync(simulation, id)).Row;
            Assert.Equal(RequestState.Completed, row.State);
            scans.Add(row.Tasks.Single(task => task.Dataset == "access-logs").Scan);
        }

        Assert.Single(scans);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_record_in_which_the_person_is_no_more_when_its_turn_comes_is_left_alone()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        var moved = false;
        simulation.Faults.Before = call =>
        {
            if (call == "records.delete" && !moved)
            {
                moved = true;
                simulation.Stores[RequestShop.Store].Put(RequestShop.Orders, RequestShop.Order(2), new Dictionary<string, object?>
                {
                    ["Email"] = RequestShop.Email(4),
                    ["ShippedAt"] = Shop.Now.AddYears(-11),
                });
                simulation.Stores[RequestShop.Store].Put(RequestShop.Visits, RequestShop.Visit(2, 1), new Dictionary<string, object?>
                {
                    ["PartitionKey"] = RequestShop.Customer(2),
                    ["SeenAt"] = Shop.Now,
                    ["Page"] = "touched",
                });
            }
        };
        await RequestShop.SendAsync(simulation, "r-1", 2);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.True(moved);
        Assert.Equal(RequestShop.Email(4), simulation.Stores[RequestShop.Store].Find(RequestShop.Orders, RequestShop.Order(2))!.Value.Fields["Email"]);
        Assert.DoesNotContain(RequestShop.Visits, RequestShop.LeftOf(simulation, 2));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Who_waits_for_a_window_costs_its_pass_next_to_nothing()
    {
        // One reads its row, seals its identifiers open, and writes where it is on the list; the rest is the window's.
        var (few, many) = (await CallsOfWindowAsync(2), await CallsOfWindowAsync(12));
        Assert.True(many - few <= 10 * 2, $"{few} calls for 2 requests, {many} for 12.");
    }

    private static async Task<long> CallsOfWindowAsync(int requests)
    {
        using var simulation = await RequestShop.StartAsync(requests);
        for (var number = 0; number < requests; number++)
        {
            await RequestShop.SendAsync(simulation, $"r-{number}", number);
        }

        await simulation.RunUntilQuietAsync();
        simulation.Time.Advance(RequestShop.Window);
        var before = simulation.Faults.Calls;
        await simulation.Get<Adapters.Composition.PipelineTimers>().RequestsAsync(CancellationToken.None);
        return simulation.Faults.Calls - before;
    }

    private static List<string> Bodies(SimulatedPipeline simulation) =>
    [
        .. simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.RepliesOf(RequestShop.Source))
            .Select(sent => $"{sent.Message.Id} {System.Text.Encoding.UTF8.GetString(sent.Message.Body.Span)}").Distinct(),
    ];
}
