using RetentionPipeline.Core.Erasure;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>
/// The process dies at each port call in turn, before the call's effect or after it, and starts again: nothing is lost,
/// doubled, unproven, or claimed beyond what was observed.
/// </summary>
public sealed class CrashTests
{
    private const int Visits = 6;

    [Theory, Trait("Category", "Long")]
    [InlineData(FaultKind.FailedAndNotWritten)]
    [InlineData(FaultKind.FailedButWritten)]
    public async Task A_crash_at_any_call_loses_and_doubles_nothing(FaultKind kind)
    {
        var calls = await CountCallsAsync();
        Assert.True(calls > 300, $"Only {calls} calls.");
        for (long at = 1; at <= calls; at += Sweep.Stride)
        {
            using var simulation = await StartAsync();
            string? crashedAt = null;
            var offset = simulation.Faults.Calls;
            simulation.Faults.Choose = (number, call) =>
            {
                if (number - offset != at)
                {
                    return null;
                }

                crashedAt = call;
                return kind;
            };

            await RunAsync(simulation);

            await AssertWholeAsync(simulation, kind, $"call {at} ({crashedAt})", crashedAt);
        }
    }

    private static async Task<long> CountCallsAsync()
    {
        using var simulation = await StartAsync();
        var before = simulation.Faults.Calls;
        await RunAsync(simulation);
        return simulation.Faults.Calls - before;
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.SeedSmall(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        return simulation;
    }

    private static async Task RunAsync(SimulatedPipeline simulation)
    {
        // Asking is the person's part: it is done until it is done.
        for (var asked = false; !asked;)
        {
            try
            {
                await simulation.AskForAllAsync("once");
                asked = true;
            }
            catch (InjectedFaultException)
            {
                simulation.Restart();
            }
        }

        await simulation.RunUntilQuietAsync(crashes: () => true);
        simulation.Faults.Choose = null;
    }

    private static async Task AssertWholeAsync(SimulatedPipeline simulation, FaultKind kind, string where, string? crashedAt)
    {
        for (var number = 0; number < Visits; number++)
        {
            var found = simulation.Stores[Shop.Store].Find(Shop.Visits, Shop.Visit(number));
            Assert.True(Shop.IsGone(number) == found is null, $"{where}: visit {number} is {(found is null ? "gone" : "there")}");
            Assert.True(found is null || (string)found.Value.Fields["Ip"]! == Shop.ExpectedIp(number), $"{where}: visit {number}");
        }

        var results = await EvidenceCheck.ResultsAsync(simulation);
        var erased = results.GetValueOrDefault(OutcomeResult.Erased);
        var absent = results.GetValueOrDefault(OutcomeResult.Absent);
        Assert.True(erased + absent == Shop.GoneCount(Visits), $"{where}: {erased} erased, {absent} absent");
        Assert.True(results.GetValueOrDefault(OutcomeResult.Failed) == 0, $"{where}: failed");

        // After a crash the honest word is absent, and only where the delete had gone through: at most the whole batch.
        if (kind is FaultKind.FailedAndNotWritten && crashedAt == "records.delete")
        {
            Assert.True(absent == 0, $"{where}: {absent} absent, though no delete had gone through");
        }

        var verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.True(verdict.IsWell, $"{where}: {string.Join("; ", verdict.Problems.Select(problem => problem.Message))}");
        Assert.Empty(verdict.Meaning!.OpenIntents);
    }
}
