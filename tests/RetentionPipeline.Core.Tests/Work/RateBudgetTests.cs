using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Core.Tests.Work;

public sealed class RateBudgetTests
{
    private const string Store = "shop";

    /// <summary>Between two instants, in units of the rate's own interval: each may be used 0.2 s late, and 5 s still hold no more than the rate.</summary>
    private const double Apart = 5.2 / 5;

    private static readonly DateTimeOffset Start = new(2026, 3, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private readonly Faults faults = new();
    private readonly SimulatedTime time = new(Start);
    private readonly MemoryRowStore rows;

    public RateBudgetTests() => rows = new MemoryRowStore(faults);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(100, 1000)]
    [InlineData(2500, 1000)]
    public async Task One_instance_that_always_wants_more_gets_the_whole_rate_and_no_more(int perSecond, int wanted)
    {
        var budget = New();
        var requests = perSecond * 20;
        for (var request = 0; request < requests; request++)
        {
            Assert.Equal(BudgetAnswer.Taken, await budget.TakeAsync(Use(perSecond), wanted, Patience, CancellationToken.None));
        }

        // The first request goes at once: n requests take n - 1 intervals.
        var expected = (requests - 1) * Apart / perSecond;
        Assert.Equal(expected, (time.GetUtcNow() - Start).TotalSeconds, 0.02);
    }

    [Fact]
    public async Task Instances_share_one_rate()
    {
        RateBudget[] instances = [New(), New(), New(), New()];
        for (var request = 0; request < 400; request++)
        {
            await instances[request % 4].TakeAsync(Use(100), 1, Patience, CancellationToken.None);
        }

        Assert.Equal(3.99 * Apart, (time.GetUtcNow() - Start).TotalSeconds, 0.02);
    }

    [Fact]
    public async Task A_store_beside_it_waits_for_nothing()
    {
        var budget = New();
        for (var request = 0; request < 10; request++)
        {
            await budget.TakeAsync(Use(1), 1, TimeSpan.FromMinutes(1), CancellationToken.None);
        }

        var before = time.GetUtcNow();
        await budget.TakeAsync(new BudgetUse("other", 1, 0), 1, TimeSpan.Zero, CancellationToken.None);
        Assert.Equal(before, time.GetUtcNow());
    }

    [Fact]
    public async Task Who_has_no_patience_is_told_so_and_takes_nothing()
    {
        await New().TakeAsync(Use(100), 1000, Patience, CancellationToken.None);

        var row = (await rows.ReadAsync("budgets", Store, CancellationToken.None))!.Text;
        var given = new DateTimeOffset(long.Parse(row, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero);
        var patience = given - time.GetUtcNow() - TimeSpan.FromMilliseconds(1);
        Assert.Equal(BudgetAnswer.NoneInTime, await New().TakeAsync(Use(100), 1000, patience, CancellationToken.None));
        Assert.Equal(row, (await rows.ReadAsync("budgets", Store, CancellationToken.None))!.Text);
    }

    [Fact]
    public async Task Who_has_no_patience_takes_no_instant_that_was_leased_for_others()
    {
        var budget = New();
        await budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None);

        Assert.Equal(BudgetAnswer.NoneInTime, await budget.TakeAsync(Use(10), 4, TimeSpan.FromSeconds(0.1), CancellationToken.None));
        Assert.Equal(Start, time.GetUtcNow());

        // It is still there for who waits for it.
        Assert.Equal(BudgetAnswer.Taken, await budget.TakeAsync(Use(10), 4, TimeSpan.FromSeconds(0.11), CancellationToken.None));
        Assert.Equal(Start.AddSeconds(0.1 * Apart), time.GetUtcNow());
    }

    [Fact]
    public async Task What_nobody_took_is_not_saved_up()
    {
        var budget = New();
        await budget.TakeAsync(Use(100), 1000, Patience, CancellationToken.None);
        time.Advance(TimeSpan.FromHours(1));
        var before = time.GetUtcNow();

        for (var request = 0; request < 200; request++)
        {
            await budget.TakeAsync(Use(100), 1000, Patience, CancellationToken.None);
        }

        Assert.True(time.GetUtcNow() - before >= TimeSpan.FromSeconds(1.98), $"{time.GetUtcNow() - before}");
    }

