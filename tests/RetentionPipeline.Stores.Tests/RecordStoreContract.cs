using RetentionPipeline.Core.Records;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests;

/// <summary>A store under contract, with its owner's side of it.</summary>
public interface IStoreUnderTest
{
    IRecordStore Store { get; }

    DatasetLocation Location { get; }

    /// <summary>A name that the kind of store takes as a field.</summary>
    string Field { get; }

    /// <summary>Writes a record as its owner would; returns its key.</summary>
    Task<RecordKey> PutAsync(string partition, string id, string value);

    /// <summary>The same place, in a container that does not exist.</summary>
    DatasetLocation Missing { get; }

    RecordRewrite Rewrite(StageMark stage, string value);
}

/// <summary>What every record store must do, whatever it is made of.</summary>
public abstract class RecordStoreContract
{
    protected static readonly StageMark Stage = new(
        new string('a', 64), "rule", 1, new Guid("11111111-1111-5111-8111-111111111111"), new DateTimeOffset(2020, 2, 29, 1, 2, 3, 456, TimeSpan.Zero));

    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract Task<IStoreUnderTest> OpenAsync();

    [ContractFact]
    public async Task Ranges_and_pages_give_each_record_once()
    {
        var test = await OpenAsync();
        var keys = new HashSet<RecordKey>();
        for (var number = 0; number < 23; number++)
        {
            keys.Add(await test.PutAsync($"p{number % 5}", $"id{number:D3}", "v"));
        }

        foreach (var atMost in new[] { 1, 4 })
        {
            var seen = new List<RecordKey>();
            foreach (var range in await test.Store.ListRangesAsync(test.Location, atMost, None))
            {
                string? position = null;
                do
                {
                    var page = await test.Store.ReadPageAsync(new(test.Location, range, position, [], 4), None);
                    seen.AddRange(page.Snapshots.Select(record => record.Key));
                    position = page.Position;
                }
                while (position is not null);
            }

            Assert.Equal(keys.Count, seen.Count);
            Assert.True(keys.SetEquals(seen));
        }
    }

