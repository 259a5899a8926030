using System.Text.Json;
using System.Text.Json.Serialization;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Local.Runs;

/// <summary>What a run did, as JSON. For each rule, due = erased + anonymised + retained + changed + absent + failed + notActed + open.</summary>
/// <param name="RecordsPerSecond">Over tables and Cosmos DB, by wall clock.</param>
/// <param name="RawDeletesPerSecond">
/// What the SDKs alone would reach on the same records, store by store: all records by the sum of the seconds of each store.
/// </param>
/// <param name="Messages">Work items over tables and Cosmos DB.</param>
/// <param name="Asked">
/// Requests to delete. They come when the rules have ended, so that their rates are their own; their records are in no
/// rule's figures, but in a container's request units.
/// </param>
public sealed record RunSummary(
    IReadOnlyList<RuleSummary> Rules, double RecordsPerSecond, double? RawDeletesPerSecond,
    IReadOnlyDictionary<string, StoreSummary> Stores, long Messages, double PeakMemoryMiB, LedgerSummary Ledger,
    [property: JsonPropertyName("requests")] RequestSummary Asked,
    [property: JsonPropertyName("evidence")] string EvidenceAt)
{
    /// <summary>Writes the file.</summary>
    public void Save(string file) =>
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(this, RunSummaryJson.Default.RunSummary));
}

/// <summary>One rule of a run.</summary>
public sealed record RuleSummary(
    string Rule, string Dataset, string Action, string Mode, long Examined, long Undated, long Due, long Erased,
    long Anonymised, long Retained, long Changed, long Absent, long Failed, long NotActed, long Open, long Lines,
    DateTimeOffset? OldestRemaining, IReadOnlyDictionary<string, long> Kept, string Status)
{
    /// <summary>Of a scan.</summary>
    public static RuleSummary Of(ScanStatus scan, RuleAction action)
    {
        long Count(OutcomeResult result) => scan.Results.GetValueOrDefault(result);
        var status = scan.Figures switch
        {
            { TooManyUndated: true } => "failed: too many undated",
            { Status: "failed" } figures => $"failed: {figures.Reason}",
            { } figures => figures.Status,
            null => scan.Phase.ToString().ToLowerInvariant(),
        };
        return new RuleSummary(
            scan.Plan.Rule, scan.Plan.Dataset, Word(action), Word(scan.Plan.Mode), scan.Totals.Examined, scan.Totals.Undated,
            scan.Totals.Due, Count(OutcomeResult.Erased), Count(OutcomeResult.Anonymised), Count(OutcomeResult.Retained),
            Count(OutcomeResult.Changed), Count(OutcomeResult.Absent), Count(OutcomeResult.Failed), scan.NotActed,
            scan.Totals.Due - scan.NotActed - scan.Ended, scan.Lines, scan.Figures?.OldestRemaining ?? scan.Totals.OldestNotDue,
            scan.Totals.Kept, status);
    }

    /// <summary>Of a rule that a stop kept from being scanned.</summary>
    public static RuleSummary NotBegun(Rule rule) => new(
        rule.Name, rule.Dataset, Word(rule.Action), Word(rule.Mode), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null,
        new Dictionary<string, long>(), "stopped");

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>One store of a run.</summary>
/// <param name="RecordsPerSecond">Erased or anonymised, from the first slice to the last outcome.</param>
/// <param name="RawDeletesPerSecond">What the SDK alone reaches in its kind of store; null if it was not measured.</param>
/// <param name="RequestUnits">By container, where the store tells what it charged; null elsewhere.</param>
public sealed record StoreSummary(
    double RecordsPerSecond, double? RawDeletesPerSecond, IReadOnlyDictionary<string, ContainerUnits>? RequestUnits);

/// <summary>Request units that the service charged for a container in this run, by what they were for.</summary>
/// <param name="DeletePerErased">Null if none was erased.</param>
/// <param name="PerRecord">All of them, scans included, for each record erased or anonymised; null if none was.</param>
public sealed record ContainerUnits(
    long Erased, long Anonymised, double Scan, double Read, double Delete, double Rewrite, double ReadBack,
    double? DeletePerErased, double? PerRecord);

/// <summary>The ledger at the end of a run.</summary>
public sealed record LedgerSummary(long Size, string Root);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RunSummary))]
internal sealed partial class RunSummaryJson : JsonSerializerContext;
