using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Requests;

/// <summary>A dataset's end, as a request's closing states it.</summary>
/// <param name="Last">The task as its row stands.</param>
/// <param name="End">What its scan says; null where there was none.</param>
public sealed record EndedTask(RequestTask Last, TaskEnd? End);

/// <summary>
/// Tells the log and the source about a request. Each state's bytes are written once; whoever tells it again appends the
/// same leaf and sends the same reply under the same message id.
/// </summary>
public sealed class RequestAnswers(IObjectStore objects, LaneWriter lanes, IWorkQueue queue)
{
    /// <summary>Every state that is told, in the order in which it is.</summary>
    private static readonly RequestState[] Told =
    [
        RequestState.Parked, RequestState.Accepted, RequestState.Rejected, RequestState.PartiallyCompleted,
        RequestState.Completed,
    ];

    /// <summary>The word in leaves, replies and names.</summary>
    public static string Word(RequestState state) => state is RequestState.PartiallyCompleted
        ? "partially-completed"
        : state.ToString().ToLowerInvariant();

    /// <summary>Order: the bytes, the leaf, the reply; whoever comes back after a crash does all of it again.</summary>
    public async Task TellAsync(RequestRow row, RequestState state, RequestAnswer answer, CancellationToken cancel)
    {
        var mine = JsonSerializer.SerializeToUtf8Bytes(answer, RequestJsonContext.Default.RequestAnswer);
        var part = Part(state, row.Ends);
        var stands = await objects.WriteOnceAsync(ObjectNames.Answer(row.Request, part), mine, cancel);
        await SendAsync(row, part, Read(stands), cancel);
    }

    /// <summary>Tells again whatever was told: a repeated message is the same request.</summary>
    public async Task RepeatAsync(RequestRow row, CancellationToken cancel)
    {
        foreach (var part in Told.Select(state => Part(state, 0)).Concat(
            Enumerable.Range(1, row.Ends).Select(ends => Part(RequestState.PartiallyCompleted, ends))))
        {
            if (await FindAsync(row.Request, part, cancel) is { } answer)
            {
                await SendAsync(row, part, answer, cancel);
            }
        }
    }

    /// <summary>Whether the source was told just this when the request ended last, before a hold let it go on.</summary>
    public async Task<bool> IsToldAsync(RequestRow row, RequestAnswer answer, CancellationToken cancel) =>
        row is { State: RequestState.PartiallyCompleted, Ends: > 0 }
        && await FindAsync(row.Request, Part(row.State, row.Ends - 1), cancel) is { } before
        && DatasetsOf(before) == DatasetsOf(answer);

    /// <summary>Null if nothing of that name was told about the request.</summary>
    public async Task<RequestAnswer?> FindAsync(Guid request, string part, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Answer(request, part), cancel) is { } stands ? Read(stands) : null;

    /// <summary>Part of the leaf: the state, numbered where it is told more than once.</summary>
    private static string Part(RequestState state, int ends) => state is RequestState.PartiallyCompleted && ends > 0
        ? $"{Word(state)}.{ends}"
        : Word(state);

    private static string DatasetsOf(RequestAnswer answer) =>
        JsonNode.Parse(answer.Reply)!["data"]!["datasets"]!.ToJsonString();

    /// <summary>What is told when a request comes in.</summary>
    public static RequestAnswer OfReceipt(
        RequestRow row, Policy policy, IReadOnlyList<SubjectIdentifier> identifiers, RequestSubjects? subjects)
    {
        var body = new JsonObject { ["nature"] = "delete", ["policy"] = row.Policy, ["source"] = row.Source };
        switch (row.State)
        {
            case RequestState.Rejected:
                body["reasons"] = Texts(row.Reasons);
                break;
            case RequestState.Parked:
                body["reason"] = "above-cap";
                break;
            default:
                body["datasets"] = row.Tasks.Count;
                body["identifiers"] = Assured(policy.Sources.GetValueOrDefault(row.Source), identifiers);
                body["subjects"] = Texts(
                    (subjects?.Openings ?? []).Select(opening => opening.Commit()).Order(StringComparer.Ordinal));
                break;
        }

        var leaf = Leaf.Encode(LeafTypes.Request, row.Request.ToString("D"), Part(row.State, 0), row.ReceivedAt, body);
        var reply = row.State is RequestState.Parked ? [] : Reply(row, row.State, row.ReceivedAt, null);
        return new RequestAnswer(leaf, reply, []);
    }

