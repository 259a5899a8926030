using System.Net;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Adapters;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.Stores.Tests.Cosmos;

public sealed class CosmosOnePartitionStoreTests : CosmosActContract
{
    protected override int Partitions => 1;
}

public sealed class CosmosFourPartitionsStoreTests : CosmosActContract
{
    protected override int Partitions => 4;
}

/// <summary>What becomes of acts, whatever the service answers, and what they cost.</summary>
public abstract class CosmosActContract : CosmosStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected abstract int Partitions { get; }

    private protected GatewayUnderTest Gateway => (GatewayUnderTest)Place;

    private protected override async Task<CosmosPlace> FindPlaceAsync() => await GatewayUnderTest.StartAsync(Partitions);

    [Fact]
    public async Task An_act_whose_answer_is_lost_is_tried_once_and_is_no_result()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "secret-id", "v");
        var version = (await test.Store.ReadAsync(Things, key, [], None))!.Version;
        Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.AnswerLost, 1, TimeSpan.Zero, "DELETE"));

        // A second try would find the record gone and take it for somebody else's deed.
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => test.Store.DeleteAsync(Things, key, version, None));
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
        Assert.Null(Assert.Single(await test.Store.ReadBackAsync(Things, [key], None)).Found);
    }

    [Fact]
    public async Task A_connection_that_is_closed_instead_of_answered_is_no_reason_to_delete_twice()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "v");
        await using var relay = new CuttingRelay(Gateway.Gateway.Endpoint.Port);
        using var account = CosmosAccount.Open($"AccountEndpoint=http://127.0.0.1:{relay.Port}/;AccountKey={CosmosGateway.DevelopmentKey};");
        var store = new CosmosRecordStore("cosmos", account);
        var version = (await store.ReadAsync(Things, key, [], None))!.Version;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.DeleteAsync(Things, key, version, None));
        Assert.Equal(1, relay.Deletes);
        Assert.Null(await store.ReadAsync(Things, key, [], None));
    }

    [Fact]
    public async Task A_throttled_act_says_when_to_come_back_and_a_throttled_read_waits_by_itself()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "v");
        var version = (await test.Store.ReadAsync(Things, key, [], None))!.Version;
        Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, 1, TimeSpan.FromMilliseconds(700), "DELETE"));
        var throttled = Assert.IsType<ActResult.Throttled>(await test.Store.DeleteAsync(Things, key, version, None));
        Assert.Equal(TimeSpan.FromMilliseconds(700), throttled.RetryAfter);

        Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, 2, TimeSpan.FromMilliseconds(20), null));
        Assert.NotNull(await test.Store.ReadAsync(Things, key, [], None));

        Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.Unavailable, 1, TimeSpan.Zero, "DELETE"));
        await Assert.ThrowsAsync<StoreCallException>(() => test.Store.DeleteAsync(Things, key, version, None));
        Assert.IsType<ActResult.Done>(await test.Store.DeleteAsync(Things, key, version, None));
    }

    [Fact]
    public async Task An_id_that_looks_escaped_is_not_taken_for_the_one_it_would_escape()
    {
        var test = await OpenAsync();
        var (escaped, plain) = (await test.PutAsync("p", "x%41", "v"), await test.PutAsync("p", "xA", "v"));
        var version = (await test.Store.ReadAsync(Things, escaped, [], None))!.Version;
        Assert.NotEqual(version, (await test.Store.ReadAsync(Things, plain, [], None))!.Version);
        Assert.IsType<ActResult.Done>(await test.Store.DeleteAsync(Things, escaped, version, None));
        Assert.Null(Assert.Single(await test.Store.ReadBackAsync(Things, [escaped], None)).Found);
        Assert.NotNull(Assert.Single(await test.Store.ReadBackAsync(Things, [plain], None)).Found);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    public async Task An_id_that_no_address_can_hold_is_read_and_refused(string id)
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", id, "v");
        var version = (await test.Store.ReadAsync(Things, key, [], None))!.Version;
        var refused = Assert.IsType<ActResult.Refused>(await test.Store.DeleteAsync(Things, key, version, None));
        Assert.Equal(RefusalReasons.Unaddressable, refused.Reason);
        Assert.NotNull(Assert.Single(await test.Store.ReadBackAsync(Things, [key], None)).Found);
        Assert.Null(await test.Store.ReadAsync(Things, key with { Id = "a/b" }, [], None));
    }

    [Fact]
    public async Task A_record_near_the_limit_is_rewritten_and_one_that_would_pass_it_is_refused_whole()
    {
        var container = await Gateway.NewContainerAsync("/pk");
        foreach (var (id, room) in new[] { ("fits", 2000), ("full", 60) })
        {
            var text = new string('ü', ((2 * 1024 * 1024) - room) / 2);
            Assert.Equal(HttpStatusCode.Created, (await container.PutAsync($$"""{"id":"{{id}}","pk":"p","v":"{{text}}"}""", new PartitionKey("p"))).StatusCode);
        }

        var read = await ScanAsync(1, 10, []);
        foreach (var record in read)
        {
            var rewrite = FieldChanges.At(Stage);
            var ready = (PreparedRewrite.Ready)await Store.PrepareRewriteAsync(Things, record.Key, record.Version, rewrite, None);
            var result = await ready.Commit(None);
            Assert.Equal(record.Key.Id == "fits" ? new ActResult.Done(((ActResult.Done)result).Version) : new ActResult.Refused(RefusalReasons.TooLarge), result);
        }

        var back = await Store.ReadBackAsync(Things, [.. read.Select(record => record.Key)], None);
        Assert.All(back, seen => Assert.Equal(seen.Key.Id == "fits", seen.Found!.Stage is not null));
    }

    [Fact]
    public async Task A_scan_across_a_split_sees_each_record_once()
    {
        var test = await OpenAsync();
        for (var number = 0; number < 50; number++)
        {
            await test.PutAsync($"p{number}", $"id{number}", "v");
        }

        var seen = new List<RecordKey>();
        var split = false;
        foreach (var range in await test.Store.ListRangesAsync(Things, 2, None))
        {
            string? position = null;
            do
            {
                var page = await test.Store.ReadPageAsync(new(Things, range, position, [], 6), None);
                seen.AddRange(page.Snapshots.Select(record => record.Key));
                position = page.Position;
                if (!split)
                {
                    await Gateway.SplitAsync("0");
                    split = true;
                }
            }
            while (position is not null);
        }

        Assert.Equal(50, seen.Count);
        Assert.Equal(50, seen.Distinct().Count());
        Assert.All(await test.Store.ReadBackAsync(Things, seen, None), record => Assert.NotNull(record.Found));
    }

    [Fact]
    public async Task A_scan_across_splits_sees_each_record_once_though_calls_are_throttled_and_fail()
    {
        var test = await OpenAsync();
        for (var number = 0; number < 80; number++)
        {
            await test.PutAsync($"p{number}", $"id{number}", "v");
        }

        for (var round = 0; round < 4; round++)
        {
            using var account = CosmosAccount.Open(Gateway.Gateway.ConnectionString);
            var store = new CosmosRecordStore("cosmos", account);
            var ranges = await store.ListRangesAsync(Things, 4, None);
            await Gateway.SplitAsync($"{2 * round}");
            Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.Unavailable, int.MaxValue, TimeSpan.Zero, null, Percent: 5));
            Gateway.Gateway.Inject(new GatewayFault(GatewayFaultKind.Throttled, int.MaxValue, TimeSpan.FromMilliseconds(1), null, Percent: 20));
            var seen = new List<RecordKey>();
            foreach (var range in ranges)
            {
                string? position = null;
                for (var more = true; more;)
                {
                    try
                    {
                        var page = await store.ReadPageAsync(new(Things, range, position, [], 250), None);
                        seen.AddRange(page.Snapshots.Select(record => record.Key));
                        (position, more) = (page.Position, page.Position is not null);
                    }
                    catch (StoreCallException)
                    {
                        // Unavailable: the same page again.
                    }
                }
            }

            Gateway.Gateway.EndFaults();
            Assert.Equal(80, seen.Count);
            Assert.Equal(80, seen.Distinct().Count());
        }
    }

    [Fact]
    public async Task Request_units_are_counted_by_kind_as_the_service_charges_them()
    {
        var container = await Gateway.NewContainerAsync(new ContainerProperties("things", "/pk")
        {
            IndexingPolicy = new IndexingPolicy { IndexingMode = IndexingMode.None, Automatic = false },
        });
        for (var number = 0; number < 3; number++)
        {
            await container.PutAsync($$"""{"id":"{{number}}","pk":"p"}""", new PartitionKey("p"));
        }

        var records = await ScanAsync(1, 100, []);
        foreach (var record in records)
        {
            await Store.DeleteAsync(Things, record.Key, record.Version, None);
        }

        await Store.DeleteAsync(Things, records[0].Key, records[0].Version, None);
        Assert.All(await Store.ReadBackAsync(Things, [.. records.Select(record => record.Key)], None), seen => Assert.Null(seen.Found));
        var units = Account.Units;
        Assert.Equal((3 * 5.0) + 1, units.Of(CosmosOperation.Delete), 2);
        Assert.Equal(3.0, units.Of(CosmosOperation.ReadBack), 2);
        Assert.InRange(units.Of(CosmosOperation.Scan), 2.3 + 0.15, (2.3 * 4) + 0.15);
        Assert.Equal((long)Math.Ceiling(units.Total), Store.Spent);
    }

    [Fact]
    public async Task A_container_that_goes_later_is_no_empty_one_either()
    {
        var test = await OpenAsync();
        var key = await test.PutAsync("p", "id", "v");
        var version = (await test.Store.ReadAsync(Things, key, [], None))!.Version;
        Assert.Equal("session", test.Store.Consistency);
        await Gateway.Client.GetContainer("shop", "things").DeleteContainerAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => test.Store.ReadAsync(Things, key, [], None));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => test.Store.DeleteAsync(Things, key, version, None));
        await Assert.ThrowsAnyAsync<Exception>(() => test.Store.ReadBackAsync(Things, [key], None));
    }

    [Fact]
    public async Task An_account_that_does_not_answer_is_unavailable_soon_and_says_no_key()
    {
        using var gone = CosmosAccount.Open($"AccountEndpoint=http://127.0.0.1:9/;AccountKey={CosmosGateway.DevelopmentKey};");
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            new CosmosRecordStore("far", gone).ReadAsync(Things, new RecordKey("""["secret"]""", "secret"), [], None));
        Assert.DoesNotContain("secret", failure.ToString(), StringComparison.Ordinal);
    }
}
