using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>
/// What runs by timer, each by itself: a host decides how often. Doubled, late or missed runs do no harm.
/// </summary>
public sealed class PipelineTimers(
    PlanningTimers planning, LedgerTimers ledger, CloseHandler closing, Reconciler reconciler, HoldHandler holds,
    CareTimers care)
{
    /// <summary>Consumes commands, then plans what is due.</summary>
    public async Task ScanAsync(ScheduleUse use, CancellationToken cancel)
    {
        await planning.Commands.RunAsync(cancel);
        await planning.Scans.RunAsync(use, cancel);
    }

    /// <summary>Carries requests on; returns how many of their tasks do not merely wait for their time.</summary>
    public Task<int> RequestsAsync(CancellationToken cancel) => planning.Tasks.RunAsync(cancel);

    /// <summary>Moves what was appended into the published log.</summary>
    public Task IntegrateAsync(CancellationToken cancel) => ledger.Integrator.RunAsync(cancel);

    /// <summary>Has outside parties vouch for the published log, each once an hour; one that fails holds up nobody.</summary>
    public Task AnchorAsync(CancellationToken cancel) => ledger.Anchors.RunAsync(cancel);

    /// <summary>Closes scans and makes holds effective.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        await holds.RunAsync(cancel);
        await closing.RunAsync(cancel);
    }

    /// <summary>Sends again what has not ended.</summary>
    public Task ReconcileAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);

    /// <summary>
    /// Removes what the pipeline itself has kept long enough, looks at copies whose time is over, and goes on with keys that
    /// are half made or half destroyed and with persons who are half forgotten; none holds up the others.
    /// </summary>
    public Task TidyAsync(CancellationToken cancel) =>
        Task.WhenAll(
            care.Self.RunAsync(cancel), care.Residuals.RunAsync(cancel), care.Epochs.RunAsync(cancel),
            care.OperatorKeys.RunAsync(cancel), care.Forgetting.RunAsync(cancel));
}

/// <summary>What makes work: commands, schedules, requests.</summary>
public sealed record PlanningTimers(CommandHandler Commands, ScanHandler Scans, RequestTaskHandler Tasks);

/// <summary>What makes the published log of what was appended, and has it vouched for.</summary>
public sealed record LedgerTimers(LedgerIntegrator Integrator, AnchorHandler Anchors);

/// <summary>What looks after what is left behind: the pipeline's own objects, copies in stores, keys, persons.</summary>
public sealed record CareTimers(
    SelfRetention Self, ResidualHandler Residuals, EpochDesk Epochs, OperatorKeyDesk OperatorKeys, SubjectForgetting Forgetting);
