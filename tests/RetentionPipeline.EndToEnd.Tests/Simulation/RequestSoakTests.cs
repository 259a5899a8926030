using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Fakes;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>
/// A crowd of requests, one fifth of them more than once, in any order, some malformed, one source above its cap and one
/// that asserts what it may not, while the pipeline is killed at random calls: each ends once, none is lost.
/// </summary>
public sealed class RequestSoakTests(ITestOutputHelper output)
{
    private const string Flood = "flood";
    private const string Nosy = "nosy";
    private const int FloodCap = 5;

    [Fact]
    public Task A_hundred_and_sixty_requests_end_once_each() => RunAsync(requests: 160, customers: 30, oneCrashIn: 500);

    [LongFact, Trait("Category", "Soak")]
    public Task Five_thousand_requests_end_once_each() => RunAsync(requests: 5_000, customers: 250, oneCrashIn: 5_000);

    private async Task RunAsync(int requests, int customers, int oneCrashIn)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var crowd = Crowd.Make(requests, customers, new Random(20260315));
        using var simulation = await RequestShop.StartAsync(customers, Policy);
        foreach (var (source, body, message) in crowd.Messages)
        {
            await simulation.Queue.SendAsync(QueueNames.RequestsOf(source), [new(message, Encoding.UTF8.GetBytes(body), null)], CancellationToken.None);
        }

        var kills = 0;
        var random = new Random(7);
        simulation.Faults.Choose = (_, _) => random.Next(oneCrashIn) == 0
            ? (FaultKind)random.Next(2)
            : null;
        await RunToTheEndAsync(simulation, Killed);
        await DecideAsync(simulation, crowd);
        await RunToTheEndAsync(simulation, Killed);
        simulation.Faults.Choose = null;

        output.WriteLine(
            $"{requests} requests, {crowd.Messages.Count} messages, {kills} kills, {simulation.Faults.Calls} calls of ports, "
            + $"{simulation.Time.GetUtcNow() - Shop.Now} of virtual time in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s");
        Assert.True(kills > 10, $"Only {kills} kills.");
        AssertEnds(simulation, crowd);
        Assert.All(crowd.Erased, customer => Assert.Empty(RequestShop.LeftOf(simulation, customer)));
        await AssertNothingIsLeftAsync(simulation);

