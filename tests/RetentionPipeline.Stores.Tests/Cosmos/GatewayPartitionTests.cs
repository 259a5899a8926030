using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>Which key lies where: the SDK computes it too, and the two must agree, also across a split.</summary>
public sealed class GatewayPartitionTests
{
    [Fact]
    public async Task Each_key_lies_in_the_range_that_the_SDK_computes_for_it()
    {
        await using var test = await GatewayUnderTest.StartAsync(16);
        var container = await test.NewContainerAsync("/pk");
        var keys = Keys().ToList();
        foreach (var (json, key) in keys)
        {
            Assert.True((await container.PutAsync(json, key)).IsSuccessStatusCode);
        }

        await CheckAsync(container, keys, expected: 16);
    }

    [Fact]
    public async Task Each_hierarchical_key_lies_in_the_range_that_the_SDK_computes_for_it()
    {
        await using var test = await GatewayUnderTest.StartAsync(16);
        var container = await test.NewContainerAsync("/tenant", "/user");
        var keys = new List<(string Json, PartitionKey Key)>();
        for (var number = 0; number < 60; number++)
        {
            keys.Add((
                $$"""{"id":"{{number}}","tenant":"t{{number % 6}}","user":{{number}}}""",
                new PartitionKeyBuilder().Add($"t{number % 6}").Add(number).Build()));
        }

        foreach (var (json, key) in keys)
        {
            Assert.True((await container.PutAsync(json, key)).IsSuccessStatusCode);
        }

        await CheckAsync(container, keys, expected: 16);

        // The first level alone is a range of its own: what lies below it and nothing else.
        var tenant = await container.IdsAsync(
            new QueryDefinition("SELECT c.id FROM c"), pageSize: 3,
            options: new QueryRequestOptions { PartitionKey = new PartitionKeyBuilder().Add("t4").Build() });
        Assert.Equal(10, tenant.Count);
        Assert.All(tenant, id => Assert.Equal(4, int.Parse(id, System.Globalization.CultureInfo.InvariantCulture) % 6));
    }

    [Fact]
    public async Task A_split_loses_and_doubles_nothing_for_who_is_half_way_through()
    {
        foreach (var ordered in new[] { false, true })
        {
            await using var test = await GatewayUnderTest.StartAsync(2);
            var container = await test.NewContainerAsync("/pk");
            await FillAsync(container, 0, 60);
            var query = new QueryDefinition("SELECT c.id FROM c" + (ordered ? " ORDER BY c.n" : ""));
            var (seen, token) = await container.PageAsync(query, null, 7);
            await test.SplitAsync("0");
            foreach (var client in new[] { container, test.NewClient().GetContainer("shop", "things") })
            {
                var (all, next) = (seen.ToList(), token);
                while (next is not null)
                {
                    (var page, next) = await client.PageAsync(query, next, 7);
                    all.AddRange(page);
                }

                Assert.Equal(60, all.Distinct().Count());
                Assert.Equal(60, all.Count);
                Assert.True(!ordered || all.SequenceEqual(all.OrderBy(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))));
            }
        }
    }

    [Fact]
    public async Task Feed_ranges_of_before_a_split_go_on_behind_it_and_there_are_more_of_them()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync("/pk");
        await FillAsync(container, 0, 40);
        var range = Assert.Single(await container.GetFeedRangesAsync());
        var query = new QueryDefinition("SELECT c.id FROM c");
        var (seen, token) = await container.PageAsync(query, null, 5, range);
        var (changes, feed) = await GatewayContract.ChangesAsync(container, ChangeFeedStartFrom.Beginning(range));
        Assert.Equal(40, changes.Count);

        await test.SplitAsync("0");
        await test.SplitAsync("1");
        while (token is not null)
        {
            (var page, token) = await container.PageAsync(query, token, 5, range);
            seen.AddRange(page);
        }

        Assert.Equal(40, seen.Count);
        Assert.Equal(40, seen.Distinct().Count());

        await FillAsync(container, 40, 50);
        var (more, _) = await GatewayContract.ChangesAsync(container, ChangeFeedStartFrom.ContinuationToken(feed));
        Assert.Equal(Enumerable.Range(40, 10).Select(number => $"{number}").Order(), more.Order());

        var fresh = test.NewClient().GetContainer("shop", "things");
        var ranges = await fresh.GetFeedRangesAsync();
        Assert.Equal(3, ranges.Count);
        var each = new List<string>();
        foreach (var part in ranges)
        {
            each.AddRange(await fresh.IdsAsync(query, 4, part));
        }

        Assert.Equal(50, each.Count);
        Assert.Equal(50, each.Distinct().Count());
        Assert.True((await container.ReadItemStreamAsync("3", new PartitionKey("3"))).IsSuccessStatusCode);
        Assert.True((await container.DeleteItemStreamAsync("3", new PartitionKey("3"))).IsSuccessStatusCode);
        Assert.Equal(49, (await container.ReadManyItemsAsync<JsonElement>(
            [.. Enumerable.Range(0, 50).Select(number => ($"{number}", new PartitionKey($"{number}")))])).Count);
    }

    /// <summary>To read many, the SDK computes where each key lies and asks only there.</summary>
    private static async Task CheckAsync(Container container, List<(string Json, PartitionKey Key)> keys, int expected)
    {
        var ranges = await container.GetFeedRangesAsync();
        Assert.Equal(expected, ranges.Count);
        var seen = new List<string>();
        var most = 0;
        foreach (var range in ranges)
        {
            var ids = await container.IdsAsync(new QueryDefinition("SELECT c.id FROM c"), 5, range);
            most = Math.Max(most, ids.Count);
            seen.AddRange(ids);
        }

        Assert.Equal(keys.Count, seen.Distinct().Count());
        Assert.Equal(keys.Count, seen.Count);
        Assert.InRange(most, 2, keys.Count / 2);
        var read = await container.ReadManyItemsAsync<JsonElement>([.. keys.Select(key => (IdOf(key.Json), key.Key))]);
        Assert.Equal(keys.Select(key => IdOf(key.Json)).Order(), read.Select(item => item.GetProperty("id").GetString()).Order());
    }

    private static string IdOf(string json)
    {
        using var item = JsonDocument.Parse(json);
        return item.RootElement.GetProperty("id").GetString()!;
    }

    private static IEnumerable<(string Json, PartitionKey Key)> Keys()
    {
        yield return ("""{"id":"none"}""", PartitionKey.None);
        yield return ("""{"id":"null","pk":null}""", PartitionKey.Null);
        yield return ("""{"id":"true","pk":true}""", new PartitionKey(true));
        yield return ("""{"id":"false","pk":false}""", new PartitionKey(false));
        yield return ("""{"id":"empty","pk":""}""", new PartitionKey(""));
        yield return ("""{"id":"number","pk":-12.75}""", new PartitionKey(-12.75));
        yield return ("""{"id":"large","pk":1e300}""", new PartitionKey(1e300));
        foreach (var length in Enumerable.Range(1, 40).Append(100).Append(500))
        {
            var text = new string('ü', length / 2) + new string('k', length - (length / 2));
            yield return ($$"""{"id":"s{{length}}","pk":"{{text}}"}""", new PartitionKey(text));
            yield return ($$"""{"id":"n{{length}}","pk":{{length}}}""", new PartitionKey(length));
        }
    }

    private static async Task FillAsync(Container container, int from, int to)
    {
        for (var number = from; number < to; number++)
        {
            await container.PutAsync($$"""{"id":"{{number}}","pk":"{{number}}","n":{{number}}}""", new PartitionKey($"{number}"));
        }
    }
}
