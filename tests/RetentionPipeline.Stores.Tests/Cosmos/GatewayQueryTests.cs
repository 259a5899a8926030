using System.Net;
using Microsoft.Azure.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>Queries by the SDK over one and over four partitions: right, or refused.</summary>
public sealed class GatewayQueryTests
{
    private static readonly IReadOnlyList<string> Items =
    [
        """{"id":"a","pk":"1","n":1,"s":"apple","tags":["x","y"],"o":{"e":"a@shop"},"flag":true}""",
        """{"id":"b","pk":"2","n":2.5,"s":"Apricot","tags":[],"o":{"e":null},"flag":false}""",
        """{"id":"c","pk":"3","n":-3,"s":"o'brien","tags":[{"k":1,"v":2}],"o":{}}""",
        """{"id":"d","pk":"4","n":null,"s":"zoo \"q\""}""",
        """{"id":"e","pk":"5","n":"1"}""",
        """{"id":"f","pk":"6"}""",
    ];

    [Theory]
    [InlineData("SELECT * FROM c WHERE c.n = 1", "a")]
    [InlineData("SELECT * FROM c WHERE c.n != 1", "bc")]
    [InlineData("SELECT * FROM c WHERE NOT (c.n = 1)", "bc")]
    [InlineData("SELECT * FROM c WHERE c.n > -3.5 AND c.n <= 1", "ac")]
    [InlineData("SELECT * FROM c WHERE c.n BETWEEN 1 AND 3", "ab")]
    [InlineData("SELECT * FROM c WHERE c.n IN (1, '1', null)", "ade")]
    [InlineData("SELECT * FROM c WHERE c.id NOT IN ('a', \"b\")", "cdef")]
    [InlineData("SELECT c.id FROM root c WHERE IS_DEFINED(c.n) AND NOT IS_NULL(c.n)", "abce")]
    [InlineData("SELECT c.id FROM c WHERE IS_NULL(c.n) OR c.flag", "ad")]
    [InlineData("SELECT c.id FROM c WHERE IS_NUMBER(c.n) = false", "def")]
    [InlineData("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.tags, 'y')", "a")]
    [InlineData("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(c.tags, {k: 1}, true)", "c")]
    [InlineData("SELECT VALUE c.id FROM c WHERE ARRAY_CONTAINS(['a', 'f'], c.id)", "af")]
    [InlineData("SELECT VALUE c.id FROM c WHERE STARTSWITH(c.s, 'ap')", "a")]
    [InlineData("SELECT VALUE c.id FROM c WHERE STARTSWITH(c.s, 'ap', true)", "ab")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.s = 'o\\'brien' OR c[\"s\"] = 'zoo \\\"q\\\"'", "cd")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.o.e = 'a@shop' OR c['o']['e'] = null", "ab")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.tags[0] = 'x'", "a")]
    [InlineData("SELECT VALUE x.id FROM things AS x WHERE x.pk < '3'", "ab")]
    [InlineData("SELECT c.id, c.n AS number, c['o'] FROM c", "abcdef")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.id IN (@one, @two)", "bd")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.n >= @least", "b")]
    [InlineData("SELECT VALUE c.flag FROM c WHERE c.flag = true", "True")]
    public async Task A_query_gives_just_what_it_says(string text, string expected)
    {
        var query = new QueryDefinition(text).WithParameter("@one", "b").WithParameter("@two", "d").WithParameter("@least", 2);
        foreach (var partitions in new[] { 1, 4 })
        {
            await using var test = await GatewayUnderTest.StartAsync(partitions);
            var container = await FilledAsync(test);
            Assert.Equal(expected, string.Concat((await container.IdsAsync(query, pageSize: 2)).Order(StringComparer.Ordinal)));
        }
    }

    [Theory]
    [InlineData("SELECT DISTINCT c.n FROM c")]
    [InlineData("SELECT COUNT(1) FROM c")]
    [InlineData("SELECT VALUE COUNT(1) FROM c")]
    [InlineData("SELECT c.id FROM c JOIN t IN c.tags")]
    [InlineData("SELECT c.id FROM c GROUP BY c.id")]
    [InlineData("SELECT c.id FROM c OFFSET 1 LIMIT 1")]
    [InlineData("SELECT c.id FROM c WHERE c.s LIKE 'a%'")]
    [InlineData("SELECT c.id FROM c WHERE c.n + 1 = 2")]
    [InlineData("SELECT c.id FROM c WHERE c.n = 1 ? true : false")]
    [InlineData("SELECT c.id FROM c WHERE LOWER(c.s) = 'a'")]
    [InlineData("SELECT c.id FROM c WHERE d.n = 1")]
    [InlineData("SELECT c.id FROM c WHERE c.n = @none")]
    [InlineData("SELECT c.id FROM c WHERE c.n = 'open")]
    [InlineData("SELECT c.id FROM c WHERE c.n = 1 c.n = 2")]
    [InlineData("SELECT c.id WHERE c.n = 1")]
    [InlineData("SELECT c.id FROM c ORDER BY c.n, c.s")]
    [InlineData("SELECT c.id FROM c ORDER BY LOWER(c.s)")]
    public async Task What_is_not_understood_is_refused(string text)
    {
        foreach (var partitions in new[] { 1, 4 })
        {
            await using var test = await GatewayUnderTest.StartAsync(partitions);
            var container = await FilledAsync(test);
            var refused = await Assert.ThrowsAsync<CosmosException>(() => container.IdsAsync(new QueryDefinition(text)));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Theory]
    [InlineData("SELECT c.id FROM c ORDER BY c.n", 1, "aaaaabbbbbcccccdddddeeeee")]
    [InlineData("SELECT * FROM c ORDER BY c.n DESC", 2, "eeeeedddddcccccbbbbbaaaaa")]
    [InlineData("SELECT VALUE c.id FROM c WHERE c.n > 0 ORDER BY c.n ASC", 3, "cccccddddd")]
    [InlineData("SELECT TOP 7 c.id FROM c ORDER BY c.n DESC", 2, "eeeeedd")]
    [InlineData("SELECT TOP 3 c.id FROM c WHERE c.n = 1", 2, "ccc")]
    public async Task An_ordered_query_goes_on_where_it_stopped(string text, int pageSize, string letters)
    {
        string[] values = ["", "\"n\":null,", "\"n\":1,", "\"n\":2,", "\"n\":\"t\","];
        foreach (var partitions in new[] { 1, 4 })
        {
            await using var test = await GatewayUnderTest.StartAsync(partitions);
            var container = await test.NewContainerAsync("/pk");
            for (var number = 0; number < 25; number++)
            {
                var letter = (char)('a' + (number % 5));
                await container.PutAsync($$"""{"id":"{{letter}}{{number}}",{{values[number % 5]}}"pk":"{{number}}"}""", new PartitionKey($"{number}"));
            }

            var ids = await container.IdsAsync(new QueryDefinition(text), pageSize);
            Assert.Equal(ids.Count, ids.Distinct().Count());
            Assert.Equal(letters, string.Concat(ids.Select(id => id[0])));
        }
    }

    [Fact]
    public async Task Several_keys_of_order_need_their_composite_index()
    {
        await using var test = await GatewayUnderTest.StartAsync(4);
        var properties = new ContainerProperties("things", "/pk");
        properties.IndexingPolicy.CompositeIndexes.Add(
            [new CompositePath { Path = "/a", Order = CompositePathSortOrder.Ascending }, new CompositePath { Path = "/b", Order = CompositePathSortOrder.Descending }]);
        var container = await test.NewContainerAsync(properties);
        for (var number = 0; number < 12; number++)
        {
            await container.PutAsync($$"""{"id":"{{number}}","pk":"{{number}}","a":{{number % 3}},"b":{{number}}}""", new PartitionKey($"{number}"));
        }

        Assert.Equal(
            ["9", "6", "3", "0", "10", "7", "4", "1", "11", "8", "5", "2"],
            await container.IdsAsync(new QueryDefinition("SELECT c.id FROM c ORDER BY c.a ASC, c.b DESC"), pageSize: 5));
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<CosmosException>(() =>
            container.IdsAsync(new QueryDefinition("SELECT c.id FROM c ORDER BY c.a ASC, c.b ASC")))).StatusCode);
    }

    [Fact]
    public async Task Without_an_index_a_filter_needs_the_leave_to_scan_and_nothing_can_be_ordered()
    {
        await using var test = await GatewayUnderTest.StartAsync(4);
        var properties = new ContainerProperties("things", "/pk") { IndexingPolicy = new IndexingPolicy { IndexingMode = IndexingMode.None, Automatic = false } };
        var container = await test.NewContainerAsync(properties);
        await container.PutAsync("""{"id":"a","pk":"p"}""", new PartitionKey("p"));
        var query = new QueryDefinition("SELECT * FROM c WHERE c.id = 'a'");
        Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<CosmosException>(() => container.IdsAsync(query))).StatusCode);
        Assert.Equal(["a"], await container.IdsAsync(query, options: new QueryRequestOptions { EnableScanInQuery = true }));
        Assert.Equal(["a"], await container.IdsAsync(new QueryDefinition("SELECT * FROM c")));
        await Assert.ThrowsAsync<CosmosException>(() => container.IdsAsync(new QueryDefinition("SELECT * FROM c ORDER BY c.id")));
    }

    private static async Task<Container> FilledAsync(GatewayUnderTest test)
    {
        var container = await test.NewContainerAsync("/pk");
        for (var number = 0; number < Items.Count; number++)
        {
            var put = await container.PutAsync(Items[number], new PartitionKey($"{number + 1}"));
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        return container;
    }
}
