using System.Text.Json;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Scanning;

/// <summary>What a person asked the pipeline to do.</summary>
/// <param name="Verb">The verb.</param>
/// <param name="Target">A scan's id, or a rule's name.</param>
/// <param name="Actor">Pseudonym of the person.</param>
/// <param name="At">When.</param>
/// <param name="Result">Constant code once it was carried out; null before.</param>
/// <param name="Scan">The scan that came of it.</param>
public sealed record CommandRow(
    CommandVerb Verb, string Target, string Actor, DateTimeOffset At, string? Result, Guid? Scan);

/// <summary>The verbs that the timer carries out. Stops and holds write rows of their own, at once.</summary>
public enum CommandVerb
{
    /// <summary>Release a parked scan.</summary>
    Approve,

    /// <summary>Drop a parked scan.</summary>
    Refuse,

    /// <summary>Run a rule now.</summary>
    Run,

    /// <summary>Show what a rule would do.</summary>
    Plan,
}

/// <summary>
/// The commands table. Portal and command line never enqueue work: they write a row here, and the timer consumes it.
/// </summary>
public sealed class CommandTable(IRowStore rows, TimeProvider time)
{
    internal const string Partition = "commands";

    /// <summary>Writes a command. The same id is the same command.</summary>
    public async Task SubmitAsync(
        string id, CommandVerb verb, string target, string actor, CancellationToken cancel)
    {
        var text = Write(new CommandRow(verb, target, actor, time.GetUtcNow(), null, null));
        await rows.CommitAsync(Partition, [new RowWrite.Insert(id, text)], cancel);
    }

    /// <summary>Null if there is no such command.</summary>
    public async Task<CommandRow?> FindAsync(string id, CancellationToken cancel) =>
        await rows.ReadAsync(Partition, id, cancel) is { } row ? Read(row) : null;

    internal async Task<IReadOnlyList<(string Id, CommandRow Command, string Version)>> ListOpenAsync(
        CancellationToken cancel)
    {
        var found = new List<(string, CommandRow, string)>();
        await foreach (var row in rows.ListAsync(Partition, cancel))
        {
            if (Read(row) is { Result: null } command)
            {
                found.Add((row.Row, command, row.Version));
            }
        }

        return found;
    }

    internal Task<RowCommit> ReplaceAsync(string id, CommandRow command, string version, CancellationToken cancel) =>
        rows.CommitAsync(Partition, [new RowWrite.Replace(id, Write(command), version)], cancel);

    private static string Write(CommandRow row) =>
        JsonSerializer.Serialize(row, ScanningJsonContext.Default.CommandRow);

    private static CommandRow Read(StoredRow row) =>
        JsonSerializer.Deserialize(row.Text, ScanningJsonContext.Default.CommandRow)
        ?? throw new FormatException("A command row holds null.");
}

/// <summary>Consumes commands, by timer. Each may be carried out twice; the second time finds what the first wrote.</summary>
public sealed partial class CommandHandler(
    CommandTable table, ScanBook book, ScanSchedule schedule, PolicyBook policies, TimeProvider time,
    ILogger<CommandHandler> logger)
{
    /// <summary>Carries out every open command.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var (id, command, version) in await table.ListOpenAsync(cancel))
        {
            var (result, scan) = command.Verb switch
            {
                CommandVerb.Approve => await DecideAsync(command, DecisionKind.Approved, cancel),
                CommandVerb.Refuse => await DecideAsync(command, DecisionKind.Refused, cancel),
                CommandVerb.Run => await AskAsync(id, command, ScanPurpose.Command, cancel),
                _ => await AskAsync(id, command, ScanPurpose.DryRun, cancel),
            };
            LogCommand(command.Verb, result);
            await table.ReplaceAsync(id, command with { Result = result, Scan = scan }, version, cancel);
        }
    }

    private async Task<(string Result, Guid? Scan)> DecideAsync(
        CommandRow command, DecisionKind kind, CancellationToken cancel)
    {
        if (!Guid.TryParse(command.Target, out var scan)
            || await book.FindVerdictAsync(scan, cancel) is not { } verdict)
        {
            return ("scan-unknown", null);
        }

        if (verdict.Kind is not VerdictKind.Over)
        {
            return ("scan-not-parked", scan);
        }

        var stands = await book.WriteDecisionAsync(scan, new(kind, command.Actor, time.GetUtcNow()), cancel);
        return (stands.Kind == kind ? kind.ToString().ToLowerInvariant() : "already-" + stands.Kind.ToString().ToLowerInvariant(), scan);
    }

    private async Task<(string Result, Guid? Scan)> AskAsync(
        string id, CommandRow command, ScanPurpose purpose, CancellationToken cancel)
    {
        if ((await policies.InForceAsync(cancel)).FindRule(command.Target) is not { } rule)
        {
            return ("rule-unknown", null);
        }

        await schedule.AskAsync(rule.Name, id, purpose, cancel);
        return ("asked", DerivedId.CommandedScan(rule.Name, rule.Dataset, id));
    }

    [LoggerMessage(1009, LogLevel.Information, "Command {Verb}: {Result}")]
    private partial void LogCommand(CommandVerb verb, string result);
}
