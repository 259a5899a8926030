using Microsoft.Extensions.Logging;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>The integrator with its signing keys, which only it loads.</summary>
public sealed partial class LedgerIntegrator(
    LedgerStores stores, LedgerSigners signers, PipelineSettings settings, ILogger<LedgerIntegrator> logger)
{
    private Integrator? integrator;

    /// <summary>One run; entries that contradict the log are reported, never dropped.</summary>
    public async Task<IntegrationResult> RunAsync(CancellationToken cancel)
    {
        integrator ??= new Integrator(stores, await signers.OpenAsync(cancel), settings.LedgerOrigin);
        var result = await integrator.RunOnceAsync(cancel);
        foreach (var conflict in result.Conflicts)
        {
            LogConflict(conflict.Type, conflict.Id);
        }

        if (result.Foreign > 0 || result.SkippedBytes > 0)
        {
            LogForeign(result.Foreign, result.SkippedBytes);
        }

        foreach (var gap in result.Gaps)
        {
            LogGap(gap.Writer, gap.First, gap.Last);
        }

        return result;
    }

    /// <summary>The verifier key of the first signer, for exports and for whoever checks them.</summary>
    public async Task<NoteVerifier> VerifierAsync(CancellationToken cancel) => (await signers.OpenAsync(cancel))[0].Verifier;

    [LoggerMessage(4001, LogLevel.Error, "The log holds two different leaves of type {Type} about {Id}")]
    private partial void LogConflict(string type, string id);

    [LoggerMessage(4002, LogLevel.Error, "The lanes hold {Entries} foreign entries and {Bytes} torn or foreign bytes")]
    private partial void LogForeign(int entries, long bytes);

    [LoggerMessage(4003, LogLevel.Warning, "Blocks {First} to {Last} of writer {Writer} never came to the lanes: their append failed, or they were taken away")]
    private partial void LogGap(Guid writer, long first, long last);
}
