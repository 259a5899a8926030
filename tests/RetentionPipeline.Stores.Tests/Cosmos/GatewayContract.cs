using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Azure.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>What the official SDK must see, with however many partitions.</summary>
public abstract class GatewayContract
{
    private static readonly PartitionKey P = new("p");

    protected abstract int Partitions { get; }

    [Fact]
    public async Task Databases_and_containers_are_made_read_changed_and_removed()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        Assert.Equal(Partitions, (await container.GetFeedRangesAsync()).Count);
        var again = await Assert.ThrowsAsync<CosmosException>(() => test.NewContainerAsync("/pk"));
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);

        var read = (await container.ReadContainerAsync()).Resource;
        Assert.Equal("/pk", read.PartitionKeyPath);
        read.DefaultTimeToLive = 77;
        await container.ReplaceContainerAsync(read);
        Assert.Equal(77, (await container.ReadContainerAsync()).Resource.DefaultTimeToLive);

        await container.DeleteContainerAsync();
        var gone = await Assert.ThrowsAsync<CosmosException>(() => container.ReadContainerAsync());
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await container.Database.DeleteAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await container.Database.ReadStreamAsync()).StatusCode);
    }

    [Fact]
    public async Task Throughput_decides_how_many_partitions_there_are()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        Database database = await test.Client.CreateDatabaseIfNotExistsAsync("shop");
        Container wide = await database.CreateContainerAsync(new ContainerProperties("wide", "/pk"), 25_000);
        Assert.Equal(3, (await wide.GetFeedRangesAsync()).Count);
    }

    [Fact]
    public async Task An_item_is_written_under_its_version_alone()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        var made = await container.CreateItemStreamAsync(Calls.Json("""{"id":"a","pk":"p","n":1}"""), P);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await container.CreateItemStreamAsync(Calls.Json("""{"id":"a","pk":"p"}"""), P)).StatusCode);
        var old = new ItemRequestOptions { IfMatchEtag = made.Headers.ETag };

        Assert.Equal(HttpStatusCode.OK, (await container.ReplaceItemStreamAsync(Calls.Json("""{"id":"a","pk":"p","n":2}"""), "a", P, old)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await container.ReplaceItemStreamAsync(Calls.Json("""{"id":"a","pk":"p","n":3}"""), "a", P, old)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await container.PutAsync("""{"id":"a","pk":"p","n":3}""", P, old)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await container.DeleteItemStreamAsync("a", P, old)).StatusCode);
        Assert.Contains("\"n\":2", await (await container.ReadItemStreamAsync("a", P)).TextAsync(), StringComparison.Ordinal);

        var now = await container.ReadItemStreamAsync("a", P);
        Assert.Equal(HttpStatusCode.NoContent, (await container.DeleteItemStreamAsync("a", P, new ItemRequestOptions { IfMatchEtag = now.Headers.ETag })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await container.DeleteItemStreamAsync("a", P)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await container.ReadItemStreamAsync("a", P)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await container.ReplaceItemStreamAsync(Calls.Json("""{"id":"a","pk":"p"}"""), "a", P)).StatusCode);
    }

    [Fact]
    public async Task What_a_client_wrote_comes_back_digit_for_digit_and_the_services_fields_are_the_services()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"ü ✓ & o'b","pk":"p","big":12345678901234567890.1230,"e":1E+2,"_ts":5,"_etag":"mine","deep":{"_ts":1}}""", P);
        var text = await (await container.ReadItemStreamAsync("ü ✓ & o'b", P)).TextAsync();
        Assert.Contains("12345678901234567890.1230", text, StringComparison.Ordinal);
        Assert.Contains("1E+2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("mine", text, StringComparison.Ordinal);
        using var item = JsonDocument.Parse(text);
        Assert.Equal(1, item.RootElement.GetProperty("deep").GetProperty("_ts").GetInt32());
        Assert.True(item.RootElement.GetProperty("_ts").GetInt64() > 1_600_000_000);
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_under_its_condition()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"a","pk":"p","n":1,"goes":1,"o":{"x":"y"},"l":[1,2]}""", P);
        PatchOperation[] steps =
        [
            PatchOperation.Set("/o/x", "z"), PatchOperation.Remove("/goes"), PatchOperation.Increment("/n", 2), PatchOperation.Add("/l/-", 3),
            PatchOperation.Replace("/l/0", 9), PatchOperation.Add("/new", true),
        ];
        var refused = await container.PatchItemStreamAsync("a", P, steps, new PatchItemRequestOptions { FilterPredicate = "FROM c WHERE c.n > 1" });
        Assert.Equal(HttpStatusCode.PreconditionFailed, refused.StatusCode);
        var done = await container.PatchItemStreamAsync("a", P, steps, new PatchItemRequestOptions { FilterPredicate = "FROM c WHERE c.n = 1" });
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        var text = await (await container.ReadItemStreamAsync("a", P)).TextAsync();
        Assert.StartsWith("""{"id":"a","pk":"p","n":3,"o":{"x":"z"},"l":[9,2,3],"new":true,""", text, StringComparison.Ordinal);
        var key = await container.PatchItemStreamAsync("a", P, [PatchOperation.Set("/pk", "q")]);
        Assert.Equal(HttpStatusCode.BadRequest, key.StatusCode);
        var nothing = await container.PatchItemStreamAsync("a", P, [PatchOperation.Replace("/none", 1)]);
        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
    }

    [Fact]
    public async Task What_is_too_large_malformed_or_elsewhere_is_refused()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        var large = await container.PutAsync($$"""{"id":"a","pk":"p","t":"{{new string('x', 2 * 1024 * 1024)}}"}""", P);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await container.PutAsync($$"""{"id":"a","pk":"p","t":"{{new string('x', (2 * 1024 * 1024) - 100)}}"}""", P)).StatusCode);
        foreach (var wrong in new[] { "[]", "{}", """{"id":5,"pk":"p"}""", """{"id":"a/b","pk":"p"}""", """{"id":"a","id":"b","pk":"p"}""", """{"id":"a","pk":"q"}""", """{"id":"a","pk":"p","ttl":0}""", """{"id":"a","pk":["p"]}""" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await container.PutAsync(wrong, P)).StatusCode);
        }

        var missing = test.Client.GetContainer("shop", "none");
        Assert.Equal(HttpStatusCode.NotFound, (await missing.ReadItemStreamAsync("a", P)).StatusCode);
    }

    [Fact]
    public async Task A_unique_key_holds_within_its_partition_key()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var properties = new ContainerProperties("things", "/pk") { UniqueKeyPolicy = new UniqueKeyPolicy() };
        properties.UniqueKeyPolicy.UniqueKeys.Add(new UniqueKey { Paths = { "/email", "/kind" } });
        var container = await test.NewContainerAsync(properties);
        await container.PutAsync("""{"id":"a","pk":"p","email":"x","kind":1}""", P);
        Assert.Equal(HttpStatusCode.Conflict, (await container.PutAsync("""{"id":"b","pk":"p","email":"x","kind":1}""", P)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await container.ReadItemStreamAsync("b", P)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await container.PutAsync("""{"id":"b","pk":"p","email":"x","kind":2}""", P)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await container.PutAsync("""{"id":"b","pk":"q","email":"x","kind":1}""", new PartitionKey("q"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await container.PutAsync("""{"id":"a","pk":"p","email":"x","kind":1,"more":1}""", P)).StatusCode);
        await container.DeleteItemStreamAsync("a", P);
        Assert.Equal(HttpStatusCode.Created, (await container.PutAsync("""{"id":"c","pk":"p","email":"x","kind":1}""", P)).StatusCode);
    }

    [Fact]
    public async Task Pages_hold_so_many_results_and_4_MB_at_most()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        var text = new string('x', 1_500_000);
        for (var number = 0; number < 7; number++)
        {
            await container.PutAsync($$"""{"id":"{{number}}","pk":"p","t":"{{text}}"}""", P);
        }

        using var pages = container.GetItemQueryStreamIterator(
            new QueryDefinition("SELECT * FROM c"), null, new QueryRequestOptions { PartitionKey = P, MaxItemCount = 1000 });
        var seen = 0;
        while (pages.HasMoreResults)
        {
            using var page = await pages.ReadNextAsync();
            var json = JsonDocument.Parse(page.Content).RootElement;
            Assert.InRange(json.GetProperty("_count").GetInt32(), 1, 2);
            seen += json.GetProperty("_count").GetInt32();
        }

        Assert.Equal(7, seen);
        Assert.Equal(7, (await container.IdsAsync(new QueryDefinition("SELECT c.id FROM c"), pageSize: 3)).Distinct().Count());
    }

    [Fact]
    public async Task Many_are_read_at_once_and_all_by_the_feed()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        for (var number = 0; number < 40; number++)
        {
            await container.PutAsync($$"""{"id":"i{{number}}","pk":"p{{number % 7}}"}""", new PartitionKey($"p{number % 7}"));
        }

        var asked = Enumerable.Range(0, 60).Select(number => ($"i{number}", new PartitionKey($"p{number % 7}"))).ToList();
        Assert.Equal(40, (await container.ReadManyItemsAsync<JsonElement>(asked)).Count);
        using var feed = container.GetItemQueryIterator<JsonElement>(requestOptions: new QueryRequestOptions { MaxItemCount = 3 });
        var read = 0;
        while (feed.HasMoreResults)
        {
            read += (await feed.ReadNextAsync()).Count;
        }

        Assert.Equal(40, read);
    }

    [Fact]
    public async Task The_change_feed_gives_what_changed_and_304_between()
    {
        await using var test = await GatewayUnderTest.StartAsync(Partitions);
        var container = await test.NewContainerAsync("/pk");
        for (var number = 0; number < 9; number++)
        {
            await container.PutAsync($$"""{"id":"{{number}}","pk":"{{number}}"}""", new PartitionKey(number.ToString(CultureInfo.InvariantCulture)));
        }

        var (first, token) = await ChangesAsync(container, ChangeFeedStartFrom.Beginning());
        Assert.Equal(9, first.Distinct().Count());
        await container.PutAsync("""{"id":"4","pk":"4","n":1}""", new PartitionKey("4"));
        await container.DeleteItemStreamAsync("5", new PartitionKey("5"));
        var (second, _) = await ChangesAsync(container, ChangeFeedStartFrom.ContinuationToken(token));
        Assert.Equal(["4"], second);
        Assert.Empty((await ChangesAsync(container, ChangeFeedStartFrom.Now())).Ids);
    }

    internal static async Task<(List<string> Ids, string Token)> ChangesAsync(Container container, ChangeFeedStartFrom from)
    {
        using var feed = container.GetChangeFeedIterator<JsonElement>(from, ChangeFeedMode.Incremental, new ChangeFeedRequestOptions { PageSizeHint = 2 });
        var ids = new List<string>();
        while (true)
        {
            var page = await feed.ReadNextAsync();
            if (page.StatusCode == HttpStatusCode.NotModified)
            {
                return (ids, page.ContinuationToken);
            }

            ids.AddRange(page.Select(item => item.GetProperty("id").GetString()!));
        }
    }
}

public sealed class OnePartitionTests : GatewayContract
{
    protected override int Partitions => 1;
}

public sealed class FourPartitionsTests : GatewayContract
{
    protected override int Partitions => 4;
}
