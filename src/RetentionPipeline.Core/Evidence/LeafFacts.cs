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
    /// <summary>Records that were changed.</summary>
    public long Acted => Counts.GetValueOrDefault(OutcomeResult.Erased) + Counts.GetValueOrDefault(OutcomeResult.Anonymised);

    public static OutcomeLeaf Of(long index, Leaf leaf) => new(
        index, leaf.At, leaf.Id, IntentFacts.Text(leaf.Body, "scan"), IntentFacts.Text(leaf.Body, "dataset"),
        (long)leaf.Body["count"]!, OutcomeEncoding.ReadCounts(leaf.Body), (long)leaf.Body["holds"]!,
        (string?)leaf.Body["child"], IntentFacts.Text(leaf.Body, "root"),
        Rfc6962.LeafHash(Leaf.Encode(leaf.Type, leaf.Id, leaf.Part, leaf.At, (JsonObject)leaf.Body.DeepClone())));
}

/// <summary>The leaves of one scan.</summary>
internal sealed class ScanLeaves(string scan)
{
    public string Scan { get; } = scan;

    public long Slices { get; private set; }

    public (long Index, Leaf Leaf)? Close { get; private set; }

    public HashSet<string> Operations { get; } = new(StringComparer.Ordinal);

    public void Take(long index, Leaf leaf)
    {
        if (leaf.Part == "start")
        {
            Slices = (long)leaf.Body["slices"]!;
        }
        else
        {
            Close = (index, leaf);
        }
    }
}
