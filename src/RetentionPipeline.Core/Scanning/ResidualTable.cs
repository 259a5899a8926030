using System.Text.Json;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>Copies that a closed scan disclosed and that are not known to be gone.</summary>
/// <param name="Scan">The scan.</param>
/// <param name="Dataset">Its dataset.</param>
/// <param name="Policy">Hash of the policy that it was planned under.</param>
/// <param name="Count">Records of which a copy is left.</param>
/// <param name="Until">When the last one is gone, as its outcomes disclose it.</param>
/// <param name="LastActAt">No act of the scan is later.</param>
public sealed record ResidualRow(Guid Scan, string Dataset, string Policy, long Count, DateTimeOffset Until, DateTimeOffset LastActAt)
{
    /// <summary>When to look; later than <see cref="Until"/> where the store's window has grown since.</summary>
    public DateTimeOffset? LookAt { get; init; }

    /// <summary>
    /// The leaf that says that they are gone, once that is decided; it is appended as it stands here. Text, since the
    /// serialiser writes bytes that are null as empty ones.
    /// </summary>
    public string? Leaf { get; init; }
}

/// <summary>One row per scan that left copies behind, until its <c>purged</c> leaf is durable.</summary>
public sealed class ResidualTable(IRowStore rows, IObjectStore objects)
{
    private const string Partition = "residuals";

    /// <summary>Adds a row, unless the scan has one.</summary>
    public async Task AddAsync(ResidualRow row, CancellationToken cancel) =>
        await rows.CommitAsync(Partition, [new RowWrite.Insert(row.Scan.ToString("D"), Write(row))], cancel);

    /// <summary>
    /// All of them, with their versions, but for a scan whose closing is still under way: who closes it again after a crash
    /// would add the row once more.
    /// </summary>
    public async IAsyncEnumerable<(ResidualRow Row, string Version)> ListAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var stored in rows.ListAsync(Partition, cancel))
        {
            var row = Read(stored.Text);
            if (await objects.ReadAsync(ObjectNames.Closed(row.Scan), cancel) is not null
                || await objects.ReadAsync(ObjectNames.Closing(row.Scan), cancel) is null)
            {
                yield return (row, stored.Version);
            }
        }
    }

    /// <summary>The row as it stands; null without one.</summary>
    public async Task<(ResidualRow Row, string Version)?> FindAsync(Guid scan, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, scan.ToString("D"), cancel) is { } stored ? (Read(stored.Text), stored.Version) : null;

    /// <summary>Replaces a row that is still at that version; somebody else's stands otherwise.</summary>
    public Task<RowCommit> ReplaceAsync(ResidualRow row, string version, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Replace(row.Scan.ToString("D"), Write(row), version)], cancel);

    /// <summary>Removes a row that is still at that version.</summary>
    public Task<RowCommit> RemoveAsync(ResidualRow row, string version, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Delete(row.Scan.ToString("D"), version)], cancel);

    private static string Write(ResidualRow row) => JsonSerializer.Serialize(row, ScanningJsonContext.Default.ResidualRow);

    private static ResidualRow Read(string text) => JsonSerializer.Deserialize(text, ScanningJsonContext.Default.ResidualRow)
        ?? throw new FormatException("A row of residual copies holds null.");
}
