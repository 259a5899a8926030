using System.Diagnostics;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Local.Runs;

/// <summary>Adds up what a run's scans did.</summary>
public sealed class SummaryWriter(ScanOverview overview, PolicyBook policies, LogReader log, Deployment deployment)
{
    /// <summary>The summary of the scans that a run followed.</summary>
    public async Task<RunSummary> MakeAsync(
        RunFollower follow, double? rawRate, CancellationToken cancel)
    {
        var policy = await policies.InForceAsync(cancel);
        var found = new List<ScanStatus>();
        foreach (var scan in follow.Scans)
        {
            if (await overview.FindAsync(scan, cancel) is { } status)
            {
                found.Add(status);
            }
        }

        var tables = found.Where(scan => StoreOf(policy, scan) is { Kind: StoreKind.Table }).ToList();
        var order = policy.Rules.Select(rule => rule.Name).ToList();
        var checkpoint = await log.CheckpointAsync(cancel);
        return new RunSummary(
            [.. found.Select(scan => RuleSummary.Of(scan, policy.FindRule(scan.Plan.Rule)?.Action ?? RuleAction.Delete))
                .Select(rule => rule.Open > 0 && follow.Stopped.ContainsKey(rule.Rule) ? rule with { Status = "stopped" } : rule)
                .Concat(policy.Rules.Where(rule => follow.Stopped.ContainsKey(rule.Name) && found.All(scan => scan.Plan.Rule != rule.Name))
                    .Select(RuleSummary.NotBegun))
                .OrderBy(rule => order.IndexOf(rule.Rule))],
            Rate(tables), rawRate,
            tables.GroupBy(scan => StoreOf(policy, scan)!.Name)
                .ToDictionary(group => group.Key, group => new StoreSummary(Rate([.. group]), rawRate)),
            tables.Sum(scan => (long)scan.Operations), PeakMemory(),
            new LedgerSummary(checkpoint?.Size ?? 0, Convert.ToHexStringLower(checkpoint?.Root ?? Rfc6962.EmptyRoot)),
            deployment.Origin);
    }

    /// <summary>Records acted on by wall clock, from the first slice to the last outcome.</summary>
    private static double Rate(IReadOnlyList<ScanStatus> scans)
    {
        var acted = scans.Where(scan => scan.LastAt is not null).ToList();
        if (acted.Count == 0)
        {
            return 0;
        }

        var records = acted.Sum(scan => scan.Results.Where(pair => pair.Key is OutcomeResult.Erased or OutcomeResult.Anonymised).Sum(pair => pair.Value));
        var seconds = (acted.Max(scan => scan.LastAt)!.Value - acted.Min(scan => scan.FirstAt)).TotalSeconds;
        return seconds > 0 ? Math.Round(records / seconds, 1) : 0;
    }

    private static StorePolicy? StoreOf(Policy policy, ScanStatus scan) =>
        policy.Datasets.TryGetValue(scan.Plan.Dataset, out var dataset) ? policy.Stores[dataset.Store] : null;

    private static double PeakMemory()
    {
        using var self = Process.GetCurrentProcess();
        return Math.Round(self.PeakWorkingSet64 / 1024.0 / 1024.0, 1);
    }
}
