using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.EndToEnd.Tests.Instances;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>
/// A person with three accounts asks a real shop to forget her: through the JavaScript SDK, over real queues and real stores,
/// while one dataset is under a hold and the law keeps something of another.
/// </summary>
[Collection(ChildrenCollection.Name)]
public sealed class ThreeAccountTests(ITestOutputHelper output)
{
    private const string Shop = "web-shop";
    private const string Email = "ann+parcels@post.example";
    private const string Other = "acct-carol-0001";
    private const string Neighbour = "acct-bernard-0001";
    private static readonly string[] Accounts = ["acct-ann-0001", "acct-ann-0002", "acct-ann-0003"];
    private static readonly string[] Ann = [.. Accounts, Email];

    private const string Policy = """
        version: 1
        name: three-accounts
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service, security]
        stores:
          crm: {kind: table, requests-per-second: 100000}
          shop: {kind: cosmos, requests-per-second: 100000}
          logs: {kind: blob, requests-per-second: 100000}
        datasets:
          profiles:
            store: crm
            container: Profiles
            category: social-profile
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: last-activity, field: SeenAt}
          tickets:
            store: crm
            container: Tickets
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: last-activity, field: SeenAt}
          orders:
            store: shop
            container: shop/Orders
            category: purchase-history
            purposes: [service]
            controller: Shop
            subjects: [{path: customerId, kind: customer-id}, {path: email, kind: email}]
            clocks:
              shipped: {kind: end-of-process, field: shippedAt, open-while-missing: true}
            keep-at-least:
              - {name: tax, clock: shipped, period: P10Y, citation: '§147(3) AO'}
          access-logs:
            store: logs
            container: logs
            prefix: access/
            category: network
            purposes: [security]
            controller: Shop
            format: text
            request-window: P7D
            clocks:
              day: {kind: collection, field: '@name-date', format: date}
            name-date: access/(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})
        rules: []
        sources:
          web-shop:
            identifiers: [{kind: customer-id, assurance: signed-in}, {kind: email, assurance: signed-in}]
            cap: {per-hour: 100, per-day: 100}
        """;

    [Fact]
    public async Task A_person_with_three_accounts_is_forgotten_but_for_what_is_named_as_retained()
    {
        await using var machine = await RequestMachine.StartAsync(Policy, null, Shop);
        await SeedAsync(machine);
        await machine.Get<HoldDesk>().PlaceAsync("matter-1", new HoldScope.OfDataset("tickets"), "litigation", "tester", CancellationToken.None);

        // Until somebody reads it the request stands in the queue, and is found there: what looks for it can see.
        var asking = SampleSender.JavaScriptAsync(machine.Deployment.Queue, Identifiers([.. Accounts.Select(account => ("customer-id", account)), ("email", Email)]), Shop, "case-ann");
        await Machine.WaitAsync(() => Task.FromResult(RawSearch.Find(machine.BusFolder, Ann).Count > 0), () => "The request never came into the queue.");
        machine.Run();
        var (code, said) = await asking;
        Assert.True(code == 0, said);
        Assert.Contains("\"partially-completed\"", said, StringComparison.Ordinal);
        var shown = await machine.ShowAsync(Shop, "case-ann");
        Assert.Equal(
            ["access-logs: done", "orders: kept", "profiles: done", "tickets: held"],
            shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Trim()));
        await AssertOnlyRetainedAsync(machine, ticketsOfAnn: 3);

        // The neighbour has nothing that the law keeps: the hold alone is between him and the end.
        (code, said) = await SampleSender.JavaScriptAsync(machine.Deployment.Queue, Identifiers([("customer-id", Neighbour)]), Shop, "case-bernard");
        Assert.True(code == 0, said);
        var held = await machine.WaitForAsync(Shop, "case-ann", row => row.State is RequestState.PartiallyCompleted);
        Assert.NotEmpty(held.Row.Identifiers);
        await AssertQueuesAreCleanAsync(machine);

