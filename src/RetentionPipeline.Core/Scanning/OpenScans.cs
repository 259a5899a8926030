using System.Text.Json;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>A scan that has not closed.</summary>
/// <param name="Scan">Its id.</param>
/// <param name="Rule">Its rule.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="OpenedAt">When it was opened.</param>
public sealed record OpenScan(Guid Scan, string Rule, string Dataset, DateTimeOffset OpenedAt);

/// <summary>
/// The scans that have not closed, and which of them holds its dataset: at most one rule scan per dataset is planning or
/// releasing. One partition, so that a scan opens and takes its dataset in one step.
/// </summary>
public sealed class OpenScans(IRowStore rows, TimeProvider time)
{
    private const string Partition = "scans";

    /// <summary>
    /// Opens the scan if nobody holds its dataset. Opening it again is right: a crash before its plan leaves it open
    /// without one.
    /// </summary>
    public async Task<OpenAnswer> OpenAsync(Guid scan, string rule, string dataset, CancellationToken cancel)
    {
        if (await rows.ReadAsync(Partition, Lock(dataset), cancel) is { } held)
        {
            return held.Text == scan.ToString("D") ? OpenAnswer.Opened : OpenAnswer.DatasetBusy;
        }

        var text = JsonSerializer.Serialize(
            new OpenScan(scan, rule, dataset, time.GetUtcNow()), ScanningJsonContext.Default.OpenScan);
        var writes = new List<RowWrite> { new RowWrite.Insert(Lock(dataset), scan.ToString("D")) };
        if (await rows.ReadAsync(Partition, Row(scan), cancel) is null)
        {
            writes.Add(new RowWrite.Insert(Row(scan), text));
        }

        return await rows.CommitAsync(Partition, writes, cancel) is RowCommit.Committed
            ? OpenAnswer.Opened
            : OpenAnswer.DatasetBusy;
    }

    /// <summary>
    /// Opens a scan that takes no dataset: a request's task, which waits for no rule. Its acts are conditional as any
    /// other's. Opening it again changes nothing.
    /// </summary>
    public async Task OpenBesideAsync(Guid scan, string rule, string dataset, CancellationToken cancel)
    {
        if (await rows.ReadAsync(Partition, Row(scan), cancel) is null)
        {
            var text = JsonSerializer.Serialize(
                new OpenScan(scan, rule, dataset, time.GetUtcNow()), ScanningJsonContext.Default.OpenScan);
            await rows.CommitAsync(Partition, [new RowWrite.Insert(Row(scan), text)], cancel);
        }
    }

    /// <summary>The scan that holds the dataset; null if none does.</summary>
    public async Task<Guid?> HolderAsync(string dataset, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, Lock(dataset), cancel) is { } held ? Guid.ParseExact(held.Text, "D") : null;

    /// <summary>Gives the dataset free if this scan holds it: it is parked, or was never planned.</summary>
    public async Task FreeDatasetAsync(Guid scan, string dataset, CancellationToken cancel)
    {
        if (await rows.ReadAsync(Partition, Lock(dataset), cancel) is { } held && held.Text == scan.ToString("D"))
        {
            await rows.CommitAsync(Partition, [new RowWrite.Delete(Lock(dataset), held.Version)], cancel);
        }
    }

    /// <summary>Takes the scan from the list; its dataset first, so that a crash between leaves a scan to close.</summary>
    public async Task RemoveAsync(Guid scan, string dataset, CancellationToken cancel)
    {
        await FreeDatasetAsync(scan, dataset, cancel);
        if (await rows.ReadAsync(Partition, Row(scan), cancel) is { } row)
        {
            await rows.CommitAsync(Partition, [new RowWrite.Delete(Row(scan), row.Version)], cancel);
        }
    }

    /// <summary>All open scans.</summary>
    public async Task<IReadOnlyList<OpenScan>> ListAsync(CancellationToken cancel)
    {
        var open = new List<OpenScan>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (row.Row.StartsWith("scan.", StringComparison.Ordinal)
                && JsonSerializer.Deserialize(row.Text, ScanningJsonContext.Default.OpenScan) is { } scan)
            {
                open.Add(scan);
            }
        }

        return open;
    }

    private static string Lock(string dataset) => "dataset." + dataset;

    private static string Row(Guid scan) => $"scan.{scan:D}";
}

/// <summary>Whether a scan has its dataset.</summary>
public enum OpenAnswer
{
    /// <summary>It has.</summary>
    Opened,

    /// <summary>Another one is planning or releasing there.</summary>
    DatasetBusy,
}
