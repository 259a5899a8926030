using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Erasure;

/// <summary>What the rules of a batch are read from.</summary>
/// <param name="Book">The policies by hash.</param>
/// <param name="Share">Which records a ramp acts on.</param>
/// <param name="Keys">The keys of operators.</param>
public sealed record ActRules(PolicyBook Book, RampShare Share, RuleKeys Keys);

/// <summary>Steps 4 and 5 for one delivery: acts on the records of a batch and observes them.</summary>
public sealed partial class ActRunner
{
    private readonly ILogger logger;
    private readonly IRecordStores stores;
    private readonly ActGuards guards;
    private readonly PolicyBook policies;
    private readonly RuleKeys keys;
    private readonly ActLimits limits;
    private readonly RecordActor actor;

    /// <summary>Wires the parts of the room that only it needs.</summary>
    public ActRunner(
        IRecordStores stores, ActGuards guards, ActRules rules, ActLimits limits, ILogger<ActRunner> logger)
    {
        (this.stores, this.guards, policies, keys, this.limits) = (stores, guards, rules.Book, rules.Keys, limits);
        this.logger = logger;
        actor = new RecordActor(new FreshJudge(new LinkedClocks(stores), rules.Share));
    }

    /// <summary>The hold version that an intent names: a reading from before anything is acted on.</summary>
    public async Task<long> ReadHoldVersionAsync(CancellationToken cancel) =>
        (await guards.Create().CurrentAsync(cancel)).HoldSet.Version;

    /// <summary>
    /// Acts on the batch. Throws only where no act was sent, so that the message may come again as if nothing had been;
    /// from the first act on every record ends in what was observed of it.
    /// </summary>
    public async Task<OutcomeFacts> RunAsync(WorkBatch batch, WantedSubjects? wanted, CancellationToken cancel)
    {
        var guard = guards.Create();
        var first = await guard.CurrentAsync(cancel);
        var plan = await policies.GetAsync(batch.Policy, cancel);
        var dataset = plan.Datasets[batch.Dataset];
        var store = stores.Get(dataset.Store);
        var rule = wanted is null && batch.Action is RuleAction.Anonymise ? plan.FindRule(batch.Rule)! : null;
        var operatorKeys = rule is null ? OperatorKeys.None : await keys.ReadAsync(rule.Operators, cancel);
        if (operatorKeys is null)
        {
            var refused = RecordOutcome.Failed(RefusalReasons.KeyDestroyed);
            return new OutcomeFacts(
                [.. Enumerable.Repeat(refused, batch.Entries.Count)], first.InForce.Hash, first.HoldSet.Version, false);
        }

        using var run = new ActRun(batch, new ActPolicies(plan, first.InForce), guard, store, limits, cancel)
        {
            Wanted = wanted,
            Rewrite = rule is null ? null : RuleRewrite.Of(rule, dataset, operatorKeys),
            AnswerLost = lost => LogAnswerLost(batch.Operation, lost.GetType().Name),
        };
        var until = await ResidualsEndAsync(run, cancel);

        var traces = new ActTrace?[batch.Entries.Count];
        var failures = new Exception?[batch.Entries.Count];
        await ActOnAllAsync(run, traces, failures);
        if (!run.ActBegun && failures.FirstOrDefault(failure => failure is not null) is { } failure)
        {
            throw new TransientActException(failure);
        }

        var outcomes = new RecordOutcome?[traces.Length];
        for (var i = 0; i < traces.Length; i++)
        {
            outcomes[i] = traces[i] is null ? RecordOutcome.Deferred(DeferCause.Unknown) : traces[i]!.Outcome;
        }

        await ReadBackReader.ObserveAsync(run, traces, outcomes, until);
        return new OutcomeFacts(
            outcomes!, run.InForce.Hash, run.OldestHoldVersion(first.HoldSet.Version), run.ActBegun);
    }

    private async Task ActOnAllAsync(ActRun run, ActTrace?[] traces, Exception?[] failures)
    {
        var remaining = traces.Length;

        // Contents are read and written at the speed of a processor: more at once would only have more of them half read
        // when the delivery's time is over.
        var atOnce = run.IsOfContent ? Math.Min(limits.Concurrency, Environment.ProcessorCount) : limits.Concurrency;
        await Parallel.ForAsync(
            0, traces.Length, new ParallelOptions { MaxDegreeOfParallelism = atOnce },
            async (place, _) =>
            {
                try
                {
                    traces[place] = await actor.ActAsync(run, run.Batch.Entries[place], Volatile.Read(ref remaining));
                }
                catch (Exception failure)
                {
                    failures[place] = failure;
                }

                Interlocked.Decrement(ref remaining);
            });
    }

    /// <summary>When the last disclosed copy of what is erased now will be gone; null where none is left.</summary>
    private async Task<DateTimeOffset?> ResidualsEndAsync(ActRun run, CancellationToken cancel)
    {
        // Where there is none in time, the acts will find none either, and say so.
        await run.WaitForBudgetAsync(run.Batch.Entries.Count);
        var now = limits.Time.GetUtcNow();
        var disclosed = await run.Store.ListResidualsAsync(run.Location, cancel);
        var ends = disclosed.Select(copy => now + copy.Window)
            .Concat(run.Plan.Stores[run.Dataset.Store].Residuals.Select(declared => declared.Window.EndOf(now)))
            .ToList();
        return ends.Count == 0 ? null : ends.Max();
    }

    [LoggerMessage(2003, LogLevel.Warning, "The answer to an act of operation {Operation} is lost: {Error}")]
    private partial void LogAnswerLost(Guid operation, string error);
}

/// <summary>Nothing was acted on, since something could not be read; the message comes again.</summary>
public sealed class TransientActException(Exception cause)
    : Exception("No record of the batch was acted on: a read failed. The message is delivered again.", cause);
