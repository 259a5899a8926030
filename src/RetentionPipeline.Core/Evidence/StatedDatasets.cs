using RetentionPipeline.Core.Requests;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Where each dataset of a request stands, as the pipeline states it. The log goes before the row: the two are not read in
/// one instant.
/// </summary>
internal static class StatedDatasets
{
    public static IReadOnlyList<StatedDataset> Of(RequestStatus status, BundleLog log)
    {
        if (log.Receipt.Part == RequestLeaf.Rejected || log.InForce is null)
        {
            return [];
        }

        var tasks = status.Row.Tasks.ToDictionary(task => task.Dataset, StringComparer.Ordinal);
        var states = status.Datasets.ToDictionary(dataset => dataset.Dataset, StringComparer.Ordinal);
        return [.. log.InForce.Datasets.Keys.Order(StringComparer.Ordinal).Select(dataset => Of(
            dataset, tasks.GetValueOrDefault(dataset), states.GetValueOrDefault(dataset), status.Row.ReceivedAt, log))];
    }

    private static StatedDataset Of(
        string dataset, RequestTask? task, DatasetStatus? state, DateTimeOffset receivedAt, BundleLog log)
    {
        var ended = log.End?.Closing?.Tasks.FirstOrDefault(scan => log.Scans.TryGetValue(scan, out var leaves) && BundleLog.DatasetOf(leaves) == dataset);
        var current = task?.Scan?.ToString("D");
        if (current is not null && (!log.Scans.TryGetValue(current, out var begun) || begun.Start is null))
        {
            current = null;
        }

        if (log.End is not null)
        {
            var goesOn = log.End.State == RequestLeaf.Partially && task is { Ending: null }
                && ended is not null && log.Scans[ended].Close?.Leaf.Body["counts"]?["retained"] is not null;
            return goesOn ? Open(current) : new(dataset, ended, null, null);
        }

        if (task is { Ending: TaskEnding.NotSearchable })
        {
            return new(dataset, null, null, null);
        }

        return task is { Ending: not null } && current is not null && log.Scans[current].Close is not null
            ? new(dataset, current, null, null)
            : Open(current);

        StatedDataset Open(string? scan) => new(
            dataset, scan, state?.Reason ?? "running", state?.ExpectedBy ?? receivedAt + RequestLimits.LongestTrying);
    }
}