        await machine.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);
        var ann = await machine.WaitForAsync(Shop, "case-ann", row => row.Identifiers.Length == 0);
        var bernard = await machine.WaitForAsync(Shop, "case-bernard", row => row.State is RequestState.Completed);
        Assert.Equal(RequestState.PartiallyCompleted, ann.Row.State);
        Assert.Equal(["done", "kept", "done", "done"], ann.Datasets.Select(dataset => dataset.State));
        Assert.Empty(bernard.Row.Identifiers);
        var replies = await machine.TakeRepliesAsync(Shop, 2);
        Assert.Equal(
            new[] { $"{ann.Row.Request}.partially-completed.1", $"{bernard.Row.Request}.completed" }.Order(StringComparer.Ordinal),
            replies.Select(reply => reply.Id).Order(StringComparer.Ordinal));
        Assert.All(replies, reply => Assert.DoesNotContain("held", Encoding.UTF8.GetString(reply.Body.Span), StringComparison.Ordinal));
        await AssertOnlyRetainedAsync(machine, ticketsOfAnn: 0);
        Assert.DoesNotContain(Neighbour, await EverythingAsync(machine), StringComparison.Ordinal);

        var verdict = await machine.VerifyAsync();
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.OpenIntents);
        await AssertQueuesAreCleanAsync(machine);
        await machine.EndOwnStorageAsync();
        Assert.Empty(RawSearch.Find(machine.OwnFolder, [.. Ann, Neighbour]));
        Assert.Empty(RawSearch.Find(Path.Combine(machine.Folder, "log"), [.. Ann, Neighbour]));
        Assert.Empty(RawSearch.Find(Path.Combine(machine.Folder, "keys"), [.. Ann, Neighbour]));
        Assert.DoesNotContain("acct-", await ReadLogAsync(machine), StringComparison.Ordinal);
        output.WriteLine("Of the stand-in for the company's storage: " + string.Join("; ", RawSearch.Find(machine.CompanyFolder, Ann)));
    }

    private static async Task SeedAsync(RequestMachine machine)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var table in new[] { "Profiles", "Tickets" })
        {
            var client = machine.Tables.GetTableClient(table);
            await client.CreateIfNotExistsAsync();
            foreach (var account in new[] { Other, Neighbour }.Concat(Accounts))
            {
                await client.AddEntityAsync(new TableEntity(account, "row-1") { ["SeenAt"] = now.AddDays(-3), ["Name"] = $"of {account}" });
            }
        }

        Database database = await machine.Cosmos.CreateDatabaseIfNotExistsAsync("shop");
        Container orders = await database.CreateContainerIfNotExistsAsync("Orders", "/customerId");
        foreach (var (account, years) in new[] { (Accounts[0], 1), (Accounts[1], 11), (Accounts[2], 12), (Neighbour, 11), (Other, 11) })
        {
            await orders.CreateItemAsync(new
            {
                id = $"order-{account}",
                customerId = account,
                email = account.StartsWith("acct-ann", StringComparison.Ordinal) ? Email.ToUpperInvariant() : $"{account}@post.example",
                shippedAt = now.AddYears(-years).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            });
        }

        var container = machine.Blobs.GetBlobContainerClient("logs");
        await container.CreateIfNotExistsAsync();
        for (var day = 1; day <= 2; day++)
        {
            var lines = Accounts.Append(Neighbour).Append(Other).Select(account => $"203.0.113.7 GET /account/{account}\n")
                .Append($"203.0.113.7 POST /login?user={Uri.EscapeDataString(Email)}\n").Append("203.0.113.9 GET /\n");
            await container.UploadBlobAsync($"access/{now.AddDays(-day):yyyy-MM-dd}.log", BinaryData.FromString(string.Concat(lines)));
        }
    }

    /// <summary>Through the APIs of all stores: nothing of her but the order of last year, and what the hold keeps.</summary>
    private static async Task AssertOnlyRetainedAsync(RequestMachine machine, int ticketsOfAnn)
    {
        var all = await EverythingAsync(machine);
        var lines = all.Split('\n').Where(line => Ann.Any(identifier =>
            line.Contains(identifier, StringComparison.OrdinalIgnoreCase) || Uri.UnescapeDataString(line).Contains(identifier, StringComparison.OrdinalIgnoreCase)));
        Assert.Equal(
            Enumerable.Repeat("Tickets", ticketsOfAnn).Append("orders").Order(StringComparer.Ordinal),
            lines.Select(line => line.Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.Equal(5, all.Split('\n').Count(line => line.Contains(Other, StringComparison.Ordinal)));
        Assert.Equal(2, all.Split('\n').Count(line => line.Contains("203.0.113.9 GET /", StringComparison.Ordinal)));
    }

    /// <summary>Every entity, item and line of the company, one a line, behind the name of its store.</summary>
    private static async Task<string> EverythingAsync(RequestMachine machine)
    {
        var all = new StringBuilder();
        foreach (var table in new[] { "Profiles", "Tickets" })
        {
            await foreach (var entity in machine.Tables.GetTableClient(table).QueryAsync<TableEntity>())
            {
                all.Append(table).Append(": ").AppendJoin(' ', entity.Select(field => field.Value)).Append('\n');
            }
        }

        using var pages = machine.Cosmos.GetContainer("shop", "Orders").GetItemQueryStreamIterator("SELECT * FROM c");
        while (pages.HasMoreResults)
        {
            using var page = await pages.ReadNextAsync();
            foreach (var item in (await JsonNode.ParseAsync(page.Content))!["Documents"]!.AsArray())
            {
                all.Append("orders: ").Append(item!.ToJsonString()).Append('\n');
            }
        }

        await foreach (var blob in machine.Blobs.GetBlobContainerClient("logs").GetBlobsAsync())
        {
            var text = (await machine.Blobs.GetBlobContainerClient("logs").GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content.ToString();
            all.AppendJoin('\n', text.Split('\n').Select(line => "logs: " + line)).Append('\n');
        }

        return all.ToString();
    }

    private static Task AssertQueuesAreCleanAsync(RequestMachine machine)
    {
        string[] wanted = [.. Ann, Neighbour];
        return Machine.WaitAsync(
            () => Task.FromResult(RawSearch.Find(machine.BusFolder, wanted).Count == 0),
            () => string.Join("; ", RawSearch.Find(machine.BusFolder, wanted)));
    }

    private static async Task<string> ReadLogAsync(RequestMachine machine)
    {
        await using var stream = new FileStream(Path.Combine(machine.Folder, "log.txt"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static string Identifiers(params (string Kind, string Value)[] identifiers) => new JsonArray(
        [.. identifiers.Select(identifier => new JsonObject { ["kind"] = identifier.Kind, ["value"] = identifier.Value })]).ToJsonString();
}
