using System.Diagnostics;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Cosmos;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Local.Runs;

/// <summary>Adds up what a run's scans did.</summary>
public sealed class SummaryWriter(
    ScanOverview overview, PolicyBook policies, LogReader log, Deployment deployment, CosmosAccounts accounts)
{
    /// <summary>The summary of the scans that a run followed.</summary>
    /// <param name="follow">It.</param>
    /// <param name="bare">Bare deletes a second by kind of store; empty if they were not measured.</param>
    /// <param name="cancel">Ends the reading.</param>
    public async Task<RunSummary> MakeAsync(
        RunFollower follow, IReadOnlyDictionary<StoreKind, double> bare, CancellationToken cancel)
    {
        var policy = await policies.InForceAsync(cancel);
        var requests = await follow.Asked.ListAsync(cancel);
        var found = new List<ScanStatus>();
        foreach (var scan in follow.Scans.Concat(requests.SelectMany(row => row.Tasks).Select(task => task.Scan).OfType<Guid>()).Distinct())
        {
            if (await overview.FindAsync(scan, cancel) is { } status)
            {
                found.Add(status);
            }
        }

        var byRule = found.Where(scan => scan.Plan.Rule != Rule.Request).ToList();
        var records = byRule.Where(scan => StoreOf(policy, scan) is { Kind: StoreKind.Table or StoreKind.Cosmos }).ToList();
        var order = policy.Rules.Select(rule => rule.Name).ToList();
        var checkpoint = await log.CheckpointAsync(cancel);
        return new RunSummary(
            [.. byRule.Select(scan => RuleSummary.Of(scan, policy.FindRule(scan.Plan.Rule)?.Action ?? RuleAction.Delete))
                .Select(rule => rule.Open > 0 && follow.Stopped.ContainsKey(rule.Rule) ? rule with { Status = "stopped" } : rule)
                .Concat(policy.Rules.Where(rule => follow.Stopped.ContainsKey(rule.Name) && byRule.TrueForAll(scan => scan.Plan.Rule != rule.Name))
                    .Select(RuleSummary.NotBegun))
                .OrderBy(rule => order.IndexOf(rule.Rule))],
            Rate(records), Mixed(policy, records, bare),
            records.GroupBy(scan => StoreOf(policy, scan)!).ToDictionary(group => group.Key.Name, group => new StoreSummary(
                Rate([.. group]), bare.TryGetValue(group.Key.Kind, out var alone) ? Math.Round(alone, 1) : null,
                UnitsOf(policy, group.Key, [.. found.Where(scan => StoreOf(policy, scan) == group.Key)]))),
            records.Sum(scan => (long)scan.Operations), PeakMemory(),
            new LedgerSummary(checkpoint?.Size ?? 0, Convert.ToHexStringLower(checkpoint?.Root ?? Rfc6962.EmptyRoot)),
            RequestSummary.Of(requests, [.. found.Except(byRule)]), deployment.Origin);
    }

    /// <summary>Records acted on by wall clock, from the first slice to the last outcome.</summary>
    private static double Rate(IReadOnlyList<ScanStatus> scans)
    {
        var acted = scans.Where(scan => scan.LastAt is not null).ToList();
        if (acted.Count == 0)
        {
            return 0;
        }

        var seconds = (acted.Max(scan => scan.LastAt)!.Value - acted.Min(scan => scan.FirstAt)).TotalSeconds;
        return seconds > 0 ? Math.Round(acted.Sum(ActedOn) / seconds, 1) : 0;
    }

    /// <summary>All records by the seconds that the SDK alone would take for those of each store; null if not measured.</summary>
    private static double? Mixed(Policy policy, IReadOnlyList<ScanStatus> scans, IReadOnlyDictionary<StoreKind, double> bare)
    {
        var parts = scans.GroupBy(scan => StoreOf(policy, scan)!.Kind)
            .Select(group => (Records: group.Sum(ActedOn), Bare: bare.GetValueOrDefault(group.Key))).Where(part => part.Records > 0).ToList();
        return parts.Count > 0 && parts.All(part => part.Bare > 0)
            ? Math.Round(parts.Sum(part => part.Records) / parts.Sum(part => part.Records / part.Bare), 1)
            : null;
    }

    private Dictionary<string, ContainerUnits>? UnitsOf(Policy policy, StorePolicy store, IReadOnlyList<ScanStatus> scans)
    {
        if (accounts.Find(store.Name)?.Units is not { } units)
        {
            return null;
        }

        return scans.GroupBy(scan => policy.Datasets[scan.Plan.Dataset].Container).ToDictionary(group => group.Key, group =>
        {
            var (erased, anonymised) = (group.Sum(scan => Count(scan, OutcomeResult.Erased)), group.Sum(scan => Count(scan, OutcomeResult.Anonymised)));
            double Of(CosmosOperation operation) => Math.Round(units.Of(group.Key, operation), 1);
            var all = Enum.GetValues<CosmosOperation>().Sum(operation => units.Of(group.Key, operation));
            return new ContainerUnits(
                erased, anonymised, Of(CosmosOperation.Scan), Of(CosmosOperation.Read), Of(CosmosOperation.Delete),
                Of(CosmosOperation.Rewrite), Of(CosmosOperation.ReadBack),
                erased == 0 ? null : Math.Round(units.Of(group.Key, CosmosOperation.Delete) / erased, 2),
                erased + anonymised == 0 ? null : Math.Round(all / (erased + anonymised), 2));
        });
    }

    private static long Count(ScanStatus scan, OutcomeResult result) => scan.Results.GetValueOrDefault(result);

    private static long ActedOn(ScanStatus scan) => Count(scan, OutcomeResult.Erased) + Count(scan, OutcomeResult.Anonymised);

    private static StorePolicy? StoreOf(Policy policy, ScanStatus scan) =>
        policy.Datasets.TryGetValue(scan.Plan.Dataset, out var dataset) ? policy.Stores[dataset.Store] : null;

    private static double PeakMemory()
    {
        using var self = Process.GetCurrentProcess();
        return Math.Round(self.PeakWorkingSet64 / 1024.0 / 1024.0, 1);
    }
}
