using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// Step 6. Results once; then, in this order and again by whoever finds them: the child's batch, the outcome bytes, the
/// child's message. A crash anywhere after the results leaves a message unsettled whose next delivery goes on here.
/// </summary>
public sealed partial class OutcomeWriter(
    IObjectStore objects, WorkBatches batches, Attempts attempts, LaneWriter lanes, TimeProvider time,
    ILogger<OutcomeWriter> logger)
{
    /// <summary>Children in a row without one act or decision, after which the rest is failed.</summary>
    public const int IdleLimit = 20;

    private const int MostRemembered = 20_000;
    private static readonly TimeSpan LongestChildWait = TimeSpan.FromHours(1);
    private readonly Remembered<Guid, OperationEnd> ends = new(MostRemembered);

    /// <summary>Null if the operation has not ended.</summary>
    public async Task<BatchResults?> FindAsync(Guid operation, CancellationToken cancel) =>
        await objects.ReadAsync(ObjectNames.Results(operation), cancel) is { } stands
            ? BatchResults.Read(stands)
            : null;

    /// <summary>How the operation ended; null if it has not.</summary>
    public Task<OperationEnd?> FindEndAsync(Guid operation, CancellationToken cancel) =>
        ends.GetAsync(operation, async () => (await FindAsync(operation, cancel))?.ToEnd());

    /// <summary>
    /// Writes what this delivery found out, unless another delivery was first: then that one's results stand, and if
    /// this one acted as well, a correction says so.
    /// </summary>
    public async Task<BatchResults> WriteAsync(
        WorkBatch batch, DurableIntent intent, OutcomeFacts facts, CancellationToken cancel)
    {
        var mine = Make(batch, intent, facts);
        var stands = BatchResults.Read(
            await objects.WriteOnceAsync(ObjectNames.Results(batch.Operation), mine.Write(), cancel));
        if (stands.Delivery != mine.Delivery && mine.Acted && !stands.Leaf.AsSpan().SequenceEqual(mine.Leaf))
        {
            LogDoubleAct(batch.Operation);
            await AppendCorrectionAsync(batch, mine, cancel);
        }

        return stands;
    }

    /// <summary>Does, or does again, all that follows the results.</summary>
    public async Task FinishAsync(WorkBatch batch, BatchResults results, CancellationToken cancel)
    {
        var child = results.Deferred.Count > 0 && batch.Entries.Count > 0 ? MakeChild(batch, results) : null;
        if (child is not null)
        {
            await batches.WriteOnceAsync(child, cancel);
        }

        await lanes.AppendAsync([results.Leaf], cancel);
        if (child is not null
            && await attempts.FindAsync(WorkAddress.OfOperation(child.Operation), cancel) is null or { Number: 0 })
        {
            await attempts.SendFirstAsync(
                WorkAddress.OfOperation(child.Operation), results.ChildNotBefore, cancel);
        }
    }

    private static WorkBatch MakeChild(WorkBatch batch, BatchResults results) => batch with
    {
        Operation = DerivedId.Child(batch.Operation),
        Parent = batch.Operation,
        IdleChildren = results.ChildIdle,
        Entries = [.. results.Deferred.Select(place => batch.Entries[place])],
        Count = results.Deferred.Count,
        Position = null,
        Totals = ScanTotals.Zero,
        Last = false,
    };

    private BatchResults Make(WorkBatch batch, DurableIntent intent, OutcomeFacts facts)
    {
        // Waiting for budget, a stop or a person is no failure to get anywhere; only the store's own answers are.
        // An act that the store only put off, or whose answer got lost, is none that came to anything.
        var progress = facts.Outcomes.Any(outcome =>
            outcome.Result is not OutcomeResult.Deferred
            || outcome.Cause is DeferCause.Stopped or DeferCause.Budget or DeferCause.PolicyChanged);
        var idle = progress ? 0 : batch.IdleChildren + 1;
        var ended = idle > IdleLimit
            ? facts with { Outcomes = [.. facts.Outcomes.Select(GiveUp)] }
            : facts;

        var entries = ended.Outcomes
            .Select((outcome, place) => OutcomeEncoding.Entry(intent.Commitments[place], outcome)).ToList();
        var deferred = Enumerable.Range(0, entries.Count)
            .Where(place => ended.Outcomes[place].Result is OutcomeResult.Deferred).ToList();
        var now = time.GetUtcNow();
        var leaf = OutcomeEncoding.Encode(batch, entries, ended, now);
        DateTimeOffset? notBefore = deferred.Count == 0 ? null : now + ChildWait(ended, idle);
        var delivery = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return new BatchResults(entries, leaf, deferred, notBefore, idle, ended.Acted, delivery);
    }

    private static RecordOutcome GiveUp(RecordOutcome outcome) => outcome.Result is OutcomeResult.Deferred
        ? new RecordOutcome(OutcomeResult.Failed, Bases.Decision, "no-progress")
        : outcome;

    /// <summary>
    /// Not before Retry-After and 2^n seconds, at most an hour. What only ran out of time, budget or leave goes on at
    /// once: the store did not ask for a pause, and the rate would go unused in it.
    /// </summary>
    private static TimeSpan ChildWait(OutcomeFacts facts, int idle)
    {
        var asked = facts.Outcomes.Max(outcome => outcome.RetryAfter) ?? TimeSpan.Zero;
        var troubled = facts.Outcomes.Any(outcome => outcome.Result is OutcomeResult.Deferred
            && outcome.Cause is DeferCause.Throttled or DeferCause.Contended or DeferCause.Unknown);
        var backOff = troubled ? TimeSpan.FromSeconds(Math.Pow(2, Math.Min(idle, 12))) : TimeSpan.Zero;
        var wait = asked > backOff ? asked : backOff;
        return wait > LongestChildWait ? LongestChildWait : wait;
    }

    private Task AppendCorrectionAsync(WorkBatch batch, BatchResults mine, CancellationToken cancel)
    {
        var counts = new JsonObject();
        foreach (var (result, count) in mine.Counts())
        {
            counts[OutcomeEncoding.Word(result)] = count;
        }

        var body = new JsonObject
        {
            ["corrects"] = LeafTypes.Outcome,
            ["counts"] = counts,
            ["reason"] = "second-delivery-acted",
        };
        return lanes.AppendAsync(
            [Leaf.Encode(LeafTypes.Correction, batch.Operation.ToString("D"), mine.Delivery, time.GetUtcNow(), body)],
            cancel);
    }

    [LoggerMessage(2001, LogLevel.Error, "Two deliveries acted on operation {Operation}; the log holds a correction")]
    private partial void LogDoubleAct(Guid operation);
}
