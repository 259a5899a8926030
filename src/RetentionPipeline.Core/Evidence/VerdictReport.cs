using System.Text.Json;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Evidence;

/// <summary>A verdict as other programs read it.</summary>
/// <param name="Version">Of this form: 1.</param>
/// <param name="Log">Origin; null where no checkpoint could be opened, as the next two.</param>
/// <param name="Size">Leaves.</param>
/// <param name="Root">Lowercase hex.</param>
/// <param name="IsWell">Nothing is wrong. What is unchecked is neither.</param>
/// <param name="CheckedFrom">The first leaf that was checked; those before it were, when the checkpoint was remembered.</param>
/// <param name="Problems">What is wrong.</param>
/// <param name="Unchecked">What was not checked, and why.</param>
/// <param name="OpenIntents">What was begun and has no outcome.</param>
public sealed record VerdictReport(
    int Version, string? Log, long? Size, string? Root, bool IsWell, long CheckedFrom, IReadOnlyList<ReportedProblem> Problems,
    IReadOnlyList<ReportedGap> Unchecked, IReadOnlyList<ReportedIntent> OpenIntents)
{
    /// <summary>The report of a verdict.</summary>
    public static VerdictReport Of(LogVerdict verdict, long checkedFrom) => new(
        1, verdict.Structure.Checkpoint?.Origin, verdict.Structure.Checkpoint?.Size,
        verdict.Structure.Checkpoint is { } checkpoint ? Convert.ToHexStringLower(checkpoint.Root) : null, verdict.IsWell, checkedFrom,
        [.. verdict.Problems.Select(problem => new ReportedProblem(problem.Index, problem.Rule, problem.Message, RuleMeanings.Of(problem.Rule)))],
        [
            .. verdict.Structure.Unchecked.Select(line => new ReportedGap($"a signature of {line}", "a key that was not given")),
            .. (verdict.Meaning?.UncheckedHolds ?? []).Select(hold => new ReportedGap($"hold {hold} on a person or record", "give --openings to check it")),
            .. (verdict.Meaning?.UncheckedRequests ?? []).Select(
                request => new ReportedGap($"the list of datasets of request {request}", "give --openings to check it")),
        ],
        [.. (verdict.Meaning?.OpenIntents ?? []).OrderByDescending(open => open.Age).Select(
            open => new ReportedIntent(open.Operation, (long)open.Age.TotalSeconds))]);

    /// <summary>Indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, VerdictJson.Default.VerdictReport);
}

/// <summary>Something wrong.</summary>
/// <param name="Index">The leaf; null for the log as a whole.</param>
/// <param name="Rule">Stable name.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Meaning">What that means.</param>
public sealed record ReportedProblem(long? Index, string Rule, string Message, string Meaning);

/// <summary>Something unchecked.</summary>
/// <param name="What">What.</param>
/// <param name="Why">Why, or what to do.</param>
public sealed record ReportedGap(string What, string Why);

/// <summary>An open intent.</summary>
/// <param name="Operation">Its operation.</param>
/// <param name="AgeSeconds">Its age at the log's youngest leaf.</param>
public sealed record ReportedIntent(string Operation, long AgeSeconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(VerdictReport))]
internal sealed partial class VerdictJson : JsonSerializerContext;
