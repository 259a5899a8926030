using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Fakes;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Pumps;

/// <summary>The pump under load, over Service Bus's SDK, in visits as a timer makes them.</summary>
[Collection(MachineCollection.Name)]
public sealed class PumpLoadTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);
    private static readonly PumpVisit Visit = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(40));

    [Fact]
    public Task Hundreds_of_work_items_end_once_whatever_befalls_them() => EndOnceAsync(300);

    [LongFact, Trait("Category", "Soak")]
    public Task Twenty_thousand_work_items_end_once_whatever_befalls_them() => EndOnceAsync(20_000);

    /// <summary>100 seconds' work for one store at its rate, and as much for one beside it that has none.</summary>
    [LongFact, Trait("Category", "Long")]
    public async Task A_rate_is_kept_and_used_and_costs_no_lock_and_no_delivery()
    {
        const int items = 200, batch = 100, rate = 200;
        await using var pipeline = await PumpedPipeline.StartAsync(batch, rate);
        PumpedPipeline.Seed(pipeline.Shop, items * batch);
        PumpedPipeline.Seed(pipeline.Side, items * batch);
        await pipeline.AskAsync("visits-end");
        await pipeline.AskAsync("side-end");
        DateTimeOffset? sideEnded = null;
        await RunAsync(pipeline, async () =>
        {
            if (sideEnded is null && await EndedAsync(pipeline, "side-end", "side"))
            {
                sideEnded = DateTimeOffset.UtcNow;
            }

            return sideEnded is not null && await EndedAsync(pipeline, "visits-end", "visits");
        });

        var calls = pipeline.Calls.Where(call => call.Store == "shop").OrderBy(call => call.At).ToList();
        var acts = calls.Where(call => call.Call == "records.delete").ToList();
        var (from, until) = (acts[0].At, acts[(int)(acts.Count * 0.95)].At);
        var used = calls.Count(call => call.At >= from && call.At < until) / (until - from).TotalSeconds / rate;
        var (fullest, fullestAt) = Fullest(calls.Where(call => call.At >= from && call.At < until).Select(call => call.At).ToList());
        var most = fullest / 5.0 / rate;
        var inIt = calls.Where(call => call.At >= fullestAt && call.At < fullestAt + TimeSpan.FromSeconds(5)).CountBy(call => call.Call).ToList();
        var side = pipeline.Calls.Where(call => call.Store == "side" && call.Call == "records.delete").Select(call => call.At).ToList();
        var sideRate = side.Count / (side.Max() - side.Min()).TotalSeconds;
        output.WriteLine(
            $"{acts.Count} acts in {(acts[^1].At - from).TotalSeconds:F1} s, {used:P1} of the rate, {most:P1} in the fullest 5 s, "
            + $"{(fullestAt - from).TotalSeconds:F1} s after the first ({string.Join(", ", inIt.Select(pair => $"{pair.Value} {pair.Key}"))}); "
            + $"beside it {sideRate:F0}/s; {pipeline.Queue.Received} messages, {pipeline.Queue.Operations.Count} of operations, "
            + $"{pipeline.Queue.LocksLost} locks lost, at most {pipeline.Queue.MostDeliveries} deliveries; by second "
            + string.Join(' ', calls.CountBy(call => (int)(call.At - from).TotalSeconds).Select(second => second.Value)));
        Assert.Equal(items * batch, acts.Count);
        Assert.InRange(used, 0.9, 1.02);

        // One more than the rate: the window's first and last instant may both lie in it.
        Assert.InRange(fullest, 0.9 * 5 * rate, (5 * rate) + 1);
        Assert.Equal(0, pipeline.Queue.LocksLost);
        Assert.Equal(1, pipeline.Queue.MostDeliveries);
        Assert.True(sideRate > 2 * rate, $"The store beside it was acted on at {sideRate:F0}/s.");
        Assert.True((await pipeline.VerifyAsync()).IsWell);
    }

    private async Task EndOnceAsync(int items)
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 1);
        PumpedPipeline.Seed(pipeline.Shop, items);
        var poison = Enumerable.Range(0, items / 100).Select(number => Encoding.UTF8.GetBytes($"no work {number}")).ToList();
        await pipeline.Get<IWorkQueue>().SendAsync(
            QueueNames.Operations, [.. poison.Select((body, number) => new OutgoingMessage($"poison-{number}", body, null))], CancellationToken.None);
        var random = new Random(5);

        // From the first act to the last: the closing that comes then reads all of them in one go, which at a fault in 400 calls,
        // with no SDK beneath that asks again, would never come to its end; and planning would wait seconds for each fault.
        pipeline.Faults.Choose = (_, _) =>
            pipeline.Shop.Acts.Count > 0 && pipeline.Shop.Acts.Count < items && random.Next(400) == 0 ? (FaultKind)random.Next(2) : null;
        pipeline.Queue.TurnBackOneIn = 10;
        await pipeline.AskAsync("visits-end");
        var startedAt = Stopwatch.GetTimestamp();
        await RunAsync(pipeline, () => EndedAsync(pipeline, "visits-end", "visits"));
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        pipeline.Faults.Choose = null;

        var queue = pipeline.Queue;
        var results = (await pipeline.StatusAsync("visits-end", "visits"))!.Figures!.Results;
        output.WriteLine(
            $"{items} work items in {seconds:F0} s, {items / seconds:F0}/s; {queue.Received} deliveries, {queue.GivenBack} given back, "
            + $"{queue.TurnedBack} redelivered after success, {queue.Dead.Count} dead; "
            + string.Join(", ", results.Select(result => $"{result.Key} {result.Value}")));
        Assert.InRange(queue.GivenBack, items / 40, int.MaxValue);
        Assert.InRange(queue.TurnedBack, items / 20, int.MaxValue);

        // A delete whose answer was lost is found absent; each record has one outcome, and only those that were due are gone.
        Assert.Equal(items, results.Values.Sum());
        Assert.Equal(items, results.GetValueOrDefault(OutcomeResult.Erased) + results.GetValueOrDefault(OutcomeResult.Absent));
        Assert.Equal(items, pipeline.Shop.Acts.Count);
        Assert.Equal(items, pipeline.Shop.Acts.DistinctBy(act => act.Key).Count());
        Assert.Equal(items / 10, pipeline.Shop.Keys(PumpedPipeline.Container).Count);
        Assert.Equal(
            poison.Select(body => Convert.ToHexStringLower(SHA256.HashData(body))).Order(), await DeadAsync(pipeline));
        Assert.True((await pipeline.VerifyAsync()).IsWell);
    }

    /// <summary>A pump in visits, as often as they end, beside the other timers.</summary>
    private static async Task RunAsync(PumpedPipeline pipeline, Func<Task<bool>> ended)
    {
        using var ending = new CancellationTokenSource(Patience);
        var timers = pipeline.RunTimersAsync(ending.Token);
        var pump = Task.Run(async () =>
        {
            while (!ending.IsCancellationRequested)
            {
                await pipeline.Get<WorkPump>().RunWhileBusyAsync(Visit, ending.Token);
            }
        });
        while (!await ended() && !ending.IsCancellationRequested)
        {
            await Task.Delay(500);
        }

        var late = ending.IsCancellationRequested;
        await ending.CancelAsync();
        await Task.WhenAll(pump, timers);
        Assert.False(late, "It did not end.");
    }

    /// <summary>Looks without a fault of its own being an end of the test.</summary>
    private static async Task<bool> EndedAsync(PumpedPipeline pipeline, string rule, string dataset)
    {
        try
        {
            return await pipeline.StatusAsync(rule, dataset) is { Figures: not null };
        }
        catch (InjectedFaultException)
        {
            return false;
        }
    }

    private static async Task<IEnumerable<string>> DeadAsync(PumpedPipeline pipeline)
    {
        var hashes = new List<string>();
        await foreach (var row in pipeline.Get<IRowStore>().ListAsync(DeadLetterDrain.Partition, CancellationToken.None))
        {
            hashes.Add(JsonSerializer.Deserialize<DeadLetterRow>(row.Text, JsonSerializerOptions.Web)!.Hash);
        }

        return hashes.Order();
    }

    /// <summary>The most within five seconds, and when these begin.</summary>
    private static (int Most, DateTimeOffset At) Fullest(List<DateTimeOffset> times)
    {
        var (most, at, first) = (0, times[0], 0);
        for (var last = 0; last < times.Count; last++)
        {
            while (times[last] - times[first] >= TimeSpan.FromSeconds(5))
            {
                first++;
            }

            (most, at) = last - first + 1 > most ? (last - first + 1, times[first]) : (most, at);
        }

        return (most, at);
    }
}
