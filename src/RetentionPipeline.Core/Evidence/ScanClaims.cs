using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What a bundle says of each of its scans, from their leaves alone.</summary>
internal static class ScanClaims
{
    /// <summary>In the order in which they began.</summary>
    public static IReadOnlyList<DatasetClaim> Of(BundleFacts facts, BundleLog log) =>
        [.. log.Scans.Values.OrderBy(scan => scan.Start?.Index).Select(scan => Of(scan, log))];

    private static DatasetClaim Of(ScanLeaves scan, BundleLog log)
    {
        var operations = log.OperationsOf(scan.Scan);
        var counts = DatasetClaims.CountsOf(scan, operations, log);
        var body = scan.Close?.Leaf.Body;
        var state = body is null ? DatasetClaims.Open
            : counts.GetValueOrDefault(DatasetClaims.Failed) > 0 ? DatasetClaims.Failed
            : (string)body["status"]!;
        var kept = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (code, count) in body?["kept"]?.AsObject() ?? [])
        {
            kept[code] = (long)count!;
        }

        ResidualCopies? copies = null;
        foreach (var outcome in operations.Select(log.Outcomes.GetValueOrDefault))
        {
            copies = ResidualCopies.Sum(copies, outcome?.Residuals);
        }

        return new DatasetClaim(
            BundleLog.DatasetOf(scan)!, state, null, null, scan.Scan, (long?)scan.Start?.Leaf.Body["requests"] ?? 0, counts, kept, [],
            copies?.Until, operations, [.. DatasetClaims.LeavesOf(scan, log).Concat(operations.SelectMany(operation => DatasetClaims.LeavesOf(operation, log))).Order()])
        {
            CopiesGoneAt = log.Purged.TryGetValue(scan.Scan, out var purged) ? purged.Leaf.At : null,
            Absence = body is not null && (string)body["rule"]! != Rule.Request ? AbsenceOf(body, counts.GetValueOrDefault(DatasetClaims.Failed)) : null,
        };
    }

    /// <summary>
    /// It stands where every record that was due was acted on or found to be held, excepted or no longer due, and where
    /// nothing was due at all, whatever the mode.
    /// </summary>
    private static AbsenceStatement AbsenceOf(System.Text.Json.Nodes.JsonObject body, long failed)
    {
        var status = (string)body["status"]!;
        var (due, notActed) = ((long)body["due"]!, (long)body["notActed"]!);
        return new AbsenceStatement(
            (string)body["rule"]!, LeafTime.TryParse((string)body["cutOff"]!) ?? throw new FormatException("No time."),
            failed == 0 && ((status == "done" && notActed == 0) || (status is "done" or "report" && due == 0)),
            (long)body["examined"]!, (long)body["undated"]!, (string?)body["consistency"] ?? "unknown", notActed, failed);
    }
}
