using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>The pump itself, on a real clock: what it does with a message whose handler failed.</summary>
public sealed class PumpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_message_that_failed_is_left_to_its_lock_where_the_rows_cannot_be_read()
    {
        var calls = await FailAsync(lostToo: "rows.list");
        Assert.Contains("rows.list", calls);
        Assert.DoesNotContain("queue.abandon", calls);
    }

    [Fact]
    public async Task A_message_that_failed_is_given_back_where_they_can()
    {
        var calls = await FailAsync(lostToo: "nothing");
        Assert.Contains("queue.abandon", calls);
        Assert.DoesNotContain("queue.complete", calls);
    }

    [Fact]
    public async Task A_crowd_of_requests_is_taken_without_looking_at_empty_queues_in_between()
    {
        const int requests = 60;
        using var simulation = await RequestShop.StartAsync(customers: 3);
        for (var number = 0; number < requests; number++)
        {
            await RequestShop.SendAsync(simulation, $"r-{number}", number % 3);
        }

        await using var services = simulation.Another(TimeProvider.System);
        await services.GetRequiredService<StopSwitch>().CurrentAsync(CancellationToken.None);
        var counted = new CountedReceives(simulation.Queue);
        var pump = ActivatorUtilities.CreateInstance<WorkPump>(services, counted);
        using var ending = new CancellationTokenSource(Patience);
        var running = pump.RunAsync(ending.Token);
        while (simulation.Queue.Count(QueueNames.RequestsOf(RequestShop.Source)) > 0 && !ending.IsCancellationRequested)
        {
            await Task.Delay(10);
        }

        var receives = counted.OfRequests;
        await ending.CancelAsync();
        await running;
        Assert.All(Enumerable.Range(0, requests), number => Assert.Equal(["accepted"], RequestShop.States(simulation, $"r-{number}")));

        // Eight messages a look, and a few looks at both queues.
        Assert.InRange(receives, requests / 8, (requests / 8) + 8);
    }

    /// <summary>
    /// Lets one message fail because the objects cannot be read, and ends the pump when it has made up its mind. Returns the
    /// calls from that failure on, and with them a completion wherever it came.
    /// </summary>
    private static async Task<IReadOnlyList<string>> FailAsync(string lostToo)
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.Get<Attempts>().SendFirstAsync(
            WorkAddress.OfOperation(new Guid("22222222-2222-5222-8222-222222222222")), null, CancellationToken.None);
        await using var services = simulation.Another(TimeProvider.System);
        await services.GetRequiredService<StopSwitch>().CurrentAsync(CancellationToken.None);

        using var ending = new CancellationTokenSource(Patience);
        var (gate, calls) = (new Lock(), new List<string>());
        simulation.Faults.Choose = (_, call) =>
        {
            lock (gate)
            {
                if (calls.Count > 0 || call is "objects.read" or "queue.complete")
                {
                    calls.Add(call);
                }

                // The look at the rows comes first, then the verdict.
                if (calls.Contains("queue.abandon") || calls.Contains(lostToo))
                {
                    ending.Cancel();
                }

                return call == lostToo || call == "objects.read" ? FaultKind.FailedAndNotWritten : null;
            }
        };
        await services.GetRequiredService<WorkPump>().RunAsync(ending.Token);
        return calls;
    }

    /// <summary>Counts the looks at entrances of sources.</summary>
    private sealed class CountedReceives(IWorkQueue queue) : IWorkQueue
    {
        private int ofRequests;

        public int OfRequests => Volatile.Read(ref ofRequests);

        public Task<IReadOnlyList<ReceivedMessage>> ReceiveAsync(string name, int atMost, TimeSpan wait, CancellationToken cancel)
        {
            if (QueueNames.SourceOf(name) is not null)
            {
                Interlocked.Increment(ref ofRequests);
            }

            return queue.ReceiveAsync(name, atMost, wait, cancel);
        }

        public Task SendAsync(string name, IReadOnlyList<OutgoingMessage> messages, CancellationToken cancel) => queue.SendAsync(name, messages, cancel);

        public Task CompleteAsync(ReceivedMessage message, CancellationToken cancel) => queue.CompleteAsync(message, cancel);

        public Task AbandonAsync(ReceivedMessage message, CancellationToken cancel) => queue.AbandonAsync(message, cancel);

        public Task DeadLetterAsync(ReceivedMessage message, string reason, CancellationToken cancel) => queue.DeadLetterAsync(message, reason, cancel);

        public Task<DateTimeOffset> RenewLockAsync(ReceivedMessage message, CancellationToken cancel) => queue.RenewLockAsync(message, cancel);
    }
}
