using System.Diagnostics;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;

namespace RetentionPipeline.EndToEnd.Tests.Pumps;

/// <summary>When a visit of the pump ends, over Service Bus's SDK. The bounds are those that a deployment counts on.</summary>
[Collection(MachineCollection.Name)]
public sealed class PumpVisitTests
{
    [Fact]
    public async Task A_first_look_at_empty_queues_ends_it()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 10);
        var visit = new PumpVisit(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5));

        // The first visit of a process also connects, and compiles.
        await pipeline.Get<WorkPump>().RunWhileBusyAsync(visit, CancellationToken.None);
        var startedAt = Stopwatch.GetTimestamp();
        await pipeline.Get<WorkPump>().RunWhileBusyAsync(visit, CancellationToken.None);
        Assert.InRange(Stopwatch.GetElapsedTime(startedAt), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(MessageRouter.Queues.Order(), pipeline.Queue.Looks.Keys.Order());
    }

    [Fact]
    public async Task It_ends_when_nothing_has_come_for_a_while()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 10);
        await SendPoisonAsync(pipeline, 3);
        var idle = TimeSpan.FromSeconds(4);
        var startedAt = Stopwatch.GetTimestamp();
        await pipeline.Get<WorkPump>().RunWhileBusyAsync(new PumpVisit(idle, TimeSpan.FromMinutes(5)), CancellationToken.None);

        // Three messages, their dead letters, then quiet.
        Assert.Equal(6, pipeline.Queue.Received);
        Assert.InRange(Stopwatch.GetElapsedTime(startedAt), idle, idle + TimeSpan.FromSeconds(10));
    }

    [LongFact, Trait("Category", "Long")]
    public async Task The_default_visit_ends_within_forty_seconds_of_the_last_message()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 10);
        await SendPoisonAsync(pipeline, 3);
        var running = pipeline.Get<WorkPump>().RunWhileBusyAsync(
            PumpVisit.Within(TimeSpan.FromMinutes(25), PipelineTimes.Azure), CancellationToken.None);
        await Machine.WaitAsync(() => Task.FromResult(pipeline.Queue.Received == 6), () => "not received");
        var lastAt = Stopwatch.GetTimestamp();
        await running;
        Assert.InRange(Stopwatch.GetElapsedTime(lastAt), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task It_receives_nothing_after_its_time_and_ends_what_it_has()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 10);
        using var held = new SemaphoreSlim(0);
        pipeline.Faults.Before = call => _ = call == "rows.commit" && held.Wait(TimeSpan.FromSeconds(20));
        await SendPoisonAsync(pipeline, 1);
        var time = TimeSpan.FromSeconds(3);
        var running = pipeline.Get<WorkPump>().RunWhileBusyAsync(new PumpVisit(TimeSpan.FromMinutes(5), time), CancellationToken.None);
        await Task.Delay(time + TimeSpan.FromSeconds(2));

        // Its dead letter is being written down; what comes now is not looked at any more.
        Assert.False(running.IsCompleted);
        await SendPoisonAsync(pipeline, 2);
        var before = pipeline.Queue.Received;
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.Equal(before, pipeline.Queue.Received);
        pipeline.Faults.Before = null;
        held.Release(100);
        await running;
        Assert.Equal(before, pipeline.Queue.Received);
        Assert.Equal(1, pipeline.Queue.Completed);
    }

    [Fact]
    public async Task A_cancellation_ends_it_within_seconds_while_the_stores_answer()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 100, rate: 20);
        PumpedPipeline.Seed(pipeline.Shop, 1_000);
        await pipeline.AskAsync("visits-end");
        using var timersEnd = new CancellationTokenSource();
        var timers = pipeline.RunTimersAsync(timersEnd.Token);
        using var ending = new CancellationTokenSource();
        var running = pipeline.Get<WorkPump>().RunWhileBusyAsync(new PumpVisit(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5)), ending.Token);
        await Machine.WaitAsync(() => Task.FromResult(pipeline.Shop.Acts.Count > 10), () => "nothing was erased");
        var startedAt = Stopwatch.GetTimestamp();
        await ending.CancelAsync();
        await running;
        var took = Stopwatch.GetElapsedTime(startedAt);
        await timersEnd.CancelAsync();
        await timers;
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.InRange(pipeline.Shop.Acts.Count, 11, 900);
    }

    [Fact]
    public async Task A_stop_of_everything_is_a_first_look_that_finds_nothing()
    {
        await using var pipeline = await PumpedPipeline.StartAsync(batch: 10);
        await SendPoisonAsync(pipeline, 1);
        await pipeline.Get<StopSwitch>().StopAsync(StopScope.Everything, "tester", CancellationToken.None);
        await pipeline.Get<StopSwitch>().ReadNowAsync(CancellationToken.None);
        await pipeline.Get<WorkPump>().RunWhileBusyAsync(new PumpVisit(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5)), CancellationToken.None);
        Assert.Equal(0, pipeline.Queue.Received);
    }

    [Fact]
    public void A_limit_within_which_nothing_could_be_received_is_refused()
    {
        Assert.Throws<ArgumentException>(() => PumpVisit.Within(PipelineTimes.Azure.LongestHandling, PipelineTimes.Azure));
        Assert.Equal(TimeSpan.FromMinutes(20), PumpVisit.Within(TimeSpan.FromMinutes(25), PipelineTimes.Azure).Receiving);
    }

    private static Task SendPoisonAsync(PumpedPipeline pipeline, int count) => pipeline.Get<IWorkQueue>().SendAsync(
        QueueNames.Operations, [.. Enumerable.Range(0, count).Select(_ => new OutgoingMessage($"{Guid.NewGuid()}", "no work"u8.ToArray(), null))],
        CancellationToken.None);
}
