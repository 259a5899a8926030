using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger export|verify|inspect|doctor|epoch</c>.</summary>
internal static class LedgerVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

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
            var (log, beside) = (result.GetValue(folder)!, result.GetValue(openings));
            try
            {
                return await TellAsync(
                    await services.GetRequiredService<AuditExport>().WriteAsync(log, beside, verifier, Patience, cancel), verifier, log, beside);
            }
            catch (IOException problem)
            {
                await Console.Error.WriteLineAsync(problem.Message);
                return ExitCodes.Usage;
            }
        });
        return command;
    }

    private static async Task<int> TellAsync(ExportAnswer answer, NoteVerifier verifier, string folder, string? beside)
    {
        switch (answer)
        {
            case ExportAnswer.Written written:
                if (beside is not null)
                {
                    Console.WriteLine($"{written.Openings} openings written to {beside}.");
                }

                Console.WriteLine($"{written.Checkpoint.Size} entries written. Verify: retention ledger verify {folder} --key {verifier}");
                return ExitCodes.Done;
            case ExportAnswer.NotTold:
                await Console.Error.WriteLineAsync(
                    "Somebody was forgotten, and the signed log does not tell it yet. Let the pipeline run, then export again; the openings that were written do not fit an older log.");
                return ExitCodes.FailedOrWaits;
            default:
                await Console.Error.WriteLineAsync("The ledger has no checkpoint yet. Run the pipeline first.");
                return ExitCodes.FailedOrWaits;
        }
    }
}
