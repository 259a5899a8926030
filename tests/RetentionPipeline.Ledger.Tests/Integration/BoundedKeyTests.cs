using System.Text.Json.Nodes;
using static RetentionPipeline.Ledger.Tests.Integration.Scene;

namespace RetentionPipeline.Ledger.Tests.Integration;

/// <summary>Duplicates are dropped however old they are, and what is held in memory for it does not grow with the log.</summary>
public sealed class BoundedKeyTests
{
    private const int PerDay = 1_000;
    private static readonly DateTimeOffset First = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Over_two_million_keys_of_years_the_keys_of_a_month_are_held()
    {
        var keys = new RecentKeys();
        for (var number = 0; number < 2_000_000; number++)
        {
            keys.Add((UInt128)number + 1, 7, First.AddDays(number / PerDay));
            Assert.True(keys.Count <= (RecentKeys.Days + 1) * PerDay, $"{keys.Count} keys after {number}");
        }

        Assert.Equal((RecentKeys.Days + 1) * PerDay, keys.Count);
        Assert.Equal((UInt128?)7, keys.Find(2_000_000));
        Assert.Null(keys.Find(1));
        Assert.True(keys.Reaches(First.AddDays(1_999 - RecentKeys.Days)));
        Assert.False(keys.Reaches(First.AddDays(1_998 - RecentKeys.Days)));
    }

    [Fact]
    public async Task A_leaf_of_years_ago_that_is_appended_again_is_dropped_in_this_life_and_the_next()
    {
        var scene = new Scene();
        var integrator = scene.NewIntegrator();
        for (var month = 0; month < 40; month++)
        {
            await scene.AppendAsync([.. Enumerable.Range(0, 30).Select(number => Old(month, number))]);
            Assert.Equal(30, (await scene.RunAsync(integrator)).Added);
        }

        foreach (var life in new[] { integrator, scene.NewIntegrator() })
        {
            // From the first full bundle, from the last one, and from what is not full yet.
            await scene.AppendAsync(Old(0, 0), Old(17, 5), Old(38, 29), Old(39, 29));
            var result = await scene.RunAsync(life);
            Assert.Equal((0, 4, 0), (result.Added, result.Duplicates, result.Conflicts.Count));
        }

        Assert.Equal(40 * 30, (await scene.EntriesAsync()).Count);
    }

    [Fact]
    public async Task Another_text_under_an_old_key_of_the_same_time_is_reported_and_kept_once()
    {
        var scene = new Scene();
        var integrator = scene.NewIntegrator();
        for (var month = 0; month < 12; month++)
        {
            await scene.AppendAsync([.. Enumerable.Range(0, 30).Select(number => Old(month, number))]);
            await scene.RunAsync(integrator);
        }

        await scene.AppendAsync(Old(0, 3, count: 9), Old(0, 3, count: 9));
        var result = await scene.RunAsync(integrator);
        Assert.Equal((1, 1, 1), (result.Added, result.Duplicates, result.Conflicts.Count));
        await scene.AppendAsync(Old(0, 3, count: 9), Old(0, 3));
        result = await scene.RunAsync();
        Assert.Equal((0, 2, 0), (result.Added, result.Duplicates, result.Conflicts.Count));
    }

    /// <summary>A conflict whose first text is forgotten: its own redelivery must not be added again.</summary>
    [Fact]
    public async Task A_conflicting_text_stays_known_when_the_first_one_has_aged_out()
    {
        var scene = new Scene();
        var integrator = scene.NewIntegrator();
        await scene.AppendAsync(Make("x", First, 1));
        await scene.RunAsync(integrator);
        await scene.AppendAsync(Make("x", First.AddDays(20), 2));
        Assert.Single((await scene.RunAsync(integrator)).Conflicts);
        await scene.AppendAsync(Make("y", First.AddDays(45), 1));
        await scene.RunAsync(integrator);
        foreach (var life in new[] { integrator, scene.NewIntegrator() })
        {
            await scene.AppendAsync(Make("x", First.AddDays(20), 2), Make("x", First, 1));
            var result = await scene.RunAsync(life);
            Assert.Equal((0, 2), (result.Added, result.Duplicates));
        }
    }

    [Fact]
    public async Task What_is_held_for_a_long_log_is_its_last_month_and_sixteen_bytes_a_bundle()
    {
        var scene = new Scene();
        var state = new LogState();
        var past = new PastEntries(scene.Log);
        for (var month = 0; month < 84; month++)
        {
            var draft = new TreeDraft(state);
            await past.AddAsync(draft, state, [.. Enumerable.Range(0, PerDay).Select(number => Old(month, number))], None);
            draft.Accept(state.Commit);
            Assert.True(state.Keys.Count <= 3 * PerDay);
        }

        Assert.Equal(84 * PerDay / TilePath.Width, state.Times.Count);
        Assert.True(state.Bundle.Count < TilePath.Width);
    }

    private static ReadOnlyMemory<byte> Old(int month, int number, int count = 0) => Make($"{month}-{number}", First.AddMonths(month).AddMinutes(number), count);

    private static ReadOnlyMemory<byte> Make(string id, DateTimeOffset at, int count) =>
        RetentionPipeline.Ledger.Leaf.Encode("intent", id, "", at, new JsonObject { ["count"] = count });
}
