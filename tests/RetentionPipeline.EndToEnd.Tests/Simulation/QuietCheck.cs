using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>Whether nothing is left to be done but what waits for a person.</summary>
internal static class QuietCheck
{
    public static async Task<bool> IsQuietAsync(SimulatedPipeline simulation)
    {
        var holds = simulation.Get<HoldTable>();
        await foreach (var hold in holds.ListAsync(CancellationToken.None))
        {
            if (hold.State is HoldState.Pending or HoldState.Releasing)
            {
                return false;
            }
        }

        var policy = await simulation.Get<PolicyBook>().InForceAsync(CancellationToken.None);
        if ((await simulation.Get<ScanSchedule>().ListDueAsync(policy.Rules, ScheduleUse.CommandsOnly, CancellationToken.None)).Count > 0)
        {
            return false;
        }

        var book = simulation.Get<ScanBook>();
        foreach (var open in await simulation.Get<OpenScans>().ListAsync(CancellationToken.None))
        {
            var parked = await book.FindVerdictAsync(open.Scan, CancellationToken.None) is { Kind: VerdictKind.Over }
                && await book.FindDecisionAsync(open.Scan, CancellationToken.None) is null;
            if (!parked)
            {
                return false;
            }
        }

        return true;
    }
}
