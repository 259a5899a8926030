using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

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

    /// <summary>Who rolls a policy back stores an earlier text: the log says each time which one came in force.</summary>
    [Fact]
    public async Task A_policy_that_is_rolled_back_to_comes_in_force_again_and_the_log_says_so()
    {
        using var simulation = await StartAsync();
        var (first, second) = (Shop.Policy(), Shop.Policy(visitsPeriod: "P14M"));
        foreach (var policy in new[] { second, first, second, second, first })
        {
            simulation.Time.Advance(TimeSpan.FromHours(1));
            await simulation.StorePolicyAsync(policy);
            await simulation.StorePolicyAsync(policy);
            simulation.Restart();
            await simulation.AskForAllAsync(policy.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await simulation.RunUntilQuietAsync();
        }

        var leaves = (await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Policy)).OrderBy(leaf => leaf.At).ToList();
        Assert.Equal(["", "", "again.1", "again.1", "again.2"], leaves.Select(leaf => leaf.Part));
        Assert.Equal([0, 1, 0, 1, 0], leaves.Select(leaf => leaf.Id == leaves[0].Id ? 0 : 1));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    /// <summary>Who stores a policy dies before its leaf, others act under it, and a third one replaces it.</summary>
    [Fact]
    public async Task A_policy_that_was_replaced_before_its_leaf_was_appended_has_one()
    {
        using var simulation = await StartAsync();
        var appends = 0;
        simulation.Faults.Choose = (_, call) => call == "lanes.append" && ++appends == 2 ? FaultKind.FailedAndNotWritten : null;
        await Assert.ThrowsAnyAsync<Exception>(() => simulation.StorePolicyAsync(Shop.Policy(visitsPeriod: "P14M")));
        simulation.Faults.Choose = null;
        simulation.Restart();
        await simulation.StorePolicyAsync(Shop.Policy(visitsPeriod: "P15M"));

        Assert.Equal(3, (await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Policy)).Count);
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