    [ContractFact]
    public async Task A_projection_has_the_fields_asked_for_and_a_missing_one_has_no_entry()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "value");
        var read = await test.Store.ReadAsync(test.Location, key, [test.Field, "nothing"], None);
        Assert.Equal("value", read!.Fields[test.Field]);
        Assert.False(read.Fields.ContainsKey("nothing"));
        Assert.Null(read.Stage);
    }

    [ContractFact]
    public async Task A_delete_acts_on_its_version_alone()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "one");
        var old = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        await test.PutAsync("p", "id", "two");

        Assert.IsType<ActResult.VersionMismatch>(await test.Store.DeleteAsync(test.Location, key, old, None));
        var now = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        Assert.IsType<ActResult.Done>(await test.Store.DeleteAsync(test.Location, key, now, None));
        Assert.Null(await test.Store.ReadAsync(test.Location, key, [], None));

        // Some services tell a record that is gone from one that moved, some do not: either way nothing was done.
        var again = await test.Store.DeleteAsync(test.Location, key, now, None);
        Assert.True(again is ActResult.NotFound or ActResult.VersionMismatch);
    }

    [ContractFact]
    public async Task A_rewrite_leaves_its_stage_in_the_same_write_and_is_read_back()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "before");
        var version = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;

        var ready = Assert.IsType<PreparedRewrite.Ready>(await test.Store.PrepareRewriteAsync(test.Location, key, version, test.Rewrite(Stage, "after"), None));
        Assert.Equal(version, (await test.Store.ReadAsync(test.Location, key, [], None))!.Version);
        var done = Assert.IsType<ActResult.Done>(await ready.Commit(None));

        var seen = Assert.Single(await test.Store.ReadBackAsync(test.Location, [key], None)).Found;
        Assert.Equal(done.Version, seen!.Version);
        Assert.Equal(Stage, seen.Stage);
        Assert.Equal(Stage, (await test.Store.ReadAsync(test.Location, key, [], None))!.Stage);
    }

    [ContractFact]
    public async Task A_rewrite_never_overwrites_who_wrote_between_its_reading_and_its_commit()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "one");
        var version = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        var ready = Assert.IsType<PreparedRewrite.Ready>(await test.Store.PrepareRewriteAsync(test.Location, key, version, test.Rewrite(Stage, "mine"), None));
        await test.PutAsync("p", "id", "theirs");

        Assert.IsType<ActResult.VersionMismatch>(await ready.Commit(None));
        Assert.Null((await test.Store.ReadAsync(test.Location, key, [], None))!.Stage);
    }

    [ContractFact]
    public async Task A_rewrite_of_another_version_or_of_nothing_is_not_prepared()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "one");
        var version = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        await test.PutAsync("p", "id", "two");
        var moved = await test.Store.PrepareRewriteAsync(test.Location, key, version, test.Rewrite(Stage, "x"), None);
        Assert.IsType<ActResult.VersionMismatch>(Assert.IsType<PreparedRewrite.Ended>(moved).Result);
        var gone = await test.Store.PrepareRewriteAsync(test.Location, key with { Id = key.Id + "-none" }, version, test.Rewrite(Stage, "x"), None);
        Assert.IsType<ActResult.NotFound>(Assert.IsType<PreparedRewrite.Ended>(gone).Result);
    }

    [ContractFact]
    public async Task A_read_back_answers_for_each_key_in_its_order()
    {
        var test = await OpenAsync();
        var keys = new List<RecordKey>();
        for (var number = 0; number < 9; number++)
        {
            keys.Add(await test.PutAsync($"p{number % 3}", $"id{number}", "v"));
        }

        var gone = keys[4];
        await test.Store.DeleteAsync(test.Location, gone, (await test.Store.ReadAsync(test.Location, gone, [], None))!.Version, None);
        var asked = keys.AsEnumerable().Reverse().Append(keys[0] with { Id = keys[0].Id + "-none" }).ToList();

        var seen = await test.Store.ReadBackAsync(test.Location, asked, None);

        Assert.Equal(asked, seen.Select(read => read.Key));
        Assert.All(seen, read => Assert.Equal(read.Key == gone || read.Key.Id.EndsWith("-none", StringComparison.Ordinal), read.Found is null));
    }

    [ContractTheory]
    [InlineData("o'brien")]
    [InlineData("ünïcode ✓")]
    [InlineData("with space & percent %41")]
    [InlineData("semi;colon,comma=eq")]
    public async Task Keys_of_any_legal_character_are_read_changed_and_deleted(string odd)
    {
        var test = await OpenAsync();
        var key = await test.PutAsync(odd, odd, "v");
        var range = Assert.Single(await test.Store.ListRangesAsync(test.Location, 1, None));
        Assert.Equal(key, Assert.Single((await test.Store.ReadPageAsync(new(test.Location, range, null, [], 10), None)).Snapshots).Key);
        var version = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        var ready = Assert.IsType<PreparedRewrite.Ready>(await test.Store.PrepareRewriteAsync(test.Location, key, version, test.Rewrite(Stage, "w"), None));
        var done = Assert.IsType<ActResult.Done>(await ready.Commit(None));
        Assert.NotNull(Assert.Single(await test.Store.ReadBackAsync(test.Location, [key], None)).Found);
        Assert.IsType<ActResult.Done>(await test.Store.DeleteAsync(test.Location, key, done.Version!, None));
    }

    [ContractFact]
    public async Task Every_call_is_spent_also_one_that_finds_nothing_or_is_refused()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "value");
        var before = test.Store.Spent;

        var version = (await test.Store.ReadAsync(test.Location, key, [], None))!.Version;
        var read = test.Store.Spent;
        await test.Store.DeleteAsync(test.Location, key, version, None);
        var deleted = test.Store.Spent;
        await test.Store.DeleteAsync(test.Location, key, version, None);
        var refused = test.Store.Spent;
        await test.Store.ReadBackAsync(test.Location, [key], None);

        Assert.True(before < read && read < deleted && deleted < refused && refused < test.Store.Spent);
    }

    [ContractFact]
    public async Task A_container_that_is_missing_is_no_empty_one()
    {
        var test = await OpenAsync();
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            var ranges = await test.Store.ListRangesAsync(test.Missing, 1, None);
            await test.Store.ReadPageAsync(new(test.Missing, ranges[0], null, [], 10), None);
        });
        Assert.IsType<StoreUnavailableException>(failure);
    }
}
