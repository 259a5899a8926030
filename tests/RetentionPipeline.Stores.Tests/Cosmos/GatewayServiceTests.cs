using System.Net;
using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.Time.Testing;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>What a service does beside answering: time, cost, faults, memory.</summary>
public sealed class GatewayServiceTests
{
    private static readonly PartitionKey P = new("p");

    [Fact]
    public async Task Items_end_by_their_own_time_or_by_the_containers()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var test = await GatewayUnderTest.StartAsync(CosmosGatewayOptions.Default with { Time = time });
        var container = await test.NewContainerAsync(new ContainerProperties("things", "/pk") { DefaultTimeToLive = 100 });
        await container.PutAsync("""{"id":"default","pk":"p"}""", P);
        await container.PutAsync("""{"id":"own","pk":"p","ttl":10}""", P);
        await container.PutAsync("""{"id":"never","pk":"p","ttl":-1}""", P);
        var all = new QueryDefinition("SELECT c.id FROM c ORDER BY c.id");

        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(["default", "never"], await container.IdsAsync(all));
        Assert.Equal(HttpStatusCode.NotFound, (await container.ReadItemStreamAsync("own", P)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await container.DeleteItemStreamAsync("own", P)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await container.CreateItemStreamAsync(Calls.Json("""{"id":"own","pk":"p","ttl":500}"""), P)).StatusCode);

