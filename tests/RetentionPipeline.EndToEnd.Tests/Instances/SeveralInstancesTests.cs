using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>Four instances of the pipeline, each a process, on one deployment.</summary>
[Collection(MachineCollection.Name)]
public sealed class SeveralInstancesTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Old = DateTimeOffset.UtcNow.AddYears(-3);

    [LongFact, Trait("Category", "Long")]
    public async Task They_keep_one_rate_together_and_use_it_and_a_store_beside_it_is_not_held_up()
    {
        const int rate = 80, records = 2_000;
        await using var machine = await StartAsync(rate, records, side: 400);
        await machine.AskAsync("visits-end", "side-end");
        StartFour(machine);

        var side = await machine.WaitUntilClosedAsync("side-end", "side");
        var left = await machine.CountAsync("Visits");
        var visits = await machine.WaitUntilClosedAsync("visits-end", "visits");

        Assert.Equal(records, visits.Results[OutcomeResult.Erased]);
        Assert.Equal(400, side.Results[OutcomeResult.Erased]);
        Assert.True(left > records / 2, $"{left} of {records} were left when the side store was done.");

        // From the first act to the last but a few: at the end there is less to do than there is rate.
        var requests = machine.Shop.Requests.OrderBy(request => request.At).ToList();
        var acts = requests.Where(request => request.Method == "DELETE").ToList();
        var (from, until) = (acts[0].At, acts[(int)(acts.Count * 0.95)].At);
        var seconds = (until - from).TotalSeconds;
        var used = requests.Count(request => request.At >= from && request.At < until) / seconds / rate;
        var most = acts.Max(act => requests.Count(request => request.At >= act.At && request.At < act.At + TimeSpan.FromSeconds(5))) / 5.0 / rate;
        output.WriteLine($"{requests.Count} requests, {acts.Count} acts, {seconds:F1} s, {used:P1} of the rate, {most:P1} in the fullest 5 s");

        // A request may be a quarter of a second late against its instant, and a loaded machine is later: no stretch holds more than that above the rate.
        Assert.InRange(used, 0.9, (seconds + 1) / seconds + 0.01);
        Assert.InRange(most, 0.9, (5 + 1) / 5.0 + 0.05);
        Assert.True((await machine.VerifyAsync()).IsWell);
    }

    [LongFact, Trait("Category", "Long")]
    public async Task A_stop_reaches_each_within_ten_seconds_and_after_the_resume_all_is_done_once()
    {
        const int records = 1_200;
        await using var machine = await StartAsync(80, records, side: 0);
        await machine.AskAsync("visits-end");
        StartFour(machine);
        await Machine.WaitAsync(
            () => Task.FromResult(machine.Shop.Requests.Count(request => request.Method == "DELETE") > 200),
            () => "nothing was erased");

        await machine.Get<StopSwitch>().StopAsync(StopScope.Everything, "tester", CancellationToken.None);
        var stoppedAt = machine.Shop.Now;
        await Task.Delay(TimeSpan.FromSeconds(14));
        var last = machine.Shop.Requests.Max(request => request.At);
        var left = await machine.CountAsync("Visits");
        output.WriteLine($"last request {(last - stoppedAt).TotalSeconds:F1} s after the stop; {left} left");
        Assert.True(last - stoppedAt < TimeSpan.FromSeconds(10), $"a request came {last - stoppedAt} after the stop");
        Assert.InRange(left, 1, records - 200);

        await machine.Get<StopSwitch>().ResumeAsync(StopScope.Everything, CancellationToken.None);
        var status = await machine.WaitUntilClosedAsync("visits-end", "visits");
        Assert.Equal(records, status.Results[OutcomeResult.Erased]);
        Assert.Equal(records, status.Results.Values.Sum());
        var acts = machine.Shop.Requests.Where(request => request.Method == "DELETE").ToList();
        Assert.All(acts, act => Assert.Equal(204, act.Status));
        Assert.Equal(records, acts.DistinctBy(act => act.Path).Count());
        Assert.Equal(records, acts.Count);
        Assert.True((await machine.VerifyAsync()).IsWell);
    }

    [LongFact, Trait("Category", "Long")]
    public async Task One_that_loses_its_table_alone_acts_no_more_and_empties_no_queue()
    {
        const int records = 1_000;
        await using var machine = await StartAsync(80, records, side: 0);
        var rows = machine.Proxy();
        await machine.AskAsync("visits-end");
        machine.StartInstance(machine.Deployment with { AccountTables = machine.AddressThrough(rows) });
        await Machine.WaitAsync(
            () => Task.FromResult(machine.Shop.Requests.Count(request => request.Method == "DELETE") > 100),
            () => "nothing was erased");

        rows.Close();
        var closedAt = machine.Shop.Now;
        await Task.Delay(TimeSpan.FromSeconds(16));
        var last = machine.Shop.Requests.Max(request => request.At);
        output.WriteLine($"last request {(last - closedAt).TotalSeconds:F1} s after the table was lost");
        Assert.True(last - closedAt < TimeSpan.FromSeconds(13), $"a request came {last - closedAt} after the table was lost");
        Assert.True(await machine.CountAsync("Visits") > 0);

        rows.Open();
        var status = await machine.WaitUntilClosedAsync("visits-end", "visits");
        Assert.Equal(records, status.Results.GetValueOrDefault(OutcomeResult.Erased) + status.Results.GetValueOrDefault(OutcomeResult.Absent));
        Assert.Equal(records, status.Results.Values.Sum());
        foreach (var queue in new[] { QueueNames.Slices, QueueNames.Operations })
        {
            Assert.Empty(await machine.Get<IWorkQueue>().ReceiveAsync(
                QueueNames.DeadLetterOf(queue), 10, TimeSpan.Zero, CancellationToken.None));
        }

        await foreach (var row in machine.Get<IRowStore>().ListAsync(DeadLetterDrain.Partition, CancellationToken.None))
        {
            Assert.Fail($"A message was dead-lettered: {row.Row}.");
        }

        Assert.True((await machine.VerifyAsync()).IsWell);
    }

    private static async Task<Machine> StartAsync(int rate, int records, int side)
    {
        var machine = await Machine.StartAsync(Policy(rate));
        await machine.SeedAsync("Visits", records, Old);
        await machine.SeedAsync("Side", side, Old);
        return machine;
    }

    private static void StartFour(Machine machine)
    {
        for (var instance = 0; instance < 4; instance++)
        {
            machine.StartInstance();
        }
    }

    private static string Policy(int rate) => $$"""
        version: 1
        name: several
        effective-from: 2020-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: {{rate}}}
          side: {kind: table, requests-per-second: 100000}
        datasets:
          visits:
            store: shop
            container: Visits
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
          side:
            store: side
            container: Side
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
        rules:
          - name: visits-end
            dataset: visits
            clock: seen
            period: P13M
            action: delete
            mode: enforce
            cap: {records: 100000, percent: 100}
            schedule: 0 0 3 1 1 *
          - name: side-end
            dataset: side
            clock: seen
            period: P13M
            action: delete
            mode: enforce
            cap: {records: 100000, percent: 100}
            schedule: 0 0 3 1 1 *
        """;
}
