using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Scanning;

/// <summary>
/// Step 7, by timer. When a published checkpoint covers the outcome of every operation of every chain: the closing bytes
/// once, the leaf, tombstones for the batches, the mark, the row. Who finds the closing alone goes on behind it.
/// </summary>
public sealed partial class CloseHandler(
    ScanBook book, OpenScans open, ScanWalker walker, PolicyBook policies, CloseEffects effects,
    ILogger<CloseHandler> logger)
{
    /// <summary>Batches of a slice, from the first, whose chains were seen in the log; a restart looks again.</summary>
    private readonly Dictionary<(Guid Scan, int Slice), int> seen = [];

    /// <summary>Closes what can be closed. Returns the scans closed.</summary>
    public async Task<IReadOnlyList<Guid>> RunAsync(CancellationToken cancel)
    {
        var closed = new List<Guid>();
        foreach (var scan in await open.ListAsync(cancel))
        {
            if (await book.FindPlanAsync(scan.Scan, cancel) is { } plan && await TryCloseAsync(plan, cancel))
            {
                closed.Add(scan.Scan);
            }
        }

        return closed;
    }

    private async Task<bool> TryCloseAsync(ScanPlan plan, CancellationToken cancel)
    {
        var closing = await book.FindClosingAsync(plan.Scan, cancel);
        if (closing is null)
        {
            if (await book.FindVerdictAsync(plan.Scan, cancel) is not { } verdict)
            {
                return false;
            }

            var decision = verdict.Kind is VerdictKind.Over
                ? await DecisionAsync(plan, verdict, cancel)
                : null;
            if (verdict.Kind is VerdictKind.Over && decision is null)
            {
                return false;
            }

            var acts = verdict.Kind is VerdictKind.Within || decision is { Kind: DecisionKind.Approved };
            if (acts && !await AllEndedAsync(plan, cancel))
            {
                return false;
            }

            closing = await book.WriteClosingAsync(
                plan.Scan, await MakeAsync(plan, verdict, decision, acts, cancel), cancel);
        }

        await FinishAsync(plan, closing, cancel);
        LogClosed(plan.Scan, plan.Rule, closing.Figures.Status);
        return true;
    }

    private async Task FinishAsync(ScanPlan plan, ScanClosing closing, CancellationToken cancel)
    {
        await effects.Lanes.AppendAsync([closing.Leaf], cancel);
        ResidualCopies? copies = null;
        var lastAt = DateTimeOffset.MinValue;
        await foreach (var operation in walker.WalkAsync(plan, cancel))
        {
            copies = ResidualCopies.Sum(copies, operation.End?.Residuals);
            lastAt = operation.End?.At > lastAt ? operation.End.At : lastAt;
            if (!KeepsKeys(operation))
            {
                await book.Batches.BuryAsync(operation.Batch.Operation, cancel);
            }
        }

        if (copies is not null)
        {
            await effects.Residuals.AddAsync(new(plan.Scan, plan.Dataset, plan.Policy, copies.Count, copies.Until, lastAt), cancel);
        }

        await book.ForgetAskedAsync(plan.Scan, cancel);
        await book.WriteClosedAsync(plan.Scan, cancel);
        await open.RemoveAsync(plan.Scan, plan.Dataset, cancel);
    }

    /// <summary>Keys of failed records stay until they are driven again, at most P30D: then self removes them.</summary>
    private static bool KeepsKeys(WalkedOperation operation) =>
        operation.End?.Counts.GetValueOrDefault(OutcomeResult.Failed) > 0;

    private async Task<ScanDecision?> DecisionAsync(ScanPlan plan, ScanVerdict verdict, CancellationToken cancel)
    {
        var decision = await book.FindDecisionAsync(plan.Scan, cancel);
        return decision is null && effects.Time.GetUtcNow() - verdict.At >= effects.Times.ParkedLimit
            ? await book.WriteDecisionAsync(plan.Scan, new(DecisionKind.Lapsed, "", effects.Time.GetUtcNow()), cancel)
            : decision;
    }

    private async Task<bool> AllEndedAsync(ScanPlan plan, CancellationToken cancel)
    {
        for (var slice = 0; slice < plan.Ranges.Count; slice++)
        {
            var state = await walker.StateOfSliceAsync(plan, slice, cancel);
            var newest = await book.FindNewestAsync(plan.Scan, slice, state?.Planned ?? 0, cancel);
            if (state is not { Releasing: true } || newest is null || state.Cursor <= newest.Number)
            {
                return false;
            }

            for (var number = seen.GetValueOrDefault((plan.Scan, slice)); number <= newest.Number; number++)
            {
                var batch = await book.Batches.FindHeadAsync(DerivedId.Operation(plan.Scan, slice, number), cancel);
                if (!(await walker.StateOfChainAsync(batch!, cancel)).Ended)
                {
                    return false;
                }

                seen[(plan.Scan, slice)] = number + 1;
            }
        }

        return true;
    }

    private async Task<ScanClosing> MakeAsync(
        ScanPlan plan, ScanVerdict verdict, ScanDecision? decision, bool acts, CancellationToken cancel)
    {
        var sums = new ClosingSums();
        if (acts)
        {
            await foreach (var operation in walker.WalkAsync(plan, cancel))
            {
                sums.Add(operation, ClosingSums.HasRemaining(operation) ? await walker.ReadRecordsAsync(operation, cancel) : []);
            }
        }

        var policy = await policies.GetAsync(plan.Policy, cancel);
        var rule = policy.FindRule(plan.Rule, plan.Dataset)!;
        var totals = verdict.Totals;
        var status = acts ? "done" : verdict.Kind switch
        {
            VerdictKind.Report => "report",
            VerdictKind.Over => "refused",
            _ => "failed",
        };
        var reason = verdict.Reason ?? (decision is { Kind: DecisionKind.Lapsed } ? "lapsed" : null);
        var oldest = ScanTotals.Older(totals.OldestNotDue, sums.Oldest);
        var figures = new ScanFigures(
            status, reason, totals, sums.Results, acts ? totals.Due - totals.Listed : totals.Due, sums.Lines, oldest,
            sums.Operations.Count, totals.Undated > rule.MaxUndated, effects.Time.GetUtcNow());
        return new ScanClosing(Encode(plan, rule, figures, sums, ConsistencyOf(policy.Datasets[plan.Dataset].Store)), figures);
    }

    /// <summary>Of the reads that "no record older than its limit" rests on; a store that is not there any more says nothing.</summary>
    private string ConsistencyOf(string store)
    {
        try
        {
            return effects.Stores.Get(store).Consistency;
        }
        catch (StoreUnavailableException)
        {
            return "unknown";
        }
    }

    private static byte[] Encode(ScanPlan plan, Rule rule, ScanFigures figures, ClosingSums sums, string consistency)
    {
        var body = new JsonObject
        {
            ["action"] = rule.Action.ToString().ToLowerInvariant(),
            ["consistency"] = consistency,
            ["counts"] = Numbers(figures.Results.Select(pair => (OutcomeEncoding.Word(pair.Key), pair.Value))),
            ["cutOff"] = LeafTime.Text(plan.CutOffAt),
            ["dataset"] = plan.Dataset,
            ["done"] = figures.Results.Where(pair => pair.Key is OutcomeResult.Erased or OutcomeResult.Anonymised)
                .Sum(pair => pair.Value),
            ["due"] = figures.Totals.Due,
            ["examined"] = figures.Totals.Examined,
            ["kept"] = Numbers(figures.Totals.Kept.Select(pair => (pair.Key, pair.Value))),
            ["listed"] = figures.Totals.Listed,
            ["notActed"] = figures.NotActed,
            ["operations"] = sums.Operations.Count,
            ["policy"] = plan.Policy,
            ["root"] = Convert.ToHexStringLower(MerkleTree.Root(sums.Operations)),
            ["rule"] = plan.Rule,
            ["status"] = figures.Status,
            ["undated"] = figures.Totals.Undated,
        };
        if (figures.Reason is { } reason)
        {
            body["reason"] = reason;
        }

        if (figures.OldestRemaining is { } oldest)
        {
            body["oldestRemaining"] = LeafTime.Text(oldest);
        }

        return Leaf.Encode(LeafTypes.Scan, plan.Scan.ToString("D"), "close", figures.ClosedAt, body);
    }

    private static JsonObject Numbers(IEnumerable<(string Name, long Count)> counts)
    {
        var numbers = new JsonObject();
        foreach (var (name, count) in counts)
        {
            numbers[name] = count;
        }

        return numbers;
    }

    [LoggerMessage(1005, LogLevel.Information, "Scan {Scan} of rule {Rule} closed: {Status}")]
    private partial void LogClosed(Guid scan, string rule, string status);

    /// <summary>What the results add up to, each record by its last outcome.</summary>
    private sealed class ClosingSums
    {
        public Dictionary<OutcomeResult, long> Results { get; } = [];

        /// <summary>Leaf hashes over {operation, outcome}, outcome being the leaf hash of the outcome leaf in hex.</summary>
        public List<byte[]> Operations { get; } = [];

        public long Lines { get; private set; }

        public DateTimeOffset? Oldest { get; private set; }

        /// <summary>Records of it are still there.</summary>
        public static bool HasRemaining(WalkedOperation operation) => operation.End!.Counts.Keys.Any(
            result => result is OutcomeResult.Retained or OutcomeResult.Failed or OutcomeResult.Changed);

        public void Add(WalkedOperation operation, IReadOnlyList<WalkedRecord> records)
        {
            var end = operation.End!;
            foreach (var (result, count) in end.Counts.Where(pair => pair.Key is not OutcomeResult.Deferred))
            {
                Results[result] = Results.GetValueOrDefault(result) + count;
            }

            Lines += end.Lines;
            foreach (var record in records.Where(record => record.Entry is not null))
            {
                var word = JsonNode.Parse(record.Outcome)!["result"]!.GetValue<string>();
                if (word is "retained" or "failed" or "changed")
                {
                    Oldest = ScanTotals.Older(Oldest, record.Entry!.ClockAt);
                }
            }

            Operations.Add(Rfc6962.LeafHash(Jcs.Encode(new JsonObject
            {
                ["operation"] = operation.Batch.Operation.ToString("D"),
                ["outcome"] = end.Outcome,
            })));
        }
    }
}

/// <summary>What closing writes to, and by which clock; the stores are asked for their consistency alone.</summary>
public sealed record CloseEffects(
    LaneWriter Lanes, TimeProvider Time, PipelineTimes Times, ResidualTable Residuals, IRecordStores Stores);
