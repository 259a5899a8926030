using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A policy that is replaced at every call of a run.</summary>
public sealed class PolicyChangeTests
{
    private const int Visits = 12;

    [Fact]
    public Task A_longer_period_stored_at_any_step_keeps_what_it_keeps_from_the_barrier_on() => AtEachStepAsync(
        Shop.Policy(visitsPeriod: "P15M"),
        number => Shop.Now.AddDays(-Shop.AgeOf(number)).AddMonths(15) > Shop.Now);

    [Fact]
    public Task A_rule_that_is_only_reported_from_any_step_on_acts_no_more_from_the_barrier_on() => AtEachStepAsync(
        Shop.Policy(mode: "report"), _ => true);

    [Fact]
    public async Task A_shorter_period_stored_at_any_step_erases_nothing_that_the_plan_kept()
    {
        for (var step = 1; ; step += 5)
        {
            using var simulation = await StartAsync();
            var placed = PlaceAt(simulation, step, Shop.Policy(visitsPeriod: "P2M"));

            await simulation.RunOnceAsync();
            simulation.Faults.Before = null;
            if (placed.At is null)
            {
                Assert.True(step > 200, $"Only {step} steps.");
                return;
            }

            // A scan that was planned after the change goes by it; one that was planned before, by both.
            var scan = await simulation.Get<Core.Scanning.ScanBook>().FindPlanAsync(
                DerivedId.CommandedScan("visits-end", "visits", "once"), CancellationToken.None);
            var inForce = await simulation.Get<PolicyBook>().InForceAsync(CancellationToken.None);
            if (scan!.Policy != inForce.Hash)
            {
                Assert.Equal(Visits - Shop.GoneCount(Visits), simulation.Stores[Shop.Store].Keys(Shop.Visits).Count);
            }

            await EvidenceCheck.AssertWellAsync(simulation);
        }
    }

    private static async Task AtEachStepAsync(string policy, Func<int, bool> keeps)
    {
        for (var step = 1; ; step += 3)
        {
            using var simulation = await StartAsync();
            var deletes = new List<DateTimeOffset>();
            var placed = PlaceAt(simulation, step, policy);
            var place = simulation.Faults.Before!;
            simulation.Faults.Before = call =>
            {
                var (before, beganAt) = (placed.At, simulation.Time.GetUtcNow());
                place(call);
                var stoodStill = before is null && placed.At is not null && simulation.Time.GetUtcNow() > beganAt;
                if (call == "records.delete" && !stoodStill)
                {
                    deletes.Add(simulation.Time.GetUtcNow());
                }
            };

            await simulation.RunOnceAsync();
            simulation.Faults.Before = null;
            if (placed.At is not { } at)
            {
                Assert.True(step > 200, $"Only {step} steps.");
                return;
            }

            var acts = simulation.Stores[Shop.Store].Acts.Where(act => act.Act == "delete").Zip(deletes, (act, when) => (act.Key, At: when)).ToList();
            Assert.Equal(deletes.Count, acts.Count);
            var barrier = at + PipelineTimes.Local.BarrierWait;
            Assert.All(
                Enumerable.Range(0, Visits).Where(number => Shop.IsGone(number) && keeps(number)),
                number => Assert.DoesNotContain(acts, act => act.Key == Shop.Visit(number) && act.At > barrier));
            Assert.Equal(0, (await EvidenceCheck.ResultsAsync(simulation)).GetValueOrDefault(OutcomeResult.Failed));
            await EvidenceCheck.AssertWellAsync(simulation);
        }
    }

    private static Placed PlaceAt(SimulatedPipeline simulation, int step, string policy)
    {
        var (calls, placed) = (0, new Placed());
        simulation.Faults.Before = _ =>
        {
            if (++calls != step || placed.At is not null)
            {
                return;
            }

            placed.At = simulation.Time.GetUtcNow();
            Task.Run(() => simulation.StorePolicyAsync(policy)).GetAwaiter().GetResult();

            // The process stands still for a while right here: what it looked at grows old.
            simulation.Time.Advance(TimeSpan.FromSeconds(step % 2 == 0 ? 0 : 70));
        };
        return placed;
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.SeedSmall(simulation, Visits);
        await simulation.StorePolicyAsync(Shop.Policy());
        return simulation;
    }

    private sealed class Placed
    {
        public DateTimeOffset? At { get; set; }
    }
}
