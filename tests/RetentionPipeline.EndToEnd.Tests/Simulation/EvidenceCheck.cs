using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>What a simulation's evidence says.</summary>
internal static class EvidenceCheck
{
    /// <summary>Exports the log and its openings, and verifies both.</summary>
    public static Task<LogVerdict> VerifyAsync(SimulatedPipeline simulation) =>
        VerifyAsync(simulation.Services, simulation.Faults);

    /// <summary>Exports the log and its openings without a fault, and verifies both.</summary>
    public static async Task<LogVerdict> VerifyAsync(IServiceProvider pipeline, Faults faults)
    {
        var choose = faults.Choose;
        faults.Choose = null;
        var folder = Directory.CreateTempSubdirectory("log-").FullName;
        try
        {
            await pipeline.GetRequiredService<PipelineTimers>().IntegrateAsync(CancellationToken.None);
            var verifier = await pipeline.GetRequiredService<LedgerIntegrator>().VerifierAsync(CancellationToken.None);
            await pipeline.GetRequiredService<LogExport>().WriteAsync(Path.Combine(folder, "log"), verifier, CancellationToken.None);
            var openings = new OpeningsFolder(Path.Combine(folder, "openings"));
            await openings.WriteAsync(
                pipeline.GetRequiredService<IObjectStore>(), pipeline.GetRequiredService<OperationBooks>(),
                pipeline.GetRequiredService<HoldTable>(), pipeline.GetRequiredService<Pseudonyms>(), CancellationToken.None);
            return LogVerification.Verify(Path.Combine(folder, "log"), verifier, openings, (_, _) => { });
        }
        finally
        {
            faults.Choose = choose;
            Directory.Delete(folder, recursive: true);
        }
    }

    public static async Task AssertWellAsync(SimulatedPipeline simulation)
    {
        var verdict = await VerifyAsync(simulation);
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.OpenIntents);
        Assert.Empty(verdict.Meaning.UncheckedRequests);
    }

    /// <summary>The leaves of one type in the published log, in its order.</summary>
    public static async Task<IReadOnlyList<Leaf>> LeavesAsync(SimulatedPipeline simulation, string type)
    {
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var verifier = await simulation.Get<LedgerIntegrator>().VerifierAsync(CancellationToken.None);
        var folder = Directory.CreateTempSubdirectory("leaves-").FullName;
        try
        {
            await simulation.Get<LogExport>().WriteAsync(Path.Combine(folder, "log"), verifier, CancellationToken.None);
            var leaves = new List<Leaf>();
            new StructuralVerifier(Path.Combine(folder, "log"), verifier).Verify((_, leaf) => leaves.Add(leaf), (_, _) => { });
            return [.. leaves.Where(leaf => leaf.Type == type)];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Results of all scans of a command, summed.</summary>
    public static async Task<Dictionary<OutcomeResult, long>> ResultsAsync(SimulatedPipeline simulation, string command = "once")
    {
        var sums = new Dictionary<OutcomeResult, long>();
        foreach (var figures in await FiguresAsync(simulation, command))
        {
            foreach (var (result, count) in figures.Results)
            {
                sums[result] = sums.GetValueOrDefault(result) + count;
            }
        }

        return sums;
    }

    /// <summary>Figures of all closed scans of a command.</summary>
    public static async Task<IReadOnlyList<ScanFigures>> FiguresAsync(SimulatedPipeline simulation, string command = "once")
    {
        var policy = await simulation.Get<PolicyBook>().InForceAsync(CancellationToken.None);
        var figures = new List<ScanFigures>();
        foreach (var rule in policy.Rules)
        {
            var scan = DerivedId.CommandedScan(rule.Name, rule.Dataset, command);
            if (await simulation.Get<ScanBook>().FindClosingAsync(scan, CancellationToken.None) is { } closing)
            {
                figures.Add(closing.Figures);
            }
        }

        return figures;
    }
}