        bool Killed()
        {
            kills++;
            return true;
        }
    }

    /// <summary>Through the windows of the logs, of which each serves a thousand requests at most.</summary>
    private static async Task RunToTheEndAsync(SimulatedPipeline simulation, Func<bool> killed)
    {
        for (var window = 0; window < 12; window++)
        {
            await simulation.RunUntilQuietAsync(killed, rounds: 20_000);
            simulation.Time.Advance(RequestShop.Window);
        }

        await simulation.RunUntilQuietAsync(killed, rounds: 20_000);
    }

    /// <summary>A person decides on what is above the cap: every second one goes on.</summary>
    private static async Task DecideAsync(SimulatedPipeline simulation, Crowd crowd)
    {
        var choose = simulation.Faults.Choose;
        simulation.Faults.Choose = null;
        var desk = simulation.Get<RequestDesk>();
        var parked = new List<string>();
        foreach (var id in crowd.Ids(Flood))
        {
            if ((await desk.FindAsync(Flood, id, CancellationToken.None))!.Row.State is RequestState.Parked)
            {
                parked.Add(id);
            }
        }

        Assert.Equal(crowd.Ids(Flood).Count - FloodCap, parked.Count);
        Assert.DoesNotContain(Replies(simulation), reply => parked.Contains((string?)reply["data"]!["event"] ?? ""));
        foreach (var (id, number) in parked.Select((id, number) => (id, number)))
        {
            Assert.Equal(RequestChange.Changed, number % 2 == 0
                ? await desk.AdmitAsync(Flood, id, CancellationToken.None)
                : await desk.RefuseAsync(Flood, id, CancellationToken.None));
            crowd.Refused.UnionWith(number % 2 == 0 ? [] : [id]);
        }

        simulation.Faults.Choose = choose;
    }

    /// <summary>One message per state, derived id, the same bytes each time; and the states are the ones that must be.</summary>
    private static void AssertEnds(SimulatedPipeline simulation, Crowd crowd)
    {
        var sent = simulation.Queue.Sent.Where(sent => sent.Queue.StartsWith("replies-", StringComparison.Ordinal)).ToList();
        Assert.All(sent.GroupBy(reply => reply.Message.Id), same =>
            Assert.Single(same.Select(reply => Convert.ToBase64String(reply.Message.Body.Span)).Distinct()));
        var told = Replies(simulation).GroupBy(reply => (string?)reply["data"]!["event"] ?? "").ToDictionary(
            group => group.Key, group => group.Select(reply => (string)reply["data"]!["state"]!).ToList());
        foreach (var (source, id) in crowd.Sent)
        {
            string[] expected = source == Nosy || crowd.Refused.Contains(id) ? ["rejected"] : ["accepted", "completed"];
            Assert.True(told.TryGetValue(id, out var states) && states.SequenceEqual(expected), $"{id}: {string.Join(", ", states ?? [])}");
        }

        Assert.Equal(crowd.Unreadable, told.GetValueOrDefault("", []).Count(state => state == "rejected"));
        Assert.Equal(crowd.Sent.Count + crowd.Malformed, told.Count - (crowd.Unreadable > 0 ? 1 : 0) + crowd.Unreadable);
        Assert.All(Replies(simulation), reply =>
            Assert.Equal($"{reply["data"]!["request"]}.{reply["data"]!["state"]}", (string)reply["id"]!));
    }

    private static async Task AssertNothingIsLeftAsync(SimulatedPipeline simulation)
    {
        foreach (var source in new[] { RequestShop.Source, Flood, Nosy })
        {
            Assert.Equal(0, simulation.Queue.Count(QueueNames.RequestsOf(source)));
            Assert.Equal(0, simulation.Queue.Count(QueueNames.DeadLetterOf(QueueNames.RequestsOf(source))));
        }

        Assert.Empty(await simulation.Get<RequestBook>().ListOpenAsync(CancellationToken.None));
        Assert.All(await simulation.Get<RequestBook>().ListEndedAsync(CancellationToken.None), entry => Assert.Empty(entry.Row.Identifiers));
        simulation.Queue.Sent.RemoveAll(sent => sent.Queue.StartsWith("requests-", StringComparison.Ordinal));
        Assert.Empty(Oracle.CanarySearch.Find(simulation));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static List<JsonNode> Replies(SimulatedPipeline simulation) =>
    [
        .. simulation.Queue.Sent.Where(sent => sent.Queue.StartsWith("replies-", StringComparison.Ordinal)).DistinctBy(sent => sent.Message.Id)
            .Select(sent => JsonNode.Parse(sent.Message.Body.Span)!),
    ];

    private static string Policy { get; } = RequestShop.Policy(perHour: 100_000, extra: $$"""
          {{Flood}}:
            identifiers: [{kind: customer-id, assurance: signed-in}, {kind: email, assurance: verified}]
            cap: {per-hour: {{FloodCap}}, per-day: {{FloodCap}}}
          {{Nosy}}:
            identifiers: [{kind: phone, assurance: verified}]
            cap: {per-hour: 100000, per-day: 100000}
        """).Replace("per-day: 1000}", "per-day: 100000}", StringComparison.Ordinal);

    /// <summary>What is sent, in the order in which it is.</summary>
    private sealed record Crowd(
        IReadOnlyList<(string Source, string Body, string Message)> Messages, IReadOnlyList<(string Source, string Id)> Sent,
        int Malformed, int Unreadable)
    {
        public HashSet<string> Refused { get; } = [];

        /// <summary>Customers that the shop asked for; its requests are all carried out.</summary>
        public required IReadOnlySet<int> Erased { get; init; }

        public IReadOnlyList<string> Ids(string source) => [.. Sent.Where(sent => sent.Source == source).Select(sent => sent.Id)];

        public static Crowd Make(int requests, int customers, Random random)
        {
            var messages = new List<(string Source, string Body, string Message)>();
            var sent = new List<(string Source, string Id)>();
            var erased = new HashSet<int>();
            var (malformed, unreadable) = (0, 0);
            for (var number = 0; number < requests; number++)
            {
                var id = $"case-{number:D5}";
                if (number % 20 == 7)
                {
                    malformed++;
                    var body = Spoil(RequestShop.Event(id, random.Next(customers)), number / 20 % 6);
                    unreadable += body[0] != '{' || !body.EndsWith('}') || body.Contains("\"id\":\"\"", StringComparison.Ordinal) ? 1 : 0;
                    messages.Add((RequestShop.Source, body, $"m-{id}"));
                    continue;
                }

                var source = (number % 20) switch { 3 => Flood, 11 => Nosy, _ => RequestShop.Source };
                var customer = random.Next(customers);
                erased.UnionWith(source == RequestShop.Source ? [customer] : []);
                sent.Add((source, id));
                var message = RequestShop.Event(id, customer);
                message["source"] = source;
                for (var copy = 0; copy < (random.Next(5) == 0 ? 2 : 1); copy++)
                {
                    messages.Add((source, message.ToJsonString(), $"m-{id}-{copy}"));
                }
            }

            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(messages));
            return new Crowd(messages, sent, malformed, unreadable) { Erased = erased };
        }

        private static string Spoil(JsonObject message, int kind)
        {
            switch (kind)
            {
                case 0:
                    return message.ToJsonString()[..40];
                case 1:
                    message["id"] = "";
                    break;
                case 2:
                    message["source"] = "somebody-else";
                    break;
                case 3:
                    message["priority"] = "high";
                    break;
                case 4:
                    message.Remove("data");
                    break;
                default:
                    return "not json at all";
            }

            return message.ToJsonString();
        }
    }
}
