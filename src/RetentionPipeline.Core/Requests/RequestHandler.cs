using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Requests;

/// <summary>
/// Takes in what a source sends. Order: the row, the leaf, the reply, and only then is the message complete. A message
/// that comes again, or a second one with the same event id, finds the row and repeats what was told. What cannot be
/// carried out is answered as well: nothing is dropped, and nothing of it stays in a queue.
/// </summary>
public sealed partial class RequestHandler(
    RequestBook book, RequestAnswers answers, SubjectBook persons, TaskDesk desk, TimeProvider time,
    ILogger<RequestHandler> logger)
{
    /// <summary>
    /// The entrances of the policy in force, with their dead-letter queues: a request that a broker gave up on is still
    /// one.
    /// </summary>
    public async Task<IReadOnlyList<string>> QueuesAsync(CancellationToken cancel) =>
    [
        .. (await desk.PolicyInForceAsync(cancel)).Sources.Keys.Order(StringComparer.Ordinal).Select(QueueNames.RequestsOf)
            .SelectMany(queue => new[] { queue, QueueNames.DeadLetterOf(queue) }),
    ];

    /// <summary>Handles one delivery; returns when the message may be completed.</summary>
    public async Task HandleAsync(ReceivedMessage message, CancellationToken cancel)
    {
        var name = QueueNames.SourceOf(message.Queue)
            ?? throw new ArgumentException("A queue that is no source's entrance.", nameof(message));
        var policy = await desk.PolicyInForceAsync(cancel);

        // A source that has left the policy may assert nothing any more.
        var source = policy.Sources.GetValueOrDefault(name) ?? new RequestSource(name, [], 0, 0);
        var read = RequestEvent.Read(message.Body, source);
        var request = read.EventId is { } id
            ? DerivedId.RequestOf(name, id)
            : DerivedId.UnreadableRequest(name, message.Id, Convert.ToHexStringLower(SHA256.HashData(message.Body.Span)));
        var entry = await book.FindAsync(request, cancel)
            ?? await book.TakeAsync(await MakeAsync(request, source, policy, read, message, cancel), source, cancel);
        if (entry.Row.State is RequestState.Parked or RequestState.Accepted or RequestState.Rejected)
        {
            LogReceived(request, name, RequestAnswers.Word(entry.Row.State));
            await TellReceiptAsync(entry.Row, cancel);
        }
        else
        {
            await answers.RepeatAsync(entry.Row, cancel);
        }
    }

    /// <summary>Tells what a request that came in is: accepted, parked or rejected.</summary>
    internal async Task TellReceiptAsync(RequestRow row, CancellationToken cancel)
    {
        var policy = await desk.PolicyAsync(row.Policy, cancel);
        var accepted = row.State is RequestState.Accepted;
        var identifiers = accepted ? await book.OpenAsync(row, cancel) : [];
        var subjects = accepted ? await persons.GetOrMakeAsync(row.Request, row.TakenInUnder, identifiers, cancel) : null;
        await answers.TellAsync(row, row.State, RequestAnswers.OfReceipt(row, policy, identifiers, subjects), cancel);
    }

    private async Task<RequestRow> MakeAsync(
        Guid request, RequestSource source, Policy policy, RequestReading read, ReceivedMessage message,
        CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var rejected = read.Reasons.Count > 0;
        return new RequestRow(
            request, source.Name, read.EventId, RequestEvent.IsIn(message.Id, read.Identifiers) ? "" : message.Id,
            rejected ? RequestState.Rejected : RequestState.Accepted, now, policy.Hash, read.Reasons,
            rejected ? [] : await book.SealAsync(request, read.Identifiers, cancel),
            rejected ? [] : [.. policy.Datasets.Keys.Order(StringComparer.Ordinal)
                .Select(dataset => new RequestTask(dataset, 0, now, null, 0, null))],
            Ends: 0, AnswerPending: false)
        { Epoch = await persons.EpochAsync(cancel) };
    }

    [LoggerMessage(3001, LogLevel.Information, "Request {Request} of source {Source}: {State}")]
    private partial void LogReceived(Guid request, string source, string state);
}
