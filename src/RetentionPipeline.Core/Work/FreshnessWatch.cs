using System.Text.Json;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Work;

/// <summary>When something counts as late.</summary>
/// <param name="Timers">The timers that must run, each with the longest time from one good end to the next.</param>
/// <param name="Ledger">The longest that a leaf may wait for the published log.</param>
public sealed record FreshnessLimits(IReadOnlyDictionary<string, TimeSpan> Timers, TimeSpan Ledger);

/// <summary>Something is late.</summary>
/// <param name="What">A timer, or <c>checkpoint</c>.</param>
/// <param name="Since">Its last good end, or since when leaves wait.</param>
public sealed record LateWork(string What, DateTimeOffset Since);

/// <summary>What a look saw.</summary>
/// <param name="At">When.</param>
/// <param name="Late">What was late then.</param>
public sealed record FreshnessReport(DateTimeOffset At, IReadOnlyList<LateWork> Late);

/// <summary>
/// Watches what must go on without anybody looking: timers have been seen to stop after deployments, and say nothing then.
/// The last report stands in a row, for whoever asks after the health; two looks at once do no harm.
/// </summary>
public sealed class FreshnessWatch(TimerMarks marks, LedgerLag lag, IRowStore rows, TimeProvider time)
{
    /// <summary>What is said to be late where leaves wait for the log.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>What is said to be late where nobody looks.</summary>
    public const string Watch = "freshness";

    private const string Partition = "freshness";
    private const string Row = "report";

    /// <summary>Looks, and leaves its report.</summary>
    public async Task<FreshnessReport> LookAsync(FreshnessLimits limits, CancellationToken cancel)
    {
        var last = await marks.LastAsync(limits.Timers.Keys, cancel);
        var waiting = await lag.SinceAsync(cancel);
        var now = time.GetUtcNow();
        var late = limits.Timers.Where(timer => timer.Key != Watch && now - last[timer.Key] > timer.Value)
            .Select(timer => new LateWork(timer.Key, last[timer.Key])).ToList();
        if (waiting is { } since && now - since > limits.Ledger)
        {
            late.Add(new LateWork(Checkpoint, since));
        }

        var report = new FreshnessReport(now, late);
        var text = JsonSerializer.Serialize(report, FreshnessJson.Default.FreshnessReport);
        var row = await rows.ReadAsync(Partition, Row, cancel);
        await rows.CommitAsync(
            Partition, [row is null ? new RowWrite.Insert(Row, text) : new RowWrite.Replace(Row, text, row.Version)], cancel);
        return report;
    }

    /// <summary>
    /// What is late by the last report. A report that is itself older than the watch's limit, or that was never made, is late
    /// as <see cref="Watch"/>.
    /// </summary>
    public async Task<IReadOnlyList<LateWork>> LateAsync(FreshnessLimits limits, CancellationToken cancel)
    {
        if (await rows.ReadAsync(Partition, Row, cancel) is not { } row)
        {
            return [new LateWork(Watch, DateTimeOffset.UnixEpoch)];
        }

        var report = JsonSerializer.Deserialize(row.Text, FreshnessJson.Default.FreshnessReport)
            ?? throw new FormatException("The report on freshness holds null.");
        return time.GetUtcNow() - report.At > limits.Timers[Watch] ? [.. report.Late, new LateWork(Watch, report.At)] : report.Late;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(FreshnessReport))]
internal sealed partial class FreshnessJson : JsonSerializerContext;
