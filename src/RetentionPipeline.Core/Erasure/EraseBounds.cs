using Polly;
using Polly.Retry;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>Whether a delivery goes on.</summary>
public enum WaitAnswer
{
    /// <summary>It does.</summary>
    GoOn,

    /// <summary>Its work was sent again for later, or waits for a resume; the message is completed.</summary>
    SentBack,
}

/// <summary>What a delivery looks at before its intent, and how long it insists after its first act.</summary>
public sealed class EraseBounds(PolicyBook policies, IRecordStores stores, Attempts attempts, ActLimits limits)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(3);

    /// <summary>
    /// A stop marks the attempt, to be sent anew after the resume. Work whose store has no leave soon, since what is under
    /// way already uses its whole rate, is sent back until its turn: it would only keep other stores' work from the place
    /// where it waits. Neither counts as a send that begun without an end: who merely waits never fails.
    /// </summary>
    public async Task<WaitAnswer> MustWaitAsync(WorkBatch batch, WorkAddress address, CancellationToken cancel)
    {
        var plan = await policies.GetAsync(batch.Policy, cancel);
        var store = plan.Stores[plan.Datasets[batch.Dataset].Store];
        var stops = await limits.Stops.CurrentAsync(cancel);
        if (stops.Stops(store.Name, batch.Rule))
        {
            await attempts.ChangeAsync(
                address, attempt => attempt with { Stopped = true, BegunAt = null, BegunSends = 0 }, cancel);
            return WaitAnswer.SentBack;
        }

        var use = new BudgetUse(store.Name, store.RequestsPerSecond, stores.Get(store.Name).Spent);
        if (await limits.Budget.TakeAsync(use, batch.Entries.Count, PatienceFor(use), cancel) is BudgetAnswer.Taken)
        {
            return WaitAnswer.GoOn;
        }

        await attempts.SendAgainAsync(
            address, limits.Budget.NextTurn(use, batch.Entries.Count), attempt => attempt with { BegunSends = 0 }, cancel);
        return WaitAnswer.SentBack;
    }

    /// <summary>A slow store's next leave is never soon: whoever reads pages of it must not keep all others from it.</summary>
    private static TimeSpan PatienceFor(BudgetUse use)
    {
        var patience = Soon + TimeSpan.FromSeconds(2.0 / use.PerSecond);
        return patience < MostPatience ? patience : MostPatience;
    }

    /// <summary>
    /// Repeats a write-once write until it stands or twice the longest handling has passed; then the message comes again
    /// and finds what stands.
    /// </summary>
    public async Task<T> PersistAsync<T>(Func<CancellationToken, Task<T>> write)
    {
        using var limit = new CancellationTokenSource(limits.Times.LongestHandling, limits.Time);
        var retry = new ResiliencePipelineBuilder { TimeProvider = limits.Time }.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is not null && !limit.IsCancellationRequested),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(200),
            MaxDelay = TimeSpan.FromSeconds(5),
        }).Build();
        return await retry.ExecuteAsync(async cancel => await write(cancel), limit.Token);
    }
}
