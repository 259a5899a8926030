using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Stores.Tests.Accounts;

namespace RetentionPipeline.Stores.Tests.Cosmos;

/// <summary>The contract of all stores, and what records of Cosmos DB are like.</summary>
public abstract class CosmosStoreContract : RecordStoreContract, IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private CosmosPlace? place;
    private CosmosAccount? account;

    protected DatasetLocation Things => new("set", $"{Place.Database}/things", "", null, "retentionStage", LocationOptions.None);

    private protected CosmosPlace Place => place!;

    protected CosmosAccount Account => account!;

    protected CosmosRecordStore Store => new("cosmos", account!);

    private protected abstract Task<CosmosPlace> FindPlaceAsync();

    public async Task InitializeAsync()
    {
        place = await FindPlaceAsync();
        account = CosmosAccount.Open(place.ConnectionString);
    }

    public async Task DisposeAsync()
    {
        account!.Dispose();
        await Place.DisposeAsync();
    }

    protected override async Task<IStoreUnderTest> OpenAsync() => new UnderTest(Store, Things, await Place.NewContainerAsync("/pk"));

    [ContractFact]
    public async Task Records_with_keys_of_any_kind_are_found_and_deleted()
    {
        var container = await Place.NewContainerAsync("/tenant", "/deep/user");
        (string Json, PartitionKey Key, string Expected)[] items =
        [
            ("""{"id":"a","tenant":"t ✓","deep":{"user":"o'b"}}""", Key(key => key.Add("t ✓").Add("o'b")), """["t ✓","o'b"]"""),
            ("""{"id":"b","tenant":1,"deep":{"user":2.50}}""", Key(key => key.Add(1).Add(2.5)), "[1,2.5]"),
            ("""{"id":"c","tenant":true,"deep":{"user":null}}""", Key(key => key.Add(true).AddNullValue()), "[true,null]"),
            ("""{"id":"d","tenant":"t"}""", Key(key => key.Add("t").AddNoneType()), """["t",{}]"""),
        ];
        foreach (var (json, key, _) in items)
        {
            Assert.True((await container.PutAsync(json, key)).IsSuccessStatusCode);
        }

        var read = await ScanAsync(4, 1, []);
        Assert.Equal(items.Select(item => item.Expected).Order(), read.Select(record => record.Key.Partition).Order());
        Assert.All(await Store.ReadBackAsync(Things, [.. read.Select(record => record.Key)], None), seen => Assert.NotNull(seen.Found));
        foreach (var record in read)
        {
            Assert.IsType<ActResult.Done>(await Store.DeleteAsync(Things, record.Key, record.Version, None));
        }

        Assert.All(await Store.ReadBackAsync(Things, [.. read.Select(record => record.Key)], None), seen => Assert.Null(seen.Found));
    }

    [ContractFact]
    public async Task A_record_without_its_partition_key_is_a_record_too()
    {
        var container = await Place.NewContainerAsync("/pk");
        await container.PutAsync("""{"id":"a"}""", PartitionKey.None);
        await container.PutAsync("""{"id":"b"}""", PartitionKey.None);
        var read = await ScanAsync(1, 10, []);
        Assert.All(read, record => Assert.Equal("[{}]", record.Key.Partition));
        Assert.All(await Store.ReadBackAsync(Things, [.. read.Select(record => record.Key)], None), seen => Assert.NotNull(seen.Found));
        Assert.IsType<ActResult.Done>(await Store.DeleteAsync(Things, read[0].Key, read[0].Version, None));
        Assert.Single(await ScanAsync(1, 10, []));
    }

    [ContractFact]
    public async Task A_page_has_the_fields_asked_for_in_the_cores_types()
    {
        var container = await Place.NewContainerAsync("/pk");
        await container.PutAsync(
            """{"id":"a","pk":"p","n":5,"d":1.5,"b":true,"z":null,"l":["x",1],"o":{"city":"Ulm","n":{"e":"m"}},"we ird\"s":"w","_x":1}""", new PartitionKey("p"));
        string[] fields = ["n", "d", "b", "z", "l", "o.city", "o.n.e", "we ird\"s", "none", "o.none", "_ts", "o"];
        var page = Assert.Single(await ScanAsync(1, 10, fields));
        var one = (await Store.ReadAsync(Things, page.Key, fields, None))!;
        foreach (var record in new[] { page, one })
        {
            Assert.Equal(5L, record.Fields["n"]);
            Assert.Equal(1.5, record.Fields["d"]);
            Assert.Equal(true, record.Fields["b"]);
            Assert.Null(record.Fields["z"]);
            Assert.Equal(new List<object?> { "x", 1L }, record.Fields["l"]);
            Assert.Equal("Ulm", record.Fields["o.city"]);
            Assert.Equal("m", record.Fields["o.n.e"]);
            Assert.Equal("w", record.Fields["we ird\"s"]);
            Assert.IsType<long>(record.Fields["_ts"]);
            Assert.Equal("""{"city":"Ulm","n":{"e":"m"}}""", record.Fields["o"]);
            Assert.Equal(10, record.Fields.Count);
        }

        Assert.Equal(page.Version, one.Version);
        Assert.True(one.Bytes > 100);
    }

    [ContractFact]
    public async Task A_rewrite_keeps_what_it_does_not_name_digit_for_digit()
    {
        var container = await Place.NewContainerAsync("/pk");
        await container.PutAsync(
            """{"id":"a","pk":"p","ttl":3600,"big":12345678901234567890.1230,"e":1E+2,"ip":"203.0.113.7","goes":1,"null":1,"l":["aab","b"],"o":{"mail":"m","keep":0.10,"list":[{"x":1.0,"y":"b"}]},"q":{"z":"z"},"retentionStage":"old","ü":"ü"}""",
            new PartitionKey("p"));
        var record = Assert.Single(await ScanAsync(1, 10, []));
        var rewrite = FieldChanges.At(
            Stage, ("ip", "truncate-ip", ""), ("goes", "remove", ""), ("null", "null", ""), ("l", "mask", "keep-first=1"), ("o.mail", "remove", ""),
            ("o.list.y", "replace", "with=c"), ("q.*", "null", ""), ("missing", "replace", "with=x"));
        var ready = Assert.IsType<PreparedRewrite.Ready>(await Store.PrepareRewriteAsync(Things, record.Key, record.Version, rewrite, None));
        var done = Assert.IsType<ActResult.Done>(await ready.Commit(None));

        var text = await (await container.ReadItemStreamAsync("a", new PartitionKey("p"))).TextAsync();
        Assert.StartsWith(
            """{"id":"a","pk":"p","ttl":3600,"big":12345678901234567890.1230,"e":1E+2,"ip":"203.0.113.0","null":null,"l":["a**","*"],"o":{"keep":0.10,"list":[{"x":1.0,"y":"c"}]},"q":{"z":null},"ü":"ü","retentionStage":""",
            text, StringComparison.Ordinal);
        var seen = Assert.Single(await Store.ReadBackAsync(Things, [record.Key], None)).Found!;
        Assert.Equal((done.Version, Stage), (seen.Version, seen.Stage));
        Assert.True(seen.Bytes > 200);
    }

    [ContractFact]
    public async Task Rewrites_side_by_side_read_their_items_together_and_keep_every_digit_too()
    {
        const int count = 40;
        var container = await Place.NewContainerAsync("/pk");
        for (var number = 0; number < count; number++)
        {
            await container.PutAsync(Item(number, "203.0.113.7"), new PartitionKey($"p{number % 7}"));
        }

        var (store, before) = (Store, Account.Units.Of(CosmosOperation.Read));
        var records = await ScanAsync(1, 100, []);
        var gone = new RecordKey("""["p0"]""", "gone");
        var rewrite = FieldChanges.At(Stage, ("ip", "truncate-ip", ""));
        var prepared = await Task.WhenAll(records.Select(record => (record.Key, record.Version)).Append((gone, "v"))
            .Select(record => store.PrepareRewriteAsync(Things, record.Item1, record.Item2, rewrite, None)));
        Assert.IsType<ActResult.NotFound>(Assert.IsType<PreparedRewrite.Ended>(prepared[^1]).Result);
        foreach (var ready in prepared[..^1])
        {
            Assert.IsType<ActResult.Done>(await Assert.IsType<PreparedRewrite.Ready>(ready).Commit(None));
        }

        for (var number = 0; number < count; number++)
        {
            var text = await (await container.ReadItemStreamAsync($"{number}", new PartitionKey($"p{number % 7}"))).TextAsync();
            Assert.Equal(Item(number, "203.0.113.0")[..^1], text[..(Item(number, "203.0.113.0").Length - 1)]);
        }

        Assert.Equal(count, records.Count);
        Assert.InRange(Account.Units.Of(CosmosOperation.Read) - before, 0.1, count * 0.7);

        static string Item(int number, string ip) =>
            $$"""{"id":"{{number}}","pk":"p{{number % 7}}","big":1234567890123456789{{number}}.1230,"e":1E+2,"z":-0.0,"text":"<&> text ü","ip":"{{ip}}","o":[0.10,{"x":1.0}]}""";
    }

    protected async Task<List<RecordSnapshot>> ScanAsync(int atMost, int pageSize, string[] fields)
    {
        var seen = new List<RecordSnapshot>();
        foreach (var range in await Store.ListRangesAsync(Things, atMost, None))
        {
            string? position = null;
            do
            {
                var page = await Store.ReadPageAsync(new(Things, range, position, fields, pageSize), None);
                seen.AddRange(page.Snapshots);
                position = page.Position;
            }
            while (position is not null);
        }

        return seen;
    }

    private static PartitionKey Key(Action<PartitionKeyBuilder> add)
    {
        var builder = new PartitionKeyBuilder();
        add(builder);
        return builder.Build();
    }

    private sealed class UnderTest(IRecordStore store, DatasetLocation things, Container container) : IStoreUnderTest
    {
        public IRecordStore Store => store;

        public DatasetLocation Location => things;

        public DatasetLocation Missing => things with { Container = things.Container + "-gone" };

        public string Field => "value";

        public async Task<RecordKey> PutAsync(string partition, string id, string value)
        {
            var put = await container.PutAsync(JsonSerializer.Serialize(new { id, pk = partition, value }), new PartitionKey(partition));
            Assert.True(put.IsSuccessStatusCode);
            return new RecordKey($"[{JsonSerializer.Serialize(partition, Readable)}]", id);
        }

        public RecordRewrite Rewrite(StageMark stage, string value) =>
            FieldChanges.At(stage, ("value", "replace", $"with={value}"));

        private static JsonSerializerOptions Readable { get; } = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    }
}
