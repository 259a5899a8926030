using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Composition;

/// <summary>What differs between deployments, addresses apart.</summary>
/// <param name="Times">The times of the protocol.</param>
/// <param name="ActConcurrency">Acts of one operation at once.</param>
/// <param name="Bounds">What a pump has in flight.</param>
/// <param name="LedgerOrigin">First line of every checkpoint; also the name of the signing key.</param>
public sealed record PipelineSettings(PipelineTimes Times, int ActConcurrency, PumpBounds Bounds, string LedgerOrigin)
{
    /// <summary>Most records of a batch, 1 to <see cref="WorkBatch.MaxEntries"/>: fewer make more messages and leaves.</summary>
    public int BatchRecords { get; init; } = WorkBatch.MaxEntries;

    /// <summary>What signs each checkpoint: <see cref="LedgerSigners"/>.</summary>
    public IReadOnlyList<string> Signers { get; init; } = LedgerSigners.Default;
}

/// <summary>The one composition: every host builds its pipeline with it.</summary>
public static class PipelineServices
{
    /// <summary>
    /// Adds everything between the ports. The host adds the ports themselves: objects, rows, queue, secrets, record stores,
    /// the ledger's stores, a <see cref="TimeProvider"/> and logging.
    /// </summary>
    public static IServiceCollection AddRetentionPipeline(this IServiceCollection services, PipelineSettings settings)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings).AddSingleton(settings.Times).AddSingleton(settings.Bounds);
        AddWork(services);
        AddLedger(services);
        AddErasure(services, settings);
        AddScanning(services);
        AddRequests(services);
        return services.AddSingleton<AnchoredLog>().AddSingleton<BundleCollector>().AddSingleton<SubjectFinder>().AddSingleton<ForgettingTable>().AddSingleton<SubjectForgetting>().AddSingleton<ScanBundleCollector>()
            .AddSingleton<OpeningsStores>().AddSingleton<AuditExport>().AddSingleton<HoldTable>().AddSingleton<IEpochNames>(provider => provider.GetRequiredService<HoldTable>()).AddSingleton<HoldDesk>().AddSingleton<IntentBook>()
            .AddSingleton<HoldLog>().AddSingleton<ReleasedHolds>().AddSingleton<HoldHandler>()
            .AddSingleton<IOperationSubjects, OperationSubjects>()
            .AddSingleton<MessageRouter>().AddSingleton<WorkPump>().AddSingleton<PushedDeliveries>().AddSingleton<PlanningTimers>()
            .AddSingleton<PipelineTimers>();
    }

    private static void AddWork(IServiceCollection services) => services
        .AddSingleton<ObjectSealer>().AddSingleton<EpochTable>().AddSingleton<EpochDesk>().AddSingleton<EpochKeys>().AddSingleton<Pseudonyms>().AddSingleton<Attempts>()
        .AddSingleton<StopSwitch>().AddSingleton<RateBudget>()
        .AddSingleton<TimerMarks>().AddSingleton<LedgerLag>().AddSingleton<FreshnessWatch>();

    private static void AddLedger(IServiceCollection services) => services
        .AddSingleton<LaneWriter>().AddSingleton<LogReader>().AddSingleton<LogIndex>()
        .AddSingleton<LogExport>().AddSingleton<PublicLog>().AddSingleton<LedgerStores>().AddSingleton<LedgerSigners>().AddSingleton<LedgerIntegrator>()
        .AddSingleton<AnchorHandler>().AddSingleton<LedgerTimers>();

    private static void AddErasure(IServiceCollection services, PipelineSettings settings) => services
        .AddSingleton<PolicyBook>().AddSingleton<ActGuards>().AddSingleton<RampShare>().AddSingleton<OperatorKeyTable>().AddSingleton<RuleKeys>()
        .AddSingleton<ActRules>().AddSingleton<WorkBatches>()
        .AddSingleton(provider => new ActLimits(
            provider.GetRequiredService<StopSwitch>(), provider.GetRequiredService<RateBudget>(),
            provider.GetRequiredService<TimeProvider>(), settings.Times, settings.ActConcurrency)
        { BatchRecords = settings.BatchRecords })
        .AddSingleton<OpeningsBook>().AddSingleton<OperationBooks>().AddSingleton<IntentWriter>().AddSingleton<ActRunner>()
        .AddSingleton<OutcomeWriter>().AddSingleton<EraseBounds>().AddSingleton<EraseSteps>()
        .AddSingleton<EraseHandler>().AddSingleton<FailureEnding>();

    private static void AddScanning(IServiceCollection services) => services
        .AddSingleton<ScanBook>()
        .AddSingleton<IReleaseGate>(provider => provider.GetRequiredService<ScanBook>())
        .AddSingleton<IScanSubjects>(provider => provider.GetRequiredService<ScanBook>())
        .AddSingleton<OpenScans>().AddSingleton<ScanSchedule>().AddSingleton<ScanParts>().AddSingleton<ScanStarter>()
        .AddSingleton<ScanHandler>()
        .AddSingleton<VerdictWriter>().AddSingleton<SliceParts>().AddSingleton<SliceHandler>()
        .AddSingleton<ScanWalker>().AddSingleton<CloseEffects>().AddSingleton<CloseHandler>()
        .AddSingleton<ScanOverview>().AddSingleton<ReconcilerParts>().AddSingleton<Reconciler>().AddSingleton<CommandTable>()
        .AddSingleton<CommandHandler>().AddSingleton<DeadLetterDrain>().AddSingleton<SelfRetention>()
        .AddSingleton<OperatorKeyUses>().AddSingleton<OperatorKeyDesk>()
        .AddSingleton<ResidualTable>().AddSingleton<ResidualHandler>().AddSingleton<CareTimers>();

    private static void AddRequests(IServiceCollection services)
    {
        services.TryAddSingleton(RequestWindows.OfPolicy);
        services
            .AddSingleton<IEpochRequests>(provider => provider.GetRequiredService<RequestEpochs>())
            .AddSingleton<TaskDesk>().AddSingleton<RequestBook>().AddSingleton<RequestEpochs>().AddSingleton<SubjectBook>().AddSingleton<RequestAnswers>().AddSingleton<RequestHandler>()
            .AddSingleton<TaskAssigner>().AddSingleton<RequestCloser>().AddSingleton<RequestTaskHandler>().AddSingleton<RequestDesk>();
    }
}
