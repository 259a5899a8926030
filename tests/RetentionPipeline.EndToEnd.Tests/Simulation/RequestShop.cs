using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A small company whose customers ask for deletion: two tables, a folder of logs, one source of requests.</summary>
internal static class RequestShop
{
    public const string Source = "web-shop";
    public const string Store = "shop";
    public const string Logs = "logs";
    public const string Visits = "Visits";
    public const string Orders = "Orders";
    public const int Days = 3;

    /// <summary>Two windows of a week, so that one has ended whatever the day.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(8);

    public static string Policy(int perHour = 100, string extra = "") => $$"""
        version: 1
        name: request-shop
        effective-from: 2026-01-01T00:00:00Z
        purposes: [service, security]
        stores:
          shop: {kind: table, requests-per-second: 1000000}
          logs: {kind: blob, requests-per-second: 1000000}
        datasets:
          visits:
            store: shop
            container: Visits
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
          orders:
            store: shop
            container: Orders
            category: purchase-history
            purposes: [service]
            controller: Shop
            subjects: [{path: Email, kind: email}]
            clocks:
              shipped: {kind: end-of-process, field: ShippedAt, open-while-missing: true}
            keep-at-least:
              - {name: tax, clock: shipped, period: P10Y, citation: '§147(3) AO'}
            exceptions:
              - {code: gdpr-17-3-e, field: Dispute, value: open}
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
            identifiers: [{kind: customer-id, assurance: signed-in}, {kind: email, assurance: verified}]
            cap: {per-hour: {{perHour}}, per-day: 1000}
        {{extra}}
        """;

    public static string Customer(int number) => $"{SampleCompany.Canary}-c{number:D3}";

    public static string Email(int number) => $"{SampleCompany.Canary}-p{number:D3}@example.org";

    public static RecordKey Visit(int customer, int number) => new(Customer(customer), $"visit-{number:D3}");

    public static RecordKey Order(int customer) => new("orders", $"order-{customer:D3}");

    public static RecordKey Log(int day) => new("", $"access/{Shop.Now.AddDays(-day):yyyy-MM-dd}.log");

    public static async Task<SimulatedPipeline> StartAsync(int customers, string? policy = null)
    {
        var simulation = new SimulatedPipeline(Shop.Now, Store, Logs);
        for (var customer = 0; customer < customers; customer++)
        {
            for (var visit = 0; visit < 2; visit++)
            {
                simulation.Stores[Store].Put(Visits, Visit(customer, visit), new Dictionary<string, object?>
                {
                    ["PartitionKey"] = Customer(customer),
                    ["SeenAt"] = Shop.Now.AddDays(-visit),
                });
            }

            PutOrder(simulation, customer, Shop.Now.AddYears(-11));
        }

        for (var day = 0; day < Days; day++)
        {
            var lines = Enumerable.Range(0, customers).Select(customer =>
                $"203.0.113.{customer} GET /account/{Customer(customer)}\n203.0.113.{customer} POST /login?user={Uri.EscapeDataString(Email(customer))}\n");
            simulation.Stores[Logs].Put(
                "logs", Log(day), new Dictionary<string, object?> { ["@name-date"] = Shop.Now.AddDays(-day).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) },
                Encoding.UTF8.GetBytes(string.Concat(lines) + "203.0.113.250 GET /\n"));
        }

        await simulation.StorePolicyAsync(policy ?? Policy());
        return simulation;
    }

    public static void PutOrder(SimulatedPipeline simulation, int customer, DateTimeOffset shippedAt, string? dispute = null)
    {
        var fields = new Dictionary<string, object?> { ["Email"] = Email(customer), ["ShippedAt"] = shippedAt };
        if (dispute is not null)
        {
            fields["Dispute"] = dispute;
        }

        simulation.Stores[Store].Put(Orders, Order(customer), fields);
    }

    /// <summary>As a source's SDK writes it.</summary>
    public static JsonObject Event(string id, int customer) => new()
    {
        ["specversion"] = "1.0",
        ["id"] = id,
        ["source"] = Source,
        ["type"] = RequestEvent.Type,
        ["time"] = "2026-03-15T11:59:00Z",
        ["datacontenttype"] = "application/json",
        ["data"] = new JsonObject
        {
            ["identifiers"] = new JsonArray(
                new JsonObject { ["kind"] = "customer-id", ["value"] = Customer(customer) },
                new JsonObject { ["kind"] = "email", ["value"] = Email(customer).ToUpperInvariant() }),
        },
    };

    public static Task SendAsync(SimulatedPipeline simulation, string id, int customer, string? messageId = null) =>
        SendAsync(simulation, Event(id, customer).ToJsonString(), messageId ?? "m-" + id);

    public static Task SendAsync(SimulatedPipeline simulation, string body, string messageId) => simulation.Queue.SendAsync(
        QueueNames.RequestsOf(Source), [new(messageId, Encoding.UTF8.GetBytes(body), null)], CancellationToken.None);

    /// <summary>Until everything that can be done now is done, then past the end of the logs' window, and again.</summary>
    public static async Task RunThroughWindowAsync(SimulatedPipeline simulation, Func<bool>? crashes = null)
    {
        await simulation.RunUntilQuietAsync(crashes);
        simulation.Time.Advance(Window);
        await simulation.RunUntilQuietAsync(crashes);
    }

    /// <summary>What the source was told, each message once, in order.</summary>
    public static IReadOnlyList<JsonNode> Replies(SimulatedPipeline simulation) =>
    [
        .. simulation.Queue.Sent.Where(sent => sent.Queue == QueueNames.RepliesOf(Source)).DistinctBy(sent => sent.Message.Id)
            .Select(sent => JsonNode.Parse(sent.Message.Body.Span)!["data"]!),
    ];

    public static IReadOnlyList<string> States(SimulatedPipeline simulation, string id) =>
        [.. Replies(simulation).Where(reply => (string?)reply["event"] == id).Select(reply => (string)reply["state"]!)];

    public static async Task<RequestStatus> StatusAsync(SimulatedPipeline simulation, string id) =>
        (await simulation.Get<RequestDesk>().FindAsync(Source, id, CancellationToken.None))!;

    public static string LogText(SimulatedPipeline simulation, int day) =>
        Encoding.UTF8.GetString(simulation.Stores[Logs].Find("logs", Log(day))!.Value.Content!);

    /// <summary>Whether anything of the customer is left, by place; the whole company is looked through.</summary>
    public static IReadOnlyList<string> LeftOf(SimulatedPipeline simulation, int customer)
    {
        var left = new List<string>();
        left.AddRange(simulation.Stores[Store].Keys(Visits).Where(key => key.Partition == Customer(customer)).Select(_ => Visits));
        left.AddRange(simulation.Stores[Store].Keys(Orders).Where(key => key == Order(customer)).Select(_ => Orders));
        for (var day = 0; day < Days; day++)
        {
            var text = Uri.UnescapeDataString(LogText(simulation, day));
            left.AddRange(text.Split('\n').Where(line =>
                line.Contains(Customer(customer), StringComparison.Ordinal) || line.Contains(Email(customer), StringComparison.Ordinal)).Select(_ => Logs));
        }

        return left;
    }
}