    [Fact]
    public async Task An_instance_that_dies_costs_the_others_half_a_second_at_most()
    {
        await New().TakeAsync(Use(100), 1000, Patience, CancellationToken.None);
        var before = time.GetUtcNow();
        await New().TakeAsync(Use(100), 1000, Patience, CancellationToken.None);
        Assert.InRange((time.GetUtcNow() - before).TotalSeconds, 0.4, 0.5 * Apart);
    }

    [Fact]
    public async Task Nobody_takes_more_in_advance_than_is_wanted()
    {
        await New().TakeAsync(Use(10), 3, Patience, CancellationToken.None);
        var before = time.GetUtcNow();
        await New().TakeAsync(Use(10), 1, Patience, CancellationToken.None);
        Assert.Equal(0.3 * Apart, (time.GetUtcNow() - before).TotalSeconds, 0.001);
    }

    [Fact]
    public async Task A_stretch_is_filled_before_it_is_used_up()
    {
        // A row that takes as long to write as five requests are apart costs nothing, since the next five are there already.
        var (budget, leases) = (New(), 0);
        await budget.TakeAsync(Use(100), 1_000, Patience, CancellationToken.None);
        faults.Before = call =>
        {
            leases += call == "rows.commit" ? 1 : 0;
            time.Advance(TimeSpan.FromMilliseconds(25));
        };
        for (var request = 1; request < 500; request++)
        {
            await budget.TakeAsync(Use(100), 1_000, Patience, CancellationToken.None);
        }

        Assert.InRange(leases, 10, 30);
        Assert.Equal(499 * Apart / 100, (time.GetUtcNow() - Start).TotalSeconds, 0.06);
    }

