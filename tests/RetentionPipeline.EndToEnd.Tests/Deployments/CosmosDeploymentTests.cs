using System.Text;
using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.EndToEnd.Tests.Deployments;

/// <summary>A deployment file with a store of kind Cosmos, as a host opens it.</summary>
public sealed class CosmosDeploymentTests : IAsyncLifetime
{
    private const string PolicyText = """
        version: 1
        name: shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: cosmos, requests-per-second: 1000}
        datasets:
          carts:
            store: shop
            container: shop/carts
            category: purchase-history
            purposes: [service]
            controller: Shop
            clocks:
              ended: {kind: event, field: shippedAt, link: {dataset: orders, partition: '["{customerId}"]', id: '{order}'}}
              made: {kind: collection, field: madeAt}
              counted: {kind: collection, field: counted, format: unix-milliseconds}
          orders:
            store: shop
            container: shop/orders
            category: purchase-history
            purposes: [service]
            controller: Shop
            clocks:
              shipped: {kind: event, field: shippedAt}
        rules:
          - {name: carts-end, dataset: carts, clock: ended, period: P1D, action: delete, mode: enforce, cap: {records: 9, percent: 100}, schedule: 0 0 2 * * *}
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("deployment-").FullName;
    private CosmosGateway gateway = null!;

    public async Task InitializeAsync() => gateway = await CosmosGateway.StartAsync(CosmosGatewayOptions.Default, CancellationToken.None);

    public async Task DisposeAsync()
    {
        await gateway.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("C1")]
    [InlineData("a\"], \"b\" \\ \u00e9 ]")]
    public async Task Clocks_of_items_and_of_linked_items_are_read_whatever_their_keys_hold(string customer)
    {
        await using var services = Open(gateway.ConnectionString);
        using var client = services.GetRequiredService<CosmosClient>();
        Database database = await client.CreateDatabaseIfNotExistsAsync("shop");
        foreach (var container in new[] { "carts", "orders" })
        {
            await database.CreateContainerAsync(container, "/customerId");
        }

        await PutAsync(database, "orders", new { id = "o1", customerId = customer, shippedAt = "2026-02-01T10:00:00+02:00" });
        await PutAsync(database, "carts", new { id = "c1", customerId = customer, order = "o1", madeAt = "2026-01-01T00:00:00Z", counted = 1_770_000_000_000 });
        var policy = PolicyDocument.Load(PolicyText, "policy").Policy!;
        var stores = services.GetRequiredService<IRecordStores>();
        var location = RecordReading.Location(policy.Datasets["carts"]);
        var range = Assert.Single(await stores.Get("shop").ListRangesAsync(location, 1, CancellationToken.None));
        var page = await stores.Get("shop").ReadPageAsync(
            new PageQuery(location, range, null, RecordReading.Fields(policy, "carts"), 10), CancellationToken.None);
        var record = Assert.Single(page.Snapshots);

        var facts = await new LinkedClocks(stores).ResolveAsync(policy, "carts", record, [], CancellationToken.None);

        Assert.Equal(At(2026, 2, 1, 8), Started(facts.Links["ended"].Value, ClockFormat.Instant));
        Assert.Equal(At(2026, 1, 1, 0), Started(record.Fields["madeAt"], ClockFormat.Instant));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_770_000_000_000), Started(record.Fields["counted"], ClockFormat.UnixMilliseconds));
        Assert.True(stores.Get("shop").Spent > 0);
    }

    [Theory]
    [InlineData("my-account")]
    [InlineData("AccountEndpoint=http://127.0.0.1:9/;AccountKey=not!base64;")]
    [InlineData("AccountEndpoint=;AccountKey=;")]
    public void An_address_that_is_none_is_refused_without_being_quoted(string address)
    {
        var refused = Assert.Throws<DeploymentException>(() => Open(address));
        Assert.Contains("neither a connection string", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(address, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_with_an_identity_is_opened_by_its_address()
    {
        await using var services = Open("https://127.0.0.1:9/");
        Assert.Equal("unknown", services.GetRequiredService<IRecordStores>().Get("shop").Consistency);
    }

    private ServiceProvider Open(string address)
    {
        var file = Path.Combine(folder, Deployment.FileName);
        new Deployment(
            "UseDevelopmentStorage=true", null, new Dictionary<string, StoreAddress> { ["shop"] = new(StoreKind.Cosmos, address) },
            Path.Combine(folder, "queues.db"), Path.Combine(folder, "keys"), "test/ledger", "local").Save(file);
        return new ServiceCollection()
            .AddDeployment(Deployment.Load(file))
            .AddSingleton(_ => new CosmosClient(address, new CosmosClientOptions { ConnectionMode = ConnectionMode.Gateway, LimitToEndpoint = true }))
            .BuildServiceProvider();
    }

    private static async Task PutAsync(Database database, string container, object item)
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(item)));
        using var written = await database.GetContainer(container).CreateItemStreamAsync(
            body, new PartitionKey((string)item.GetType().GetProperty("customerId")!.GetValue(item)!));
        written.EnsureSuccessStatusCode();
    }

    private static DateTimeOffset At(int year, int month, int day, int hour) => new(year, month, day, hour, 0, 0, TimeSpan.Zero);

    private static DateTimeOffset Started(object? value, ClockFormat format) =>
        Assert.IsType<ClockReading.Started>(ClockReader.Read(value, format, DateTimeOffset.MaxValue)).At;
}
