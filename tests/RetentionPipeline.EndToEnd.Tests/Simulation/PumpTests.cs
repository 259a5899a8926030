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
}
