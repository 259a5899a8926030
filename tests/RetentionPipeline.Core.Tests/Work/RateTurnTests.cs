using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.Core.Tests.Work;

/// <summary>When work comes again that found no leave.</summary>
public sealed class RateTurnTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 15, 12, 0, 0, TimeSpan.Zero);
    private readonly SimulatedTime time = new(Start);
    private readonly RateBudget budget;

    public RateTurnTests() => budget = new RateBudget(new MemoryRowStore(new Faults()), time);

    [Fact]
    public void Waiting_work_comes_again_one_by_one_a_little_faster_than_the_rate()
    {
        for (var batch = 0; batch < 60; batch++)
        {
            Assert.Equal(Start.AddSeconds(1 + (batch * 0.4)), budget.NextTurn(Use(200), 100), TimeSpan.FromMilliseconds(1));
        }

        // Of another store's work there is none.
        Assert.Equal(Start.AddSeconds(1), budget.NextTurn(new BudgetUse("other", 200, 0), 100));
        time.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal(Start.AddSeconds(26), budget.NextTurn(Use(200), 100), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void No_work_waits_longer_than_half_a_minute_and_not_all_of_it_comes_at_once()
    {
        var use = Use(1);
        Assert.Equal(Start.AddSeconds(1), budget.NextTurn(use, 100));

        // It would be an hour until all of that were through.
        var turns = Enumerable.Range(0, 45).Select(_ => budget.NextTurn(use, 100)).ToList();

        Assert.All(turns, turn => Assert.InRange(turn, Start.AddSeconds(15), Start.AddSeconds(30)));
        Assert.True(turns.Distinct().Count() > 40);

        // What was put off so is no reason to put off what comes later.
        time.Advance(TimeSpan.FromSeconds(80));
        Assert.Equal(Start.AddSeconds(81), budget.NextTurn(use, 100));
    }

    private static BudgetUse Use(int perSecond) => new("shop", perSecond, 0);
}
