using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What an intent leaf states.</summary>
internal sealed record IntentFacts(
    long Index, DateTimeOffset At, string Scan, string Dataset, long Count, long HoldVersion, string Policy, string Root,
    string? Parent)
{
    public static IntentFacts Of(long index, Leaf leaf) => new(
        index, leaf.At, Text(leaf.Body, "scan"), Text(leaf.Body, "dataset"), (long)leaf.Body["count"]!,
        (long)leaf.Body["holds"]!, Text(leaf.Body, "policy"), Text(leaf.Body, "root"),
        (string?)leaf.Body["parent"]);

    internal static string Text(JsonObject body, string name) => body[name]!.GetValue<string>();
}

/// <summary>What an outcome leaf states.</summary>
internal sealed record OutcomeLeaf(
    long Index, DateTimeOffset At, string Operation, string Scan, string Dataset, long Count,
    IReadOnlyDictionary<OutcomeResult, long> Counts, long HoldVersion, string? Child, string Root, byte[] Hash)
{
    /// <summary>Copies that it discloses; null without one.</summary>
    public ResidualCopies? Residuals { get; init; }

    /// <summary>Records that were changed.</summary>
    public long Acted => Counts.GetValueOrDefault(OutcomeResult.Erased) + Counts.GetValueOrDefault(OutcomeResult.Anonymised);

    public static OutcomeLeaf Of(long index, Leaf leaf) => new(
        index, leaf.At, leaf.Id, IntentFacts.Text(leaf.Body, "scan"), IntentFacts.Text(leaf.Body, "dataset"),
        (long)leaf.Body["count"]!, OutcomeEncoding.ReadCounts(leaf.Body), (long)leaf.Body["holds"]!,
        (string?)leaf.Body["child"], IntentFacts.Text(leaf.Body, "root"),
        leaf.Hash ?? Rfc6962.LeafHash(Leaf.Encode(leaf.Type, leaf.Id, leaf.Part, leaf.At, leaf.Body)))
    {
        Residuals = ResidualCopies.Read(leaf.Body),
    };
}

/// <summary>The leaves of one scan.</summary>
internal sealed class ScanLeaves(string scan)
{
    public string Scan { get; } = scan;

    public long Slices { get; private set; }

    public (long Index, Leaf Leaf)? Start { get; private set; }

    public (long Index, Leaf Leaf)? Close { get; private set; }

    public HashSet<string> Operations { get; } = new(StringComparer.Ordinal);

    public void Take(long index, Leaf leaf)
    {
        if (leaf.Part == "start")
        {
            Slices = (long)leaf.Body["slices"]!;
            Start = (index, leaf);
        }
        else
        {
            Close = (index, leaf);
        }
    }
}

/// <summary>What a request leaf states.</summary>
/// <param name="Policy">Of a receipt.</param>
/// <param name="Datasets">Of an acceptance: how many must report.</param>
/// <param name="Closing">Of an end.</param>
internal sealed record RequestLeaf(
    long Index, DateTimeOffset At, string Part, string Source, string? Policy, long? Datasets, RequestClosing? Closing)
{
    public const string Accepted = "accepted";
    public const string Parked = "parked";
    public const string Rejected = "rejected";
    public const string Completed = "completed";
    public const string Partially = "partially-completed";

    /// <summary>The part without its number.</summary>
    public string State => Part.Split('.')[0];

    public static RequestLeaf Of(long index, Leaf leaf)
    {
        var body = leaf.Body;
        var source = IntentFacts.Text(body, "source");
        return leaf.Part is Accepted or Parked or Rejected
            ? new(index, leaf.At, leaf.Part, source, IntentFacts.Text(body, "policy"), (long?)body["datasets"], null)
            : new(index, leaf.At, leaf.Part, source, null, null, new RequestClosing(
                (long)body["count"]!, IntentFacts.Text(body, "root"), IntentFacts.Text(body, "state"),
                [.. body["tasks"]!.AsArray().Select(task => task!.GetValue<string>())]));
    }
}

/// <summary>What the end of a request states.</summary>
/// <param name="Count">Datasets.</param>
/// <param name="Root">Over their entries, see <see cref="Requests.DatasetEntry"/>.</param>
/// <param name="State">The word.</param>
/// <param name="Tasks">Scans, in the order of the datasets.</param>
internal sealed record RequestClosing(long Count, string Root, string State, IReadOnlyList<string> Tasks);