    /// <summary>What is told when every dataset has reported.</summary>
    public static RequestAnswer OfEnd(
        RequestRow row, RequestState state, IReadOnlyList<EndedTask> tasks, DateTimeOffset at)
    {
        var entries = tasks.Select(Entry).ToList();
        var body = new JsonObject
        {
            ["count"] = entries.Count,
            ["root"] = DatasetEntry.Root(entries),
            ["source"] = row.Source,
            ["state"] = Word(state),
            ["tasks"] = Texts(tasks.Select(task => task.Last.Scan?.ToString("D")).OfType<string>()),
        };
        var datasets = new JsonArray([.. tasks.Select(task => (JsonNode)new JsonObject
        {
            ["dataset"] = task.Last.Dataset,
            ["state"] = TaskWord(task.Last.Ending),
            ["kept"] = Texts(task.End?.Kept.Keys ?? []),
        })]);
        var leaf = Leaf.Encode(LeafTypes.Request, row.Request.ToString("D"), Part(state, row.Ends), at, body);
        return new RequestAnswer(leaf, Reply(row, state, at, datasets), entries);
    }

    /// <summary>As the scan's own closing leaf states it; without a scan why none could look.</summary>
    private static string Entry(EndedTask task) => task is { End: { } end, Last.Scan: { } scan }
        ? DatasetEntry.OfScan(task.Last.Dataset, end.Counts, end.Root, scan.ToString("D"))
        : DatasetEntry.OfReason(task.Last.Dataset, TaskWord(task.Last.Ending));

    /// <summary>The word of a task's end.</summary>
    public static string TaskWord(TaskEnding? ending) => ending switch
    {
        null => "open",
        TaskEnding.NotSearchable => "not-searchable",
        _ => ending.Value.ToString().ToLowerInvariant(),
    };

    private static byte[] Reply(RequestRow row, RequestState state, DateTimeOffset at, JsonArray? datasets)
    {
        var data = new JsonObject
        {
            ["request"] = row.Request.ToString("D"),
            ["state"] = Word(state),
            [row.EventId is null ? "message" : "event"] = row.EventId ?? row.MessageId,
        };
        if (state is RequestState.Rejected)
        {
            data["reasons"] = Texts(row.Reasons);
        }

        if (datasets is not null)
        {
            data["datasets"] = datasets;
        }

        return Encoding.UTF8.GetBytes(new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = ReplyId(row.Request, Part(state, row.Ends)),
            ["source"] = "retention-pipeline",
            ["type"] = $"retention.deletion-{Word(state)}.v1",
            ["time"] = LeafTime.Text(at),
            ["datacontenttype"] = "application/json",
            ["data"] = data,
        }.ToJsonString());
    }

    private static JsonObject Assured(RequestSource? source, IReadOnlyList<SubjectIdentifier> identifiers)
    {
        var kinds = new JsonObject();
        foreach (var kind in identifiers.GroupBy(identifier => identifier.Kind))
        {
            kinds[kind.Key] = new JsonObject
            {
                ["assurance"] = source?.AssuranceOf(kind.Key) is Assurance.SignedIn ? "signed-in" : "verified",
                ["count"] = kind.Count(),
            };
        }

        return kinds;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static string ReplyId(Guid request, string part) => $"{request:D}.{part}";

    private async Task SendAsync(RequestRow row, string part, RequestAnswer answer, CancellationToken cancel)
    {
        await lanes.AppendAsync([answer.Leaf], cancel);
        if (answer.Reply.Length > 0)
        {
            await queue.SendAsync(
                QueueNames.RepliesOf(row.Source), [new(ReplyId(row.Request, part), answer.Reply, null)], cancel);
        }
    }

    internal static RequestAnswer Read(StoredObject stands) =>
        JsonSerializer.Deserialize(stands.Content.Span, RequestJsonContext.Default.RequestAnswer)
        ?? throw new FormatException("An answer object holds null.");
}
