using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger export|verify|inspect|doctor|epoch</c>.</summary>
internal static class LedgerVerb
{
    public static Command Build() => new("ledger", "Exports, verifies, shows and examines the ledger, and keeps its keys of pseudonyms.")
    {
        BuildExport(), VerifyVerb.Build(), InspectVerb.Build(), DoctorVerb.Build(), EpochVerb.Build(),
    };

    private static Command BuildExport()
    {
        var target = new Target();
        var folder = new Argument<string>("DIR") { Description = "New or empty folder." };
        var openings = new Option<string?>("--openings") { Description = "Also write the openings, for auditors, to this folder." };
        var command = new Command("export", "Writes the log in the layout of C2SP tlog-tiles.") { folder, openings };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var verifier = await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(cancel);
            Checkpoint? checkpoint;
            try
            {
                checkpoint = await services.GetRequiredService<LogExport>().WriteAsync(result.GetValue(folder)!, verifier, cancel);
            }
            catch (IOException problem)
            {
                await Console.Error.WriteLineAsync(problem.Message);
                return ExitCodes.Usage;
            }

            if (checkpoint is null)
            {
                await Console.Error.WriteLineAsync("The ledger has no checkpoint yet. Run the pipeline first.");
                return ExitCodes.FailedOrWaits;
            }

            if (result.GetValue(openings) is { } beside)
            {
                var written = await new OpeningsFolder(beside).WriteAsync(
                    services.GetRequiredService<IObjectStore>(), services.GetRequiredService<OperationBooks>(),
                    services.GetRequiredService<HoldTable>(), services.GetRequiredService<Pseudonyms>(), cancel);
                Console.WriteLine($"{written} openings written to {beside}.");
            }

            Console.WriteLine($"{checkpoint.Size} entries written. Verify: retention ledger verify {result.GetValue(folder)} --key {verifier}");
            return ExitCodes.Done;
        });
        return command;
    }
}
