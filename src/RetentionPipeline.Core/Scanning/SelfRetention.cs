using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>How long the pipeline keeps what is its own: the built-in policy <c>self</c>.</summary>
/// <param name="Scans">
/// Closed scans with their batches: longer than any message can live (queues: 14 days) and than failed records keep their
/// keys.
/// </param>
/// <param name="DeadLetters">Drained messages with their sealed bodies.</param>
/// <param name="Commands">Commands that were carried out.</param>
public sealed record SelfPeriods(TimeSpan Scans, TimeSpan DeadLetters, TimeSpan Commands)
{
    /// <summary>30 days each: the limit of the domain for keys of failed records and for bodies of dead letters.</summary>
    public static readonly SelfPeriods Default = new(TimeSpan.FromDays(30), TimeSpan.FromDays(30), TimeSpan.FromDays(30));
}

/// <summary>
/// Applies <c>self</c>, by timer. It has no intents: one <c>forgotten</c> leaf per kind and run states how many were
/// removed and up to which age. Openings and results stay: they are evidence, with a period of their own.
/// </summary>
public sealed partial class SelfRetention(
    IObjectStore objects, IRowStore rows, LaneWriter lanes, WorkBatches batches, TimeProvider time,
    ILogger<SelfRetention> logger)
{
    private const int BatchSize = 100;
    private readonly SelfPeriods periods = SelfPeriods.Default;

    /// <summary>
    /// Removes what is older than its period. Order: objects, then the leaf; a crash between leaves objects that are gone
    /// and no leaf, and the next run states what it removes itself. Returns how much was removed.
    /// </summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var scans = await RemoveScansAsync(now - periods.Scans, cancel);
        var letters = await RemoveRowsAsync(
            DeadLetterDrain.Partition, text => Read(text, ScanningJsonContext.Default.DeadLetterRow).At < now - periods.DeadLetters, cancel);
        var commands = await RemoveRowsAsync(
            CommandTable.Partition, text => Read(text, ScanningJsonContext.Default.CommandRow) is { Result: not null } command
                && command.At < now - periods.Commands, cancel);
        await TellAsync("scans", scans, now - periods.Scans, cancel);
        await TellAsync("dead-letters", letters, now - periods.DeadLetters, cancel);
        await TellAsync("commands", commands, now - periods.Commands, cancel);
        return scans + letters + commands;
    }

    /// <summary>
    /// The batches of a scan go first, its own objects after them, the mark that it is closed last: whatever is left after
    /// a crash still says that nothing of it may act.
    /// </summary>
    private async Task<int> RemoveScansAsync(DateTimeOffset before, CancellationToken cancel)
    {
        var removed = 0;
        await foreach (var segment in objects.ListSegmentsAsync(ObjectNames.Scans, cancel))
        {
            if (!Guid.TryParse(segment, out var scan)
                || await objects.ReadAsync(ObjectNames.Closed(scan), cancel) is null
                || await objects.ReadAsync(ObjectNames.Closing(scan), cancel) is not { } closing
                || Read(closing.Content.Span, ScanningJsonContext.Default.ScanClosing).Figures.ClosedAt >= before)
            {
                continue;
            }

            await RemoveBatchesAsync(scan, cancel);
            var names = new List<string>();
            await foreach (var name in objects.ListAsync($"{ObjectNames.Scans}{scan:D}/", cancel))
            {
                names.Add(name);
            }

            foreach (var name in names.OrderBy(name => name == ObjectNames.Closed(scan)))
            {
                await objects.DeleteAsync(name, cancel);
            }

            removed++;
        }

        return removed;
    }

    private async Task RemoveBatchesAsync(Guid scan, CancellationToken cancel)
    {
        for (var slice = 0; await objects.ReadAsync(ObjectNames.Slice(scan, slice), cancel) is not null; slice++)
        {
            for (var number = 0; await batches.FindAsync(DerivedId.Operation(scan, slice, number), cancel) is not null; number++)
            {
                var operation = DerivedId.Operation(scan, slice, number);
                while (await batches.FindAsync(operation, cancel) is not null)
                {
                    await objects.DeleteAsync(ObjectNames.Attempt(operation), cancel);
                    await objects.DeleteAsync(ObjectNames.WorkOf(operation), cancel);
                    operation = DerivedId.Child(operation);
                }
            }
        }
    }

    private async Task<int> RemoveRowsAsync(string partition, Func<string, bool> isOld, CancellationToken cancel)
    {
        var old = new List<StoredRow>();
        await foreach (var row in rows.ListAsync(partition, cancel))
        {
            if (isOld(row.Text))
            {
                old.Add(row);
            }
        }

        foreach (var chunk in old.Chunk(BatchSize))
        {
            await rows.CommitAsync(partition, [.. chunk.Select(row => new RowWrite.Delete(row.Row, row.Version))], cancel);
        }

        return old.Count;
    }

    private async Task TellAsync(string what, int count, DateTimeOffset before, CancellationToken cancel)
    {
        if (count == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        var run = DerivedId.Of(Guid.Empty, "self", now.UtcTicks.ToString(CultureInfo.InvariantCulture));
        var body = new JsonObject { ["count"] = count, ["olderThan"] = LeafTime.Text(before), ["policy"] = "self" };
        await lanes.AppendAsync([Leaf.Encode(LeafTypes.Forgotten, run.ToString("D"), what, now, body)], cancel);
        LogForgotten(count, what);
    }

    private static T Read<T>(string text, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(text, type) ?? throw new FormatException("A row of the pipeline's own holds null.");

    private static T Read<T>(ReadOnlySpan<byte> text, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(text, type) ?? throw new FormatException("An object of the pipeline's own holds null.");

    [LoggerMessage(1011, LogLevel.Information, "Policy self removed {Count} {What}")]
    private partial void LogForgotten(int count, string what);
}
