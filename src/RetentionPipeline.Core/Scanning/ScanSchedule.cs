using System.Text.Json;
using NCrontab;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>A scan that is due.</summary>
/// <param name="Scan">Its id.</param>
/// <param name="Rule">Its rule.</param>
/// <param name="At">Scheduled instant: the newest one missed, whatever number was missed.</param>
/// <param name="Purpose">Why.</param>
public sealed record DueScan(Guid Scan, string Rule, DateTimeOffset At, ScanPurpose Purpose);

internal sealed record ScheduleRow(DateTimeOffset LastAt, string? Command, ScanPurpose? Purpose, DateTimeOffset? AskedAt);

/// <summary>
/// Which rules are due. One row per rule: the newest instant that was planned, and what a person asked for. A doubled or
/// late timer derives the same scan; missed instants make one scan.
/// </summary>
public sealed class ScanSchedule(IRowStore rows, TimeProvider time)
{
    private const string Partition = "schedules";

    /// <summary>
    /// The scans that the rules are due for, by rule, from one look at all rows. A rule that was never seen is due at its
    /// first instant from now on; what a person asked for comes first.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, DueScan>> ListDueAsync(
        IReadOnlyCollection<Rule> rules, ScheduleUse use, CancellationToken cancel)
    {
        var known = new Dictionary<string, StoredRow>(StringComparer.Ordinal);
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            known[row.Row] = row;
        }

        var due = new Dictionary<string, DueScan>(StringComparer.Ordinal);
        foreach (var rule in rules)
        {
            if (await DueAsync(rule, use, known.GetValueOrDefault(rule.Name), cancel) is { } scan)
            {
                due[rule.Name] = scan;
            }
        }

        return due;
    }

    private async Task<DueScan?> DueAsync(Rule rule, ScheduleUse use, StoredRow? row, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (row is null)
        {
            await rows.CommitAsync(Partition, [new RowWrite.Insert(rule.Name, Write(new(now, null, null, null)))], cancel);
            return null;
        }

        var state = Read(row);
        if (state is { Command: { } command, AskedAt: { } askedAt })
        {
            var purpose = state.Purpose ?? ScanPurpose.Command;
            return new(DerivedId.CommandedScan(rule.Name, rule.Dataset, command), rule.Name, askedAt, purpose);
        }

        if (use is ScheduleUse.CommandsOnly || Newest(rule.Schedule, state.LastAt, now) is not { } at)
        {
            return null;
        }

        return new(DerivedId.Scan(rule.Name, rule.Dataset, at), rule.Name, at, ScanPurpose.Schedule);
    }

    /// <summary>The scan is planned: it is not due any more.</summary>
    public Task MarkPlannedAsync(DueScan due, CancellationToken cancel) => ChangeAsync(
        due.Rule, state => due.Purpose is ScanPurpose.Schedule
            ? state with { LastAt = due.At > state.LastAt ? due.At : state.LastAt }
            : state with { Command = null, Purpose = null, AskedAt = null },
        cancel);

    /// <summary>A person asks for a scan now. A second asking before the first was planned is the same scan.</summary>
    public Task AskAsync(string rule, string command, ScanPurpose purpose, CancellationToken cancel) => ChangeAsync(
        rule, state => state.Command is not null
            ? state
            : state with { Command = command, Purpose = purpose, AskedAt = time.GetUtcNow() },
        cancel);

    /// <summary>As <see cref="AskAsync"/>, for a rule that was never seen here; any other is left to its schedule.</summary>
    public async Task AskIfNewAsync(string rule, string command, CancellationToken cancel) => await rows.CommitAsync(
        Partition,
        [new RowWrite.Insert(rule, Write(new(time.GetUtcNow(), command, ScanPurpose.Command, time.GetUtcNow())))], cancel);

    private static DateTimeOffset? Newest(string schedule, DateTimeOffset after, DateTimeOffset now)
    {
        var cron = CrontabSchedule.Parse(schedule, new CrontabSchedule.ParseOptions { IncludingSeconds = true });

        // The newest instant lies in the shortest look back that holds one: years of missed seconds are not walked.
        for (var back = TimeSpan.FromMinutes(2); ; back *= 8)
        {
            var from = now - back > after ? now - back : after;
            var instants = cron.GetNextOccurrences(from.UtcDateTime, now.UtcDateTime.AddTicks(1));
            if (instants.Select(at => (DateTime?)at).LastOrDefault() is { } newest)
            {
                return new DateTimeOffset(newest, TimeSpan.Zero);
            }

            if (from == after)
            {
                return null;
            }
        }
    }

    private async Task ChangeAsync(string rule, Func<ScheduleRow, ScheduleRow> change, CancellationToken cancel)
    {
        while (true)
        {
            var row = await rows.ReadAsync(Partition, rule, cancel);
            var before = row is null ? new ScheduleRow(time.GetUtcNow(), null, null, null) : Read(row);
            var after = change(before);
            if (row is not null && after == before)
            {
                return;
            }

            RowWrite write = row is null
                ? new RowWrite.Insert(rule, Write(after))
                : new RowWrite.Replace(rule, Write(after), row.Version);
            if (await rows.CommitAsync(Partition, [write], cancel) is RowCommit.Committed)
            {
                return;
            }
        }
    }

    private static string Write(ScheduleRow row) =>
        JsonSerializer.Serialize(row, ScanningJsonContext.Default.ScheduleRow);

    private static ScheduleRow Read(StoredRow row) =>
        JsonSerializer.Deserialize(row.Text, ScanningJsonContext.Default.ScheduleRow)
        ?? throw new FormatException("A schedule row holds null.");
}

/// <summary>What makes rules due.</summary>
public enum ScheduleUse
{
    /// <summary>Their schedules and what people ask for.</summary>
    Schedules,

    /// <summary>Only what people ask for: a run that ends by itself.</summary>
    CommandsOnly,
}
