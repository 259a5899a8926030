using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>
/// By timer: looks again at the copies that a scan disclosed when the last of them should be gone, and says so in the log.
/// Gone means aged out: the store's window, as it is configured at that moment, has passed since the scan's last act (a
/// window that grew meanwhile puts it off). The keys of what was erased are not kept, so nothing is looked up by name.
/// The leaf's bytes stand in the row before they are appended: whoever comes second, or back after a crash, appends the
/// same. Order: row, leaf, removal of the row.
/// </summary>
public sealed partial class ResidualHandler(
    ResidualTable table, PolicyBook policies, IRecordStores stores, LaneWriter lanes, TimeProvider time,
    ILogger<ResidualHandler> logger)
{
    /// <summary>One run; returns how many leaves were appended. A store that does not answer holds up no other.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var due = new List<(ResidualRow Row, string Version)>();
        await foreach (var (row, version) in table.ListAsync(cancel))
        {
            if (row.Leaf is not null || (row.LookAt ?? row.Until) <= time.GetUtcNow())
            {
                due.Add((row, version));
            }
        }

        var purged = 0;
        var failures = new List<Exception>();
        foreach (var (row, version) in due)
        {
            try
            {
                purged += await LookAsync(row, version, cancel) ? 1 : 0;
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested)
            {
                LogFailed(row.Scan, failure.GetType().Name);
                failures.Add(failure);
            }
        }

        return failures.Count == 0 ? purged : throw new AggregateException(failures);
    }

    private async Task<bool> LookAsync(ResidualRow row, string version, CancellationToken cancel)
    {
        if (row.Leaf is null)
        {
            var end = await EndAsync(row, cancel);
            var now = time.GetUtcNow();
            var next = end.At > now ? row with { LookAt = end.At } : row with { Leaf = Encode(row, end.Window, now) };
            if (await table.ReplaceAsync(next, version, cancel) is RowCommit.Conflict || next.Leaf is null)
            {
                return false;
            }

            if (await table.FindAsync(row.Scan, cancel) is not { } stands)
            {
                return false;
            }

            (row, version) = stands;
        }

        await lanes.AppendAsync([Encoding.UTF8.GetBytes(row.Leaf!)], cancel);
        await table.RemoveAsync(row, version, cancel);
        LogPurged(row.Scan, row.Count);
        return true;
    }

    /// <summary>By the windows of now: what the store says, and what the policy in force declares of it.</summary>
    private async Task<(DateTimeOffset At, long Window)> EndAsync(ResidualRow row, CancellationToken cancel)
    {
        var inForce = await policies.InForceAsync(cancel);
        var policy = inForce.Datasets.ContainsKey(row.Dataset) ? inForce : await policies.GetAsync(row.Policy, cancel);
        var dataset = policy.Datasets[row.Dataset];
        var found = await stores.Get(dataset.Store).ListResidualsAsync(RecordReading.Location(dataset), cancel);
        var ends = found.Select(copy => row.LastActAt + copy.Window)
            .Concat(policy.Stores[dataset.Store].Residuals.Select(declared => declared.Window.EndOf(row.LastActAt)))
            .Append(row.LastActAt).ToList();
        var end = ends.Max();
        return (end > row.Until ? end : row.Until, (long)(end - row.LastActAt).TotalSeconds);
    }

    private static string Encode(ResidualRow row, long window, DateTimeOffset now) => Encoding.UTF8.GetString(Leaf.Encode(
        LeafTypes.Purged, row.Scan.ToString("D"), "", now, new JsonObject
        {
            ["count"] = row.Count,
            ["dataset"] = row.Dataset,
            ["how"] = "aged-out",
            ["until"] = LeafTime.Text(row.Until),
            ["windowSeconds"] = window,
        }));

    [LoggerMessage(1020, LogLevel.Information, "The copies of {Count} records that scan {Scan} left have aged out")]
    private partial void LogPurged(Guid scan, long count);

    [LoggerMessage(1021, LogLevel.Warning, "The copies that scan {Scan} left could not be looked at: {Error}; the next run tries again")]
    private partial void LogFailed(Guid scan, string error);
}