        time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(["never", "own"], await container.IdsAsync(all));
        var properties = (await container.ReadContainerAsync()).Resource;
        properties.DefaultTimeToLive = null;
        await container.ReplaceContainerAsync(properties);
        time.Advance(TimeSpan.FromSeconds(1000));
        Assert.Equal(["never", "own"], await container.IdsAsync(all));
    }

    [Theory]
    [InlineData(IndexingMode.None, 1)]
    [InlineData(IndexingMode.Consistent, 2)]
    public async Task Requests_cost_what_the_table_says(IndexingMode mode, int index)
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync(new ContainerProperties("things", "/pk")
        {
            IndexingPolicy = new IndexingPolicy { IndexingMode = mode, Automatic = mode != IndexingMode.None },
        });
        Assert.Equal(5.0 * index, (await container.PutAsync("""{"id":"a","pk":"p"}""", P)).Headers.RequestCharge, 2);
        Assert.Equal(10.0 * index, (await container.PutAsync("""{"id":"a","pk":"p","n":1}""", P)).Headers.RequestCharge, 2);
        Assert.Equal(10.0 * index, (await container.PatchItemStreamAsync("a", P, [PatchOperation.Set("/n", 2)])).Headers.RequestCharge, 2);
        Assert.Equal(1.0, (await container.ReadItemStreamAsync("a", P)).Headers.RequestCharge, 2);
        Assert.Equal(1.0, (await container.ReadItemStreamAsync("b", P)).Headers.RequestCharge, 2);
        Assert.Equal(1.0, (await container.DeleteItemStreamAsync("a", P, new ItemRequestOptions { IfMatchEtag = "\"x\"" })).Headers.RequestCharge, 2);

        using var page = container.GetItemQueryIterator<object>(
            "SELECT * FROM c WHERE c.n = 9", null, new QueryRequestOptions { PartitionKey = P, EnableScanInQuery = true });
        Assert.Equal(mode == IndexingMode.None ? 2.35 : 2.3, (await page.ReadNextAsync()).RequestCharge, 2);
        Assert.Equal(5.0 * index, (await container.DeleteItemStreamAsync("a", P)).Headers.RequestCharge, 2);

        await container.PutAsync($$"""{"id":"l","pk":"p","t":"{{new string('x', (100 * 1024) - 40)}}"}""", P);
        Assert.Equal(9.91, (await container.ReadItemStreamAsync("l", P)).Headers.RequestCharge, 2);
        Assert.Equal(49.55 * index, (await container.DeleteItemStreamAsync("l", P)).Headers.RequestCharge, 2);
    }

    [Fact]
    public async Task Faults_come_as_often_as_asked_for()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"a","pk":"p"}""", P);

        test.Gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, 2, TimeSpan.FromMilliseconds(250), "DELETE"));
        Assert.True((await container.ReadItemStreamAsync("a", P)).IsSuccessStatusCode);
        for (var time = 0; time < 2; time++)
        {
            var throttled = await Assert.ThrowsAsync<CosmosException>(() => container.DeleteItemAsync<object>("a", P));
            Assert.Equal(HttpStatusCode.TooManyRequests, throttled.StatusCode);
            Assert.Equal(TimeSpan.FromMilliseconds(250), throttled.RetryAfter);
        }

        test.Gateway.Inject(new GatewayFault(GatewayFaultKind.Unavailable, 1, TimeSpan.Zero, "DELETE"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await container.DeleteItemStreamAsync("a", P)).StatusCode);

        var started = TimeProvider.System.GetTimestamp();
        test.Gateway.Inject(new GatewayFault(GatewayFaultKind.Slow, 1, TimeSpan.FromMilliseconds(300), null));
        Assert.True((await container.ReadItemStreamAsync("a", P)).IsSuccessStatusCode);
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(290));
    }

    [Fact]
    public async Task Faults_hit_the_share_that_was_asked_for_until_they_are_ended()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"a","pk":"p"}""", P);
        test.Gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, int.MaxValue, TimeSpan.Zero, "GET", Percent: 30));
        var throttled = 0;
        for (var read = 0; read < 400; read++)
        {
            throttled += (await container.ReadItemStreamAsync("a", P)).StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        // 120 with a standard deviation of 9: six of them on either side.
        Assert.InRange(throttled, 65, 175);
        using var http = new HttpClient();
        using var end = new HttpRequestMessage(HttpMethod.Delete, new Uri(test.Gateway.Endpoint, "_gateway/faults"));
        end.Headers.TryAddWithoutValidation("Authorization", "any");
        Assert.Equal(HttpStatusCode.NoContent, (await http.SendAsync(end)).StatusCode);
        for (var read = 0; read < 100; read++)
        {
            Assert.True((await container.ReadItemStreamAsync("a", P)).IsSuccessStatusCode);
        }
    }

    [Fact]
    public async Task A_lost_answer_is_an_act_that_was_done()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"a","pk":"p"}""", P);
        using var http = new HttpClient();
        using var fault = new HttpRequestMessage(HttpMethod.Post, new Uri(test.Gateway.Endpoint, "_gateway/faults"))
        {
            Content = new StringContent("""{"kind":"answerLost","times":1,"method":"DELETE"}"""),
        };
        fault.Headers.TryAddWithoutValidation("Authorization", "any");
        Assert.Equal(HttpStatusCode.NoContent, (await http.SendAsync(fault)).StatusCode);

        await Assert.ThrowsAsync<HttpRequestException>(() => container.DeleteItemStreamAsync("a", P));
        Assert.Equal(HttpStatusCode.NotFound, (await container.ReadItemStreamAsync("a", P)).StatusCode);
    }

    [Fact]
    public async Task What_is_written_is_there_after_a_restart_and_versions_go_on()
    {
        var folder = Directory.CreateTempSubdirectory("gateway-").FullName;
        try
        {
            var options = CosmosGatewayOptions.Default with { File = Path.Combine(folder, "cosmos.db"), Partitions = 4 };
            var etags = new List<string>();
            for (var round = 0; round < 3; round++)
            {
                await using var test = await GatewayUnderTest.StartAsync(options);
                var container = round == 0 ? await test.NewContainerAsync("/pk") : test.Client.GetContainer("shop", "things");
                if (round == 1)
                {
                    Assert.Equal(etags[^1], (await container.ReadItemStreamAsync("a", P)).Headers.ETag);
                    await test.SplitAsync("2");
                }

                Assert.Equal(round == 0 ? 4 : 5, (await container.GetFeedRangesAsync()).Count);
                etags.Add((await container.PutAsync("""{"id":"a","pk":"p"}""", P)).Headers.ETag);
                Assert.Single(await container.IdsAsync(new QueryDefinition("SELECT c.id FROM c")));
            }

            Assert.Equal(3, etags.Distinct().Count());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Batches_bulk_and_requests_without_a_key_are_refused()
    {
        await using var test = await GatewayUnderTest.StartAsync(1);
        var container = await test.NewContainerAsync("/pk");
        var batch = await container.CreateTransactionalBatch(P).CreateItem(new { id = "a", pk = "p" }).ExecuteAsync();
        Assert.Equal(HttpStatusCode.BadRequest, batch.StatusCode);
        using (var bulk = new CosmosClient(test.Gateway.ConnectionString, new CosmosClientOptions { ConnectionMode = ConnectionMode.Gateway, AllowBulkExecution = true }))
        {
            var item = await bulk.GetContainer("shop", "things").CreateItemStreamAsync(Calls.Json("""{"id":"a","pk":"p"}"""), P);
            Assert.Equal(HttpStatusCode.BadRequest, item.StatusCode);
        }

        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(test.Gateway.Endpoint)).StatusCode);
        Assert.Empty(await container.IdsAsync(new QueryDefinition("SELECT c.id FROM c")));
    }
}
