using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// What a bundle says of each dataset, from its leaves and records; only that one is open, why and until when, is the
/// pipeline's own word.
/// </summary>
internal static class DatasetClaims
{
    public const string Open = "open";
    public const string Failed = "failed";
    public const string Retained = "retained";
    public const string NotSearchable = "not-searchable";

    public static IReadOnlyList<DatasetClaim> Of(BundleFacts facts, BundleLog log)
    {
        if (log.Receipt.Part == RequestLeaf.Rejected)
        {
            return [.. (log.InForce?.Datasets.Keys ?? []).Order(StringComparer.Ordinal).Select(dataset =>
                Bare(dataset, RequestLeaf.Rejected) with { Leaves = [log.Receipt.Index] })];
        }

        var shown = facts.Shown.ToLookup(record => record.Operation);
        return [.. facts.Stated.Datasets.Select(stated => Of(stated, log, shown))];
    }

    private static DatasetClaim Of(StatedDataset stated, BundleLog log, ILookup<string, ShownRecord> shown)
    {
        var ends = log.End is null ? [log.Receipt.Index] : new[] { log.Receipt.Index, log.End.Index };
        var open = stated.Reason is null ? null : Open;
        if (stated.Scan is not { } id || !log.Scans.TryGetValue(id, out var scan))
        {
            return Bare(stated.Dataset, open ?? NotSearchable) with
            {
                Reason = stated.Reason,
                ExpectedBy = stated.ExpectedBy,
                Leaves = ends,
            };
        }

        var operations = log.OperationsOf(id);
        var counts = CountsOf(scan, operations, log);
        var entries = operations.SelectMany(operation => shown[operation]).Select(record => JsonNode.Parse(record.Entry)!.AsObject()).ToList();
        var kept = entries.Where(entry => WordOf(entry) == Retained);
        var observed = entries.Where(entry => WordOf(entry) is not ("deferred" or Retained or Failed or "changed"));
        var state = scan.Close is null ? Open
            : (string?)scan.Close.Value.Leaf.Body["status"] != "done" || counts.GetValueOrDefault(Failed) > 0 ? Failed
            : counts.GetValueOrDefault(Retained) > 0 ? Retained
            : counts.Keys.All(word => word == "absent") ? "absent"
            : "done";
        var leaves = ends.Concat(LeavesOf(scan, log)).Concat(operations.SelectMany(operation => LeavesOf(operation, log))).Distinct().Order();
        return new DatasetClaim(
            stated.Dataset, open ?? state, stated.Reason, stated.ExpectedBy, id, (long?)scan.Start?.Leaf.Body["requests"] ?? 1,
            counts, Count(kept.Select(entry => (string?)entry["reason"] ?? "")),
            [.. observed.Select(entry => (string?)entry["basis"] ?? "").Distinct().Order(StringComparer.Ordinal)],
            entries.Select(entry => (string?)entry["until"]).OfType<string>().Max(LeafTime.TryParse),
            operations, [.. leaves])
        {
            CopiesGoneAt = log.Purged.TryGetValue(id, out var purged) ? purged.Leaf.At : null,
        };
    }

    public static string? WordOf(JsonObject entry) => (string?)entry["result"];

    /// <summary>Indexes of an operation's leaves.</summary>
    public static IEnumerable<long> LeavesOf(string operation, BundleLog log) =>
        new[] { log.Intents.GetValueOrDefault(operation)?.Index, log.Outcomes.GetValueOrDefault(operation)?.Index }.OfType<long>()
            .Concat(log.Corrections.GetValueOrDefault(operation) ?? []);

    /// <summary>Indexes of a scan's own leaves.</summary>
    public static IEnumerable<long> LeavesOf(ScanLeaves scan, BundleLog log) =>
        new[] { scan.Start?.Index, scan.Close?.Index, log.Purged.TryGetValue(scan.Scan, out var purged) ? purged.Index : null }.OfType<long>();

    /// <summary>As its closing states it; before that, what its operations say so far.</summary>
    public static SortedDictionary<string, long> CountsOf(ScanLeaves scan, IReadOnlyList<string> operations, BundleLog log)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var pairs = scan.Close is { } close
            ? close.Leaf.Body["counts"]!.AsObject().Select(pair => (pair.Key, (long)pair.Value!))
            : operations.Where(log.Outcomes.ContainsKey).SelectMany(operation => log.Outcomes[operation].Counts)
                .Where(pair => pair.Key is not OutcomeResult.Deferred).Select(pair => (OutcomeEncoding.Word(pair.Key), pair.Value));
        foreach (var (word, count) in pairs)
        {
            counts[word] = counts.GetValueOrDefault(word) + count;
        }

        return counts;
    }

    private static SortedDictionary<string, long> Count(IEnumerable<string> words)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in words)
        {
            counts[word] = counts.GetValueOrDefault(word) + 1;
        }

        return counts;
    }

    private static DatasetClaim Bare(string dataset, string state) => new(
        dataset, state, null, null, null, 0, new Dictionary<string, long>(), new Dictionary<string, long>(), [], null, [], []);
}
