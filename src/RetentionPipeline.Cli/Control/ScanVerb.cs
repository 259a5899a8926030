using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention scan list|approve|refuse</c>.</summary>
internal static class ScanVerb
{
    public static Command Build() => new("scan", "Shows open scans, and decides on parked ones.")
    {
        BuildList(), BuildDecision("approve", "Releases exactly the records of a parked scan.", CommandVerb.Approve),
        BuildDecision("refuse", "Drops a parked scan; nothing of it is carried out.", CommandVerb.Refuse),
    };

    private static Command BuildList()
    {
        var target = new Target();
        var command = new Command("list", "Lists the scans that have not closed.");
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var overview = services.GetRequiredService<ScanOverview>();
            foreach (var open in await services.GetRequiredService<OpenScans>().ListAsync(cancel))
            {
                if (await overview.FindAsync(open.Scan, cancel) is { } status)
                {
                    Console.WriteLine(
                        $"{open.Scan:D} {status.Phase.ToString().ToLowerInvariant()} {open.Rule}: {status.Totals.Listed} of "
                        + $"{status.Totals.Examined} records, {status.Ended} ended");
                }
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildDecision(string name, string description, CommandVerb verb)
    {
        var target = new Target();
        var scan = new Argument<Guid>("SCAN") { Description = "Id of the scan, as 'retention scan list' shows it." };
        var command = new Command(name, description) { scan };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            return Commands.Tell(await Commands.SubmitAsync(services, verb, result.GetValue(scan).ToString("D"), cancel));
        });
        return command;
    }
}
