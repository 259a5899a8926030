using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>Reads and writes what a scan is made of. Each object is written once and read back by the second.</summary>
public sealed class ScanBook(IObjectStore objects, ObjectSealer sealer, WorkBatches batches) : IReleaseGate, IScanSubjects
{
    private const int MostRemembered = 2_000;
    private readonly Remembered<Guid, ScanPlan> plans = new(MostRemembered);
    private readonly Remembered<string, object> parts = new(MostRemembered);

    /// <summary>Batches.</summary>
    public WorkBatches Batches => batches;

    /// <summary>Writes the plan, or returns the one that stands.</summary>
    public async Task<ScanPlan> WritePlanAsync(ScanPlan plan, CancellationToken cancel)
    {
        var name = ObjectNames.Plan(plan.Scan);
        var json = JsonSerializer.SerializeToUtf8Bytes(plan, ScanningJsonContext.Default.ScanPlan);
        var stands = await objects.WriteOnceAsync(name, await sealer.SealAsync(name, json, cancel), cancel);
        return await OpenPlanAsync(name, stands, cancel);
    }

    /// <summary>Null if the scan was never planned.</summary>
    public async Task<ScanPlan?> FindPlanAsync(Guid scan, CancellationToken cancel)
    {
        if (plans.Find(scan) is { } known)
        {
            return known;
        }

        var name = ObjectNames.Plan(scan);
        if (await objects.ReadAsync(name, cancel) is not { } stands)
        {
            return null;
        }

        // A plan that names persons is forgotten when its scan closes, and is not remembered here.
        var plan = await OpenPlanAsync(name, stands, cancel);
        if (plan.Asked is null)
        {
            plans.Add(scan, plan);
        }

        return plan;
    }

    /// <summary>Writes the verdict, or returns the one that stands.</summary>
    public Task<ScanVerdict> WriteVerdictAsync(Guid scan, ScanVerdict verdict, CancellationToken cancel) =>
        WriteOnceAsync(ObjectNames.Verdict(scan), verdict, ScanningJsonContext.Default.ScanVerdict, cancel);

    /// <summary>Null before the verdict.</summary>
    public Task<ScanVerdict?> FindVerdictAsync(Guid scan, CancellationToken cancel) =>
        FindAsync(ObjectNames.Verdict(scan), ScanningJsonContext.Default.ScanVerdict, cancel);

    /// <summary>Writes the decision, or returns the one that stands.</summary>
    public Task<ScanDecision> WriteDecisionAsync(Guid scan, ScanDecision decision, CancellationToken cancel) =>
        WriteOnceAsync(ObjectNames.Decision(scan), decision, ScanningJsonContext.Default.ScanDecision, cancel);

    /// <summary>Null where none was made.</summary>
    public Task<ScanDecision?> FindDecisionAsync(Guid scan, CancellationToken cancel) =>
        FindAsync(ObjectNames.Decision(scan), ScanningJsonContext.Default.ScanDecision, cancel);

    /// <summary>Writes the closing, or returns the one that stands.</summary>
    public Task<ScanClosing> WriteClosingAsync(Guid scan, ScanClosing closing, CancellationToken cancel) =>
        WriteOnceAsync(ObjectNames.Closing(scan), closing, ScanningJsonContext.Default.ScanClosing, cancel);

    /// <summary>Null before the closing.</summary>
    public Task<ScanClosing?> FindClosingAsync(Guid scan, CancellationToken cancel) =>
        FindAsync(ObjectNames.Closing(scan), ScanningJsonContext.Default.ScanClosing, cancel);

    /// <summary>Nothing of the scan is left to be done.</summary>
    public Task WriteClosedAsync(Guid scan, CancellationToken cancel) =>
        objects.WriteOnceAsync(ObjectNames.Closed(scan), "closed"u8.ToArray(), cancel);

    /// <inheritdoc/>
    public async Task<ReleaseState> StateAsync(Guid scan, CancellationToken cancel)
    {
        var closed = ObjectNames.Closed(scan);
        if (await parts.GetAsync(closed, async () => await objects.ReadAsync(closed, cancel)) is not null)
        {
            return ReleaseState.Closed;
        }

        return await FindVerdictAsync(scan, cancel) switch
        {
            { Kind: VerdictKind.Within } => ReleaseState.Released,
            { Kind: VerdictKind.Over } when await FindDecisionAsync(scan, cancel)
                is { Kind: DecisionKind.Approved } => ReleaseState.Released,
            _ => ReleaseState.NotReleased,
        };
    }

    /// <inheritdoc/>
    public async Task<WantedSubjects?> FindSubjectsAsync(Guid scan, CancellationToken cancel) =>
        await FindPlanAsync(scan, cancel) is { Asked: { } asked } ? new(asked.Identifiers.ToHashSet()) { Epochs = asked.Under } : null;

    /// <summary>Takes the persons' identifiers out of the plan of a scan that is about to close.</summary>
    public async Task ForgetAskedAsync(Guid scan, CancellationToken cancel)
    {
        var name = ObjectNames.Plan(scan);
        while (await objects.ReadAsync(name, cancel) is { } stands
            && await OpenPlanAsync(name, stands, cancel) is { Asked: { Identifiers.Count: > 0 } asked } plan)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(
                plan with { Asked = asked with { Identifiers = [] } }, ScanningJsonContext.Default.ScanPlan);
            if (await objects.ReplaceAsync(name, await sealer.SealAsync(name, json, cancel), stands.Version, cancel) is not null)
            {
                return;
            }
        }
    }

    /// <summary>
    /// The newest batch of a slice, without its records: its position. Names are computable, so it is found by asking for one after the
    /// other from the first that is not known to be written.
    /// </summary>
    public async Task<WorkBatch?> FindNewestAsync(Guid scan, int slice, int known, CancellationToken cancel)
    {
        var newest = known > 0
            ? await batches.FindHeadAsync(DerivedId.Operation(scan, slice, known - 1), cancel)
            : null;
        while (newest is not { Last: true }
            && await batches.FindHeadAsync(
                DerivedId.Operation(scan, slice, newest is null ? 0 : newest.Number + 1), cancel) is { } next)
        {
            newest = next;
        }

        return newest;
    }

    private async Task<T> WriteOnceAsync<T>(string name, T value, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        var stands = await objects.WriteOnceAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, type), cancel);
        return Read(name, stands, type);
    }

    private async Task<T?> FindAsync<T>(string name, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => (T?)await parts.GetAsync(
            name, async () => await objects.ReadAsync(name, cancel) is { } stands ? Read(name, stands, type) : null);

    private static T Read<T>(string name, StoredObject stands, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(stands.Content.Span, type)
        ?? throw new FormatException($"The object '{name}' holds null.");

    private async Task<ScanPlan> OpenPlanAsync(string name, StoredObject stands, CancellationToken cancel) =>
        JsonSerializer.Deserialize(
            await sealer.OpenAsync(name, stands.Content, cancel), ScanningJsonContext.Default.ScanPlan)
        ?? throw new FormatException($"The object '{name}' holds null.");
}
