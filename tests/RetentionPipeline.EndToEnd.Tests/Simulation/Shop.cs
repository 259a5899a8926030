using RetentionPipeline.Core.Records;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>A small company for simulations: one table with two stages, one folder of logs.</summary>
internal static class Shop
{
    public static readonly DateTimeOffset Now = new(2026, 3, 15, 12, 0, 0, TimeSpan.Zero);

    public const string Store = "shop";
    public const string Logs = "logs";
    public const string Visits = "Visits";

    public static string Policy(string visitsPeriod = "P13M", string cap = "{records: 100000, percent: 100}", string mode = "enforce", string extra = "") => $$"""
        version: 1
        name: shop
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
          access-logs:
            store: logs
            container: logs
            prefix: access/
            category: network
            purposes: [security]
            controller: Shop
            format: text
            clocks:
              day: {kind: collection, field: '@name-date', format: date}
            name-date: access/(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})
        rules:
          - name: visits-ip
            dataset: visits
            clock: seen
            period: P30D
            action: anonymise
            operators: [{field: Ip, operator: truncate-ip}]
            mode: {{mode}}
            cap: {{cap}}
            schedule: 0 0 2 * * *
          - name: visits-end
            dataset: visits
            clock: seen
            period: {{visitsPeriod}}
            action: delete
            mode: {{mode}}
            cap: {{cap}}
            schedule: 0 0 3 * * *
          - name: logs-ip
            dataset: access-logs
            clock: day
            period: P7D
            action: anonymise
            operators: [{operator: truncate-ip}]
            mode: {{mode}}
            cap: {{cap}}
            schedule: 0 0 4 * * *
        {{extra}}
        """;

    public static RecordKey Visit(int number) => new($"customer-{number % 7:D3}", $"visit-{number:D6}");

    public static int AgeOf(int number) => 1 + (number * 137 % 499);

    public static bool IsGone(int number) => Now.AddDays(-AgeOf(number)).AddMonths(13) <= Now;

    public static int GoneCount(int visits) => Enumerable.Range(0, visits).Count(IsGone);

    public static string ExpectedIp(int number) => AgeOf(number) >= 30 ? "203.0.113.0" : $"203.0.113.{1 + (number % 250)}";

    /// <summary>Visits and two logs, one of them due.</summary>
    public static void SeedSmall(SimulatedPipeline simulation, int visits)
    {
        SeedVisits(simulation, visits);
        SeedLog(simulation, 0);
        SeedLog(simulation, 3);
    }

    /// <summary>Visits of 1 day to 499 days ago, one for each number; ten logs of the last ten weeks.</summary>
    public static void Seed(SimulatedPipeline simulation, int visits)
    {
        SeedVisits(simulation, visits);
        for (var week = 0; week < 10; week++)
        {
            SeedLog(simulation, week);
        }
    }

    private static void SeedVisits(SimulatedPipeline simulation, int visits)
    {
        for (var number = 0; number < visits; number++)
        {
            simulation.Stores[Store].Put(Visits, Visit(number), new Dictionary<string, object?>
            {
                ["PartitionKey"] = Visit(number).Partition,
                ["SeenAt"] = Now.AddDays(-AgeOf(number)),
                ["Ip"] = $"203.0.113.{1 + (number % 250)}",
            });
        }
    }

    private static void SeedLog(SimulatedPipeline simulation, int week)
    {
        var day = Now.AddDays(-7 * week).UtcDateTime;
        var name = $"access/{day:yyyy-MM-dd}.log";
        simulation.Stores[Logs].Put(
                "logs", new RecordKey("", name),
                new Dictionary<string, object?> { ["@name-date"] = day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) },
                System.Text.Encoding.UTF8.GetBytes($"203.0.113.77 - - GET /a\n198.51.100.{week} - - GET /b customer-00{week % 7}\nno address\n"));
    }
}
