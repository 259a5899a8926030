using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using Spectre.Console;

namespace RetentionPipeline.Local.Runs;

/// <summary>Shows people what a run does, and at the end what it did and why.</summary>
public sealed class ProgressView(IAnsiConsole console, TimeProvider time)
{
    /// <summary>A line about a step.</summary>
    public void Say(string line) => console.WriteLine(line);

    /// <summary>Per rule: examined, due, done, rate, time left.</summary>
    public Table Table(IReadOnlyList<ScanStatus> scans)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("rule", "state", "examined", "due", "done", "per second", "left");
        foreach (var scan in scans)
        {
            var seconds = ((scan.LastAt ?? time.GetUtcNow()) - scan.FirstAt).TotalSeconds;
            var rate = seconds > 0 ? scan.Ended / seconds : 0;
            var left = scan.Totals.Due - scan.NotActed - scan.Ended;
            table.AddRow(
                Markup.Escape(scan.Plan.Rule), State(scan), $"{scan.Totals.Examined}", $"{scan.Totals.Due}", $"{scan.Ended}",
                rate > 0 ? $"{rate:F0}" : "", scan.Phase is ScanPhase.Acting && rate > 0 ? $"{left / rate:F0} s" : "");
        }

        return table;
    }

    /// <summary>What was due, erased, anonymised, kept and why.</summary>
    public void Tell(RunSummary summary)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("rule", "due", "erased", "anonymised", "held", "only counted", "failed", "kept by law", "status");
        foreach (var rule in summary.Rules)
        {
            table.AddRow(
                Markup.Escape(rule.Rule), $"{rule.Due}", $"{rule.Erased}", $"{rule.Anonymised}", $"{rule.Retained}",
                $"{rule.NotActed}", $"{rule.Failed}",
                Markup.Escape(string.Join(", ", rule.Kept.Select(kept => $"{kept.Value} {kept.Key}"))), Markup.Escape(rule.Status));
        }

        console.Write(table);
        console.WriteLine(
            $"{summary.Rules.Sum(rule => rule.Erased)} erased, {summary.Rules.Sum(rule => rule.Anonymised)} anonymised "
            + $"({summary.Rules.Sum(rule => rule.Lines)} lines of logs), {summary.Rules.Sum(rule => rule.Retained)} held, "
            + $"{summary.Rules.Sum(rule => rule.Kept.Values.Sum())} kept by law; {summary.RecordsPerSecond} records a second.");
        if (summary.Asked is { Received: > 0 } requests)
        {
            console.WriteLine(
                $"{requests.Received} requests to delete: {requests.Completed} completed, {requests.Kept} but for what the law keeps, "
                + $"{requests.Held} held, {requests.Parked} above a cap, {requests.Rejected} rejected, {requests.Open} open; "
                + $"{requests.Erased} records and {requests.Lines} lines of logs erased for them.");
        }

        console.WriteLine($"The ledger holds {summary.Ledger.Size} entries under root {summary.Ledger.Root}.");
    }

    private static string State(ScanStatus scan) => scan.Figures is { ShowsAsFailed: true }
        ? "[red]failed[/]"
        : scan.Results.GetValueOrDefault(OutcomeResult.Failed) > 0 ? "[red]has failures[/]" : scan.Phase.ToString().ToLowerInvariant();
}
