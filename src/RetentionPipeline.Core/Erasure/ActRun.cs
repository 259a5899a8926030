using Polly;
using Polly.Retry;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>What bounds a delivery: its time, stops, budgets.</summary>
/// <param name="Stops">The kill switch.</param>
/// <param name="Budget">The rates of the stores.</param>
/// <param name="Time">The clock.</param>
/// <param name="Times">The times of the protocol.</param>
/// <param name="Concurrency">Acts of one delivery at once.</param>
public sealed record ActLimits(
    StopSwitch Stops, RateBudget Budget, TimeProvider Time, PipelineTimes Times, int Concurrency)
{
    /// <summary>Most records of a batch, 1 to <see cref="WorkBatch.MaxEntries"/>.</summary>
    public int BatchRecords { get; init; } = WorkBatch.MaxEntries;

    /// <summary>Most records of a page: a batch closes at the end of a page.</summary>
    public int PageRecords => Math.Max(1, BatchRecords / 4);
}

/// <summary>The policy that planned a batch, and the one in force when its delivery began.</summary>
internal sealed record ActPolicies(Policy Plan, Policy InForce);

/// <summary>
/// One delivery of one batch: what it acts on and what it may still do. Until the first act anything may be thrown, and
/// the message comes again; from the first act until the results stand nothing transient is let through, and no token
/// of the host's reaches a call: a stop is a flag that is looked at before each act.
/// </summary>
internal sealed class ActRun : IDisposable
{
    private readonly ActLimits limits;
    private readonly CancellationToken stopping;
    private readonly CancellationTokenSource limit;
    private readonly long startedAt;
    private readonly ResiliencePipeline reads;
    private volatile bool actBegun;
    private long oldestHoldVersion = long.MaxValue;

    public ActRun(
        WorkBatch batch, ActPolicies policies, ActGuard guard, IRecordStore store, ActLimits limits, CancellationToken cancel)
    {
        (Batch, Plan, InForce, Guard, Store) = (batch, policies.Plan, policies.InForce, guard, store);
        (this.limits, stopping) = (limits, cancel);
        Dataset = Plan.Datasets[batch.Dataset];
        Location = RecordReading.Location(Dataset);
        startedAt = limits.Time.GetTimestamp();
        limit = new CancellationTokenSource(limits.Times.LongestHandling, limits.Time);
        reads = new ResiliencePipelineBuilder { TimeProvider = limits.Time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is not null && actBegun && !limit.IsCancellationRequested),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(200),
            MaxDelay = TimeSpan.FromSeconds(5),
        }).Build();
    }

    public WorkBatch Batch { get; }

    public Policy Plan { get; }

    public Policy InForce { get; }

    public Dataset Dataset { get; }

    public DatasetLocation Location { get; }

    public IRecordStore Store { get; }

    public ActGuard Guard { get; }

    /// <summary>Whose records the batch is about; null where no request asked.</summary>
    public WantedSubjects? Wanted { get; init; }

    /// <summary>An act was sent: from here on results must be written.</summary>
    public bool ActBegun => actBegun;

    /// <summary>What the batch's rule does to records; null where it deletes, or where a request asked.</summary>
    public RuleRewrite? Rewrite { get; init; }

    /// <summary>The oldest hold version that an act rested on; the newest reading's where none was sent.</summary>
    public long OldestHoldVersion(long current) => Math.Min(oldestHoldVersion, current);

    /// <summary>The delivery's own end.</summary>
    public CancellationToken Limit => limit.Token;

    /// <summary>Before the first act the host's stop ends a call; later only the delivery's own end does.</summary>
    public CancellationToken ReadToken => actBegun ? limit.Token : stopping;

    /// <summary>Told of each act whose answer is lost.</summary>
    public Action<Exception>? AnswerLost { get; init; }

    /// <summary>Its records are rewritten as whole contents.</summary>
    public bool IsOfContent => Dataset.Format is not null && Batch.Action is RuleAction.Anonymise;

    /// <summary>
    /// Whether it is too late to begin with a record: a content that is not through when acts must no longer begin was read
    /// for nothing, so that one is begun in the first half of that time only.
    /// </summary>
    public bool IsLateFor(int attempt) => attempt == 1 && IsOfContent
        && limits.Time.GetElapsedTime(startedAt) >= limits.Times.LongestHandling / 4;

    /// <summary>Why no act may begin now; <see cref="DeferCause.None"/> if one may.</summary>
    public async Task<DeferCause> WhyNotNowAsync()
    {
        if (stopping.IsCancellationRequested)
        {
            return DeferCause.Stopped;
        }

        if (limits.Time.GetElapsedTime(startedAt) >= limits.Times.LongestHandling / 2)
        {
            return DeferCause.Time;
        }

        var stops = await limits.Stops.CurrentAsync(Limit);
        return stops.Stops(Dataset.Store, Batch.Rule) ? DeferCause.Stopped : DeferCause.None;
    }

    /// <summary>Leave for one request, waiting a few seconds at most.</summary>
    public Task<BudgetAnswer> TakeBudgetAsync(int wanted) => limits.Budget.TakeAsync(
        new BudgetUse(Dataset.Store, Plan.Stores[Dataset.Store].RequestsPerSecond, Store.Spent), wanted, TimeSpan.FromSeconds(3), Limit);

    /// <summary>As long as an act waits for leave, and on without it: for what must be done whatever comes of it, and is paid afterwards.</summary>
    public async Task WaitForBudgetAsync(int wanted)
    {
        try
        {
            await TakeBudgetAsync(wanted);
        }
        catch (Exception)
        {
            // The row of the budget could not be read or written, or the delivery's time is over.
        }
    }

    /// <summary>A read: retried after the first act, let through before it.</summary>
    public ValueTask<T> ReadAsync<T>(Func<CancellationToken, Task<T>> read) =>
        reads.ExecuteAsync(async _ => await read(ReadToken), CancellationToken.None);

    /// <summary>
    /// Sends one act, once, with a deadline inside the guard's reading. Null if its answer is lost: what happened is
    /// for the read-back to say.
    /// </summary>
    public async Task<ActResult?> SendActAsync(GuardReading reading, Func<CancellationToken, Task<ActResult>> act)
    {
        using var deadline = new CancellationTokenSource(Guard.TimeFor(reading), limits.Time);
        NoteActBegun(reading.HoldSet.Version);
        try
        {
            return await act(deadline.Token);
        }
        catch (Exception lost)
        {
            AnswerLost?.Invoke(lost);
            return null;
        }
    }

    public void Dispose() => limit.Dispose();

    private void NoteActBegun(long holdVersion)
    {
        long seen;
        while (holdVersion < (seen = Interlocked.Read(ref oldestHoldVersion)))
        {
            Interlocked.CompareExchange(ref oldestHoldVersion, holdVersion, seen);
        }

        actBegun = true;
    }
}
