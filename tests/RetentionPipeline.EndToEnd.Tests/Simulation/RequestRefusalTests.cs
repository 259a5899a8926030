using System.Text.Json.Nodes;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>What cannot be carried out is answered and drained; nothing of it is carried out.</summary>
public sealed class RequestRefusalTests
{
    private const int Customers = 2;

    public static TheoryData<string, string[]> Refusals => new()
    {
        { "{", ["unreadable"] }, { "[]", ["unreadable"] }, { "{\"id\":\"a\",\"id\":\"b\"}", ["unreadable"] },
        { Changed(message => message["type"] = "other"), ["type-unknown"] },
        { Changed(message => message["source"] = "help-desk"), ["source-mismatch"] },
        { Changed(message => message["specversion"] = "0.3"), ["specversion"] },
        { Changed(message => message["time"] = "yesterday"), ["time-invalid"] },
        { Changed(message => message["datacontenttype"] = "text/xml"), ["content-type"] },
        { Changed(message => message["priority"] = "high"), ["attribute-unknown"] },
        { Changed(message => message.Remove("data")), ["identifiers-missing"] },
        { Changed(message => message["subject"] = RequestShop.Email(1)), ["identifier-in-attribute"] },
        { Changed(message => Identifiers(message).Add(Identifier("phone", "+49301234567"))), ["kind-not-allowed"] },
        { Changed(message => Identifiers(message).Add(Identifier("email", "a"))), ["identifier-invalid"] },
        {
            Changed(message =>
            {
                message["type"] = "other";
                message["source"] = "help-desk";
                message.Remove("data");
            }), ["source-mismatch", "type-unknown", "identifiers-missing"]
        },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_request_that_cannot_be_carried_out_is_answered_with_every_reason_and_leaves_the_queue(string body, string[] reasons)
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, body, "broker-7");

        await RequestShop.RunThroughWindowAsync(simulation);

        var reply = Assert.Single(RequestShop.Replies(simulation));
        Assert.Equal("rejected", (string)reply["state"]!);
        Assert.Equal(reasons, reply["reasons"]!.AsArray().Select(reason => (string)reason!));
        Assert.Equal(reasons[0] == "unreadable" ? "broker-7" : "r-1", (string)(reply["event"] ?? reply["message"])!);
        Assert.Empty(simulation.Stores[RequestShop.Store].Acts);
        Assert.Equal(0, simulation.Queue.Count(QueueNames.RequestsOf(RequestShop.Source)));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task An_oversized_message_is_answered_by_the_brokers_id()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, new string(' ', RequestEvent.MaxBytes + 1), "broker-8");

        await simulation.RunUntilQuietAsync();

        var reply = Assert.Single(RequestShop.Replies(simulation));
        Assert.Equal("broker-8", (string)reply["message"]!);
        Assert.Equal("too-large", (string)reply["reasons"]![0]!);
    }

    [Fact]
    public async Task A_request_in_the_dead_letter_queue_is_still_one()
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        await RequestShop.SendAsync(simulation, "r-1", 1);
        var taken = Assert.Single(await simulation.Queue.ReceiveAsync(
            QueueNames.RequestsOf(RequestShop.Source), 1, TimeSpan.Zero, CancellationToken.None));
        await simulation.Queue.DeadLetterAsync(taken, "planted", CancellationToken.None);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Equal(["accepted", "completed"], RequestShop.States(simulation, "r-1"));
        Assert.Empty(RequestShop.LeftOf(simulation, 1));
    }

    [Fact]
    public async Task Above_the_cap_requests_wait_for_a_person()
    {
        using var simulation = await RequestShop.StartAsync(3, RequestShop.Policy(perHour: 1));
        await RequestShop.SendAsync(simulation, "r-0", 0);
        await simulation.DrainAsync();
        await RequestShop.SendAsync(simulation, "r-1", 1);
        await RequestShop.SendAsync(simulation, "r-2", 2);
        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Empty(RequestShop.LeftOf(simulation, 0));
        Assert.NotEmpty(RequestShop.LeftOf(simulation, 1));
        Assert.Equal(RequestState.Parked, (await RequestShop.StatusAsync(simulation, "r-1")).Row.State);
        Assert.Empty(RequestShop.States(simulation, "r-1"));

        var desk = simulation.Get<RequestDesk>();
        Assert.Equal(RequestChange.Changed, await desk.AdmitAsync(RequestShop.Source, "r-1", CancellationToken.None));
        Assert.Equal(RequestChange.Changed, await desk.RefuseAsync(RequestShop.Source, "r-2", CancellationToken.None));
        Assert.Equal(RequestChange.NotParked, await desk.AdmitAsync(RequestShop.Source, "r-0", CancellationToken.None));
        Assert.Equal(RequestChange.Unknown, await desk.AdmitAsync(RequestShop.Source, "r-9", CancellationToken.None));
        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.Equal(["accepted", "completed"], RequestShop.States(simulation, "r-1"));
        Assert.Equal(["rejected"], RequestShop.States(simulation, "r-2"));
        Assert.Empty(RequestShop.LeftOf(simulation, 1));
        Assert.NotEmpty(RequestShop.LeftOf(simulation, 2));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Theory, Trait("Category", "Long")]
    [InlineData(FaultKind.FailedAndNotWritten)]
    [InlineData(FaultKind.FailedButWritten)]
    public async Task A_crash_at_any_call_loses_and_doubles_nothing(FaultKind kind)
    {
        var calls = await RunAsync(null, kind);
        Assert.True(calls > 300, $"Only {calls} calls.");
        for (long at = 1; at <= calls; at += Sweep.Stride)
        {
            await RunAsync(at, kind);
        }
    }

    private static async Task<long> RunAsync(long? crashAt, FaultKind kind)
    {
        using var simulation = await RequestShop.StartAsync(Customers);
        RequestShop.PutOrder(simulation, 1, Shop.Now.AddYears(-1));
        await RequestShop.SendAsync(simulation, "r-1", 1);
        var (offset, crashedAt) = (simulation.Faults.Calls, "");
        simulation.Faults.Choose = (number, call) =>
        {
            if (number - offset != crashAt)
            {
                return null;
            }

            crashedAt = call;
            return kind;
        };

        await RequestShop.RunThroughWindowAsync(simulation, crashes: () => true);
        var calls = simulation.Faults.Calls - offset;
        simulation.Faults.Choose = null;

        var where = $"call {crashAt} ({crashedAt})";
        Assert.True(RequestShop.LeftOf(simulation, 1) is [RequestShop.Orders], where);
        Assert.True(RequestShop.LeftOf(simulation, 0).Count == 3 + (2 * RequestShop.Days), where);
        Assert.True(RequestShop.States(simulation, "r-1") is ["accepted", "partially-completed"], where);
        Assert.True((await RequestShop.StatusAsync(simulation, "r-1")).Row is { State: RequestState.PartiallyCompleted, Identifiers.Length: 0 }, where);
        Assert.True(simulation.Stores[RequestShop.Logs].Acts.Count == RequestShop.Days, where);
        var verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.True(verdict.IsWell, $"{where}: {string.Join("; ", verdict.Problems.Select(problem => problem.Message))}");
        Assert.True(verdict.Meaning!.OpenIntents.Count == 0, where);
        return calls;
    }

    private static string Changed(Action<JsonObject> change)
    {
        var message = RequestShop.Event("r-1", 1);
        change(message);
        return message.ToJsonString();
    }

    private static JsonArray Identifiers(JsonObject message) => message["data"]!["identifiers"]!.AsArray();

    private static JsonObject Identifier(string kind, string value) => new() { ["kind"] = kind, ["value"] = value };
}