    [Theory]
    [InlineData(FaultKind.FailedAndNotWritten)]
    [InlineData(FaultKind.FailedButWritten)]
    public async Task A_lease_in_advance_that_fails_is_told_to_nobody_before_the_stretch_is_used_up(FaultKind kind)
    {
        var budget = New();
        await budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None);
        faults.Choose = (_, call) => call == "rows.commit" ? kind : null;
        for (var request = 1; request < 5; request++)
        {
            Assert.Equal(BudgetAnswer.Taken, await budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None));
        }

        await Assert.ThrowsAsync<InjectedFaultException>(() => budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None));
    }

    [Fact]
    public async Task Who_may_not_wait_for_what_others_took_is_not_in_their_way()
    {
        var (one, other) = (New(), New());
        await one.TakeAsync(Use(10), 5, Patience, CancellationToken.None);
        await other.TakeAsync(Use(10), 5, Patience, CancellationToken.None);

        // One holds an instant still; those after the other's are not taken for whom cannot wait so long.
        var row = (await rows.ReadAsync("budgets", Store, CancellationToken.None))!.Text;
        Assert.Equal(BudgetAnswer.Taken, await one.TakeAsync(Use(10), 100, TimeSpan.FromSeconds(0.1), CancellationToken.None));
        Assert.Equal(row, (await rows.ReadAsync("budgets", Store, CancellationToken.None))!.Text);
    }

    [Fact]
    public async Task An_instant_may_be_missed_by_a_fifth_of_a_second_and_no_more()
    {
        var (budget, leases) = (New(), 0);
        faults.Before = call => leases += call == "rows.commit" ? 1 : 0;
        await budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None);
        for (var request = 1; request < 4; request++)
        {
            // The instants are 0.104 s apart: the fourth request is 0.198 s late for its own.
            time.Advance(TimeSpan.FromSeconds(0.17));
            await budget.TakeAsync(Use(10), 5 - request, Patience, CancellationToken.None);
        }

        Assert.Equal(1, leases);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await budget.TakeAsync(Use(10), 1, Patience, CancellationToken.None);
        Assert.Equal(2, leases);
    }

    [Theory]
    [InlineData(0.15, 1)]
    [InlineData(1, 2)]
    public async Task A_request_that_wakes_too_late_asks_anew(double late, int expected)
    {
        var (budget, leases) = (New(), 0);
        faults.Before = call => leases += call == "rows.commit" ? 1 : 0;
        await budget.TakeAsync(Use(10), 5, Patience, CancellationToken.None);
        time.NextWaitIsLateBy = TimeSpan.FromSeconds(late);

        Assert.Equal(BudgetAnswer.Taken, await budget.TakeAsync(Use(10), 4, Patience, CancellationToken.None));

        Assert.Equal(expected, leases);
        Assert.Equal((0.1 * Apart) + late, (time.GetUtcNow() - Start).TotalSeconds, 0.001);
    }

    [Theory]
    [InlineData(FaultKind.FailedAndNotWritten, 0.0)]
    [InlineData(FaultKind.FailedButWritten, 0.01 * Apart)]
    public async Task A_lease_that_fails_is_told_and_costs_at_most_what_it_asked_for(FaultKind kind, double cost)
    {
        faults.Choose = (_, call) => call == "rows.commit" ? kind : null;
        await Assert.ThrowsAsync<InjectedFaultException>(() => New().TakeAsync(Use(100), 1, Patience, CancellationToken.None));
        faults.Choose = null;

        await New().TakeAsync(Use(100), 1, Patience, CancellationToken.None);
        Assert.Equal(cost, (time.GetUtcNow() - Start).TotalSeconds, 0.001);
    }

    [Fact]
    public async Task A_race_for_the_row_is_run_again_and_gives_nothing_twice()
    {
        var (one, other, raced) = (New(), New(), false);
        faults.Before = call =>
        {
            if (call == "rows.commit" && !raced)
            {
                raced = true;
                Assert.True(other.TakeAsync(Use(10), 1, Patience, CancellationToken.None).IsCompletedSuccessfully);
            }
        };

        await one.TakeAsync(Use(10), 1, Patience, CancellationToken.None);

        // The other one has the first instant, this one the second.
        Assert.True(raced);
        Assert.Equal(0.1 * Apart, (time.GetUtcNow() - Start).TotalSeconds, 0.001);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task What_a_request_turns_out_to_cost_is_paid_before_the_next(int cost)
    {
        var (budget, spent) = (New(), 0L);
        for (var request = 0; request < 200; request++)
        {
            await budget.TakeAsync(Use(100, spent), 16, Patience, CancellationToken.None);
            spent += cost;
        }

        Assert.Equal(200 * cost * Apart / 100, (time.GetUtcNow() - Start).TotalSeconds, 0.1);
    }

    [Fact]
    public async Task A_long_walk_without_leave_holds_up_everybody_for_what_it_cost()
    {
        var (one, other) = (New(), New());
        await one.TakeAsync(Use(100), 1, Patience, CancellationToken.None);
        await one.TakeAsync(Use(100, spent: 2_001), 1, TimeSpan.FromMinutes(1), CancellationToken.None);

        var before = time.GetUtcNow();
        Assert.Equal(20 * Apart, (before - Start).TotalSeconds, 0.1);
        await other.TakeAsync(Use(100), 1, Patience, CancellationToken.None);
        Assert.True(time.GetUtcNow() >= before);
    }

    [Fact]
    public async Task Leave_that_was_not_used_is_worth_no_more_than_what_is_under_way()
    {
        var budget = New();
        for (var request = 0; request < 2_000; request++)
        {
            await budget.TakeAsync(Use(1_000), 1_000, Patience, CancellationToken.None);
        }

        // Nothing of it was spent; now a walk of 1,256 is: 1,000 of them are a debt.
        var before = time.GetUtcNow();
        await budget.TakeAsync(Use(1_000, spent: 1_256), 1, Patience, CancellationToken.None);
        Assert.InRange((time.GetUtcNow() - before).TotalSeconds, 0.4, 1.1);
    }

    private static BudgetUse Use(int perSecond, long spent = 0) => new(Store, perSecond, spent);

    private RateBudget New() => new(rows, time);
}
