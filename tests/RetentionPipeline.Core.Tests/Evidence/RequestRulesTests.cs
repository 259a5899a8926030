using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>A request's leaves over the whole log: each breach, planted, is reported by name.</summary>
public sealed class RequestRulesTests
{
    private const string Source = "web-shop";
    private static readonly DateTimeOffset At = new(2026, 3, 15, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Request = DerivedId.RequestOf(Source, "r-1");
    private static readonly Guid Orders = DerivedId.TaskOf(Request, "orders", 0);
    private static readonly Guid Logs = DerivedId.Window("logs", RequestWindows.NumberAt(At, TimeSpan.FromDays(7)) - 1);

    [Fact]
    public void A_request_that_tells_the_truth_is_well() => AssertWell([.. Scans(), Accepted(), Closing()]);

    [Fact]
    public void A_parked_request_may_be_accepted_or_rejected()
    {
        AssertWell([.. Scans(), Receipt("parked"), Accepted(), Closing()]);
        AssertWell([Policy(), Receipt("parked"), Receipt("rejected")]);
    }

    [Fact]
    public void A_request_that_a_hold_kept_ends_more_than_once()
    {
        var again = DerivedId.TaskOf(Request, "orders", 1);
        AssertWell([
            .. Scans(retained: 1), Accepted(), Closing("partially-completed", retained: 1), Closing("partially-completed.1", at: 30, retained: 1),
            Start(again, "orders"), Close(again, "orders"), Closing(at: 40, orders: again)]);
    }

    public static TheoryData<string, string> Orders_of_states => new()
    {
        { "completed without a receipt", "completed" }, { "completed twice", "accepted completed completed" },
        { "rejected after it was accepted", "accepted rejected" }, { "parked after it was accepted", "accepted parked" },
        { "accepted after it was rejected", "rejected accepted" }, { "ended after it was rejected", "rejected completed" },
        { "ended while it was parked", "parked completed" }, { "partly ended after its end", "accepted completed partially-completed" },
        { "a number that was left out", "accepted partially-completed partially-completed.2" },
        { "a number at the first end", "accepted partially-completed.1" }, { "a state that there is none of", "accepted paused" },
    };

    [Theory, MemberData(nameof(Orders_of_states))]
    public void States_in_an_order_that_no_request_can_have(string what, string parts)
    {
        Leaf[] leaves = [.. Scans(), .. parts.Split(' ').Select((part, at) => part.Split('.')[0] is "completed" or "partially-completed" or "paused" ? Closing(part, at: 20 + at) : Receipt(part))];
        Assert.True(Rules(null, leaves).Contains("request-order") || Rules(null, leaves).Contains("same-key"), what);
    }

    [Fact]
    public void Another_source_than_the_receipts() => AssertRule("request-receipt", [.. Scans(), Accepted(), Closing(source: "help-desk")]);

    [Fact]
    public void An_end_before_the_receipt() => AssertRule("time-backwards", [.. Scans(), Accepted(at: 90), Closing()]);

    [Fact]
    public void An_end_before_the_end_of_a_scan_that_it_names() => AssertRule("time-backwards", [.. Scans(), Accepted(), Closing(at: 9)]);

    [Fact]
    public void A_policy_that_the_log_does_not_hold() => AssertRule("policy-unknown", [.. Scans().Skip(1), Accepted(), Closing()]);

    [Fact]
    public void A_dataset_that_has_not_reported()
    {
        AssertRule("request-datasets", [.. Scans(), Accepted(datasets: 3), Closing()]);
        AssertRule("request-datasets", [.. Scans(), Accepted(), Closing(count: 1, tasks: [Orders])]);
    }

    [Fact]
    public void A_scan_that_has_not_closed_before()
    {
        AssertRule("request-chain-open", [.. Scans().Where(leaf => leaf.Part != "close" || leaf.Id != $"{Orders}"), Accepted(), Closing()]);
        var scans = Scans();
        AssertRule("request-chain-open", [.. scans[..^1], Accepted(), Closing(), scans[^1]]);
    }

    [Fact]
    public void A_scan_of_somebody_else()
    {
        var foreign = DerivedId.TaskOf(DerivedId.RequestOf(Source, "r-2"), "orders", 0);
        AssertRule("request-tasks", [.. Scans(), Start(foreign, "orders"), Close(foreign, "orders"), Accepted(), Closing(orders: foreign)]);
    }

    [Fact]
    public void Two_scans_of_one_dataset()
    {
        var again = DerivedId.TaskOf(Request, "orders", 1);
        AssertRule("request-tasks", [.. Scans(), Start(again, "orders"), Close(again, "orders"), Accepted(), Closing(tasks: [Orders, again])]);
    }

    [Fact]
    public void A_root_that_is_not_over_what_the_scans_say()
    {
        AssertRule("request-root", [.. Scans(), Accepted(), Closing(root: new string('0', 64))]);
        AssertRule("request-root", [.. Scans(retained: 1), Accepted(), Closing("partially-completed")]);
    }

    [Fact]
    public void A_state_that_is_not_what_the_scans_say()
    {
        AssertRule("request-state", [.. Scans(retained: 1), Accepted(), Closing(retained: 1)]);
        AssertRule("request-state", [.. Scans(), Accepted(), Closing("partially-completed")]);
        AssertRule("request-state", [.. Scans(), Accepted(), Closing(state: "partially-completed")]);
    }

    [Fact]
    public void An_open_chain_of_a_completed_request() => AssertRule(
        "chain-open", [.. Scans(retained: 1).Where(leaf => leaf.Type != "outcome"), Accepted(), Closing("partially-completed", retained: 1)]);

    [Fact]
    public void A_body_that_lacks_what_an_end_states() =>
        AssertRule("body", [Policy(), Accepted(), Make("request", $"{Request}", "completed", 20, new JsonObject { ["source"] = Source })]);

    [Fact]
    public void A_dataset_that_no_scan_looked_at_is_checked_with_entries_and_listed_without()
    {
        Leaf[] leaves = [.. Scans(), Accepted(datasets: 3), Closing("partially-completed", count: 3, entries: WithArchive("not-searchable"))];
        var report = Verify(null, leaves);
        Assert.Empty(report.Problems);
        Assert.Equal($"{Request}", Assert.Single(report.UncheckedRequests));

        report = Verify(new Entries(WithArchive("not-searchable")), leaves);
        Assert.Empty(report.Problems);
        Assert.Empty(report.UncheckedRequests);

        Assert.Contains("request-root", Rules(new Entries(WithArchive("other")), leaves));
        Assert.Contains("request-root", Rules(new Entries(["{\"dataset\":\"archive\",\"reason\":\"not-searchable\"}"]), leaves));
    }

    private static List<string> WithArchive(string reason) => [DatasetEntry.OfReason("archive", reason), .. EntriesOf(0, Orders)];

    private static void AssertWell(Leaf[] leaves)
    {
        var report = Verify(null, leaves);
        Assert.Empty(report.Problems);
        Assert.Empty(report.UncheckedRequests);
    }

    private static void AssertRule(string rule, Leaf[] leaves) => Assert.Contains(rule, Rules(null, leaves));

    private static IReadOnlyList<string> Rules(IOpeningsSource? openings, Leaf[] leaves) =>
        [.. Verify(openings, leaves).Problems.Select(problem => problem.Rule)];

    private static SemanticReport Verify(IOpeningsSource? openings, Leaf[] leaves)
    {
        var verifier = new SemanticVerifier(openings);
        for (var index = 0; index < leaves.Length; index++)
        {
            verifier.Add(index, leaves[index]);
        }

        return verifier.End();
    }

    /// <summary>A window of the logs that found nothing, and orders with as many retained records.</summary>
    private static Leaf[] Scans(long retained = 0)
    {
        var operation = DerivedId.Operation(Orders, 0, 0);
        Leaf[] acts = retained == 0 ? [] :
        [
            Make("intent", $"{operation}", "", 2, new JsonObject
            {
                ["count"] = retained, ["dataset"] = "orders", ["holds"] = 0, ["policy"] = "p", ["root"] = "00", ["scan"] = $"{Orders}",
            }),
            Outcome(retained),
        ];
        return [Policy(), Start(Orders, "orders"), .. acts, Close(Orders, "orders", retained), Start(Logs, "logs"), Close(Logs, "logs")];
    }

    private static Leaf Outcome(long retained) => Make("outcome", $"{DerivedId.Operation(Orders, 0, 0)}", "", 3, new JsonObject
    {
        ["count"] = retained,
        ["counts"] = new JsonObject { ["retained"] = retained },
        ["dataset"] = "orders",
        ["holds"] = 0,
        ["policy"] = "p",
        ["root"] = "00",
        ["scan"] = $"{Orders}",
    });

    private static Leaf Policy() => Make("policy", "p", "", 0, new JsonObject { ["policy"] = "p" });

    private static Leaf Start(Guid scan, string dataset) => Make("scan", $"{scan}", "start", 1, new JsonObject
    {
        ["cutOff"] = LeafTime.Text(At),
        ["dataset"] = dataset,
        ["policy"] = "p",
        ["rule"] = "request",
        ["slices"] = 1,
    });

    private static Leaf Close(Guid scan, string dataset, long retained = 0) => Make("scan", $"{scan}", "close", 10, new JsonObject
    {
        ["counts"] = Counts(retained),
        ["cutOff"] = LeafTime.Text(At),
        ["dataset"] = dataset,
        ["due"] = retained,
        ["notActed"] = 0,
        ["operations"] = retained == 0 ? 0 : 1,
        ["root"] = RootOf(retained),
        ["rule"] = "request",
        ["status"] = "done",
    });

    private static JsonObject Counts(long retained) => retained == 0 ? [] : new JsonObject { ["retained"] = retained };

    private static string RootOf(long retained)
    {
        if (retained == 0)
        {
            return Convert.ToHexStringLower(Rfc6962.EmptyRoot);
        }

        var outcome = Outcome(retained);
        return Convert.ToHexStringLower(MerkleTree.Root([Rfc6962.LeafHash(Jcs.Encode(new JsonObject
        {
            ["operation"] = outcome.Id,
            ["outcome"] = Convert.ToHexStringLower(Rfc6962.LeafHash(Leaf.Encode(outcome.Type, outcome.Id, "", outcome.At, outcome.Body))),
        }))]));
    }

    private static Leaf Receipt(string part) => Make(
        "request", $"{Request}", part, 0, new JsonObject { ["nature"] = "delete", ["policy"] = "p", ["source"] = Source });

    private static Leaf Accepted(long datasets = 2, int at = 0) => Make(
        "request", $"{Request}", "accepted", at, new JsonObject { ["datasets"] = datasets, ["nature"] = "delete", ["policy"] = "p", ["source"] = Source });

    private static List<string> EntriesOf(long retained, Guid orders) =>
    [
        DatasetEntry.OfScan("logs", new Dictionary<string, long>(), RootOf(0), $"{Logs}"),
        DatasetEntry.OfScan(
            "orders", retained == 0 ? new Dictionary<string, long>() : new() { ["retained"] = retained }, RootOf(retained), $"{orders}"),
    ];

    private static Leaf Closing(
        string part = "completed", int at = 20, long retained = 0, long count = 2, string source = Source, string? state = null,
        string? root = null, Guid? orders = null, Guid[]? tasks = null, List<string>? entries = null) => Make("request", $"{Request}", part, at, new JsonObject
        {
            ["count"] = count,
            ["root"] = root ?? DatasetEntry.Root(entries ?? EntriesOf(retained, orders ?? Orders)),
            ["source"] = source,
            ["state"] = state ?? part.Split('.')[0],
            ["tasks"] = new JsonArray([.. (tasks ?? [Logs, orders ?? Orders]).Select(task => (JsonNode)$"{task}")]),
        });

    private static Leaf Make(string type, string id, string part, int seconds, JsonObject body) =>
        Leaf.Parse(Leaf.Encode(type, id, part, At.AddSeconds(seconds), body));

    private sealed class Entries(IReadOnlyList<string> entries) : IOpeningsSource
    {
        public BatchOpenings? FindOperation(string operation) => null;

        public OutcomeEntries? FindOutcome(string operation) => null;

        public HoldOpening? FindHold(string hold) => null;

        public RequestEntries? FindRequest(string request, string part) => new(entries);
    }
}
