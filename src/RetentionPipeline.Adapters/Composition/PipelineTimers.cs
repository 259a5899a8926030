using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>
/// What runs by timer, each by itself: a host decides how often. Doubled, late or missed runs do no harm.
/// </summary>
public sealed class PipelineTimers(
    CommandHandler commands, ScanHandler scans, LedgerIntegrator integrator, CloseHandler closing, Reconciler reconciler,
    HoldHandler holds)
{
    /// <summary>Consumes commands, then plans what is due.</summary>
    public async Task ScanAsync(ScheduleUse use, CancellationToken cancel)
    {
        await commands.RunAsync(cancel);
        await scans.RunAsync(use, cancel);
    }

    /// <summary>Moves what was appended into the published log.</summary>
    public Task IntegrateAsync(CancellationToken cancel) => integrator.RunAsync(cancel);

    /// <summary>Closes scans and makes holds effective.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        await holds.RunAsync(cancel);
        await closing.RunAsync(cancel);
    }

    /// <summary>Sends again what has not ended.</summary>
    public Task ReconcileAsync(CancellationToken cancel) => reconciler.RunAsync(cancel);
}
