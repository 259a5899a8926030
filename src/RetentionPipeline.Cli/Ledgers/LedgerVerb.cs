using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;
using Spectre.Console;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger export|verify</c>.</summary>
internal static class LedgerVerb
{
    public static Command Build() => new("ledger", "Exports and verifies the ledger.") { BuildExport(), BuildVerify() };

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

    private static Command BuildVerify()
    {
        var folder = new Argument<string>("DIR") { Description = "Exported log." };
        var key = new Option<string>("--key") { Description = "Verifier key, from whom you trust.", Required = true };
        var openings = new Option<string?>("--openings") { Description = "Folder of openings, for the rules that need them." };
        var command = new Command("verify", "Verifies structure and meaning of an exported log, offline.") { folder, key, openings };
        command.SetAction(result =>
        {
            NoteVerifier verifier;
            try
            {
                verifier = NoteVerifier.Parse(result.GetValue(key)!);
            }
            catch (FormatException problem)
            {
                Console.Error.WriteLine(problem.Message);
                return ExitCodes.Usage;
            }

            if (!Directory.Exists(result.GetValue(folder)))
            {
                Console.Error.WriteLine($"There is no folder '{result.GetValue(folder)}'.");
                return ExitCodes.Usage;
            }

            var source = result.GetValue(openings) is { } beside ? new OpeningsFolder(beside) : null;
            var verdict = AnsiConsole.Progress().Start(progress =>
            {
                var task = progress.AddTask("leaves");
                return LogVerification.Verify(result.GetValue(folder)!, verifier, source, (done, total) =>
                {
                    task.MaxValue = total;
                    task.Value = done;
                });
            });
            return Tell(verdict);
        });
        return command;
    }

    private static int Tell(LogVerdict verdict)
    {
        foreach (var problem in verdict.Problems)
        {
            Console.WriteLine($"{(problem.Index is { } index ? $"leaf {index}" : "log")}: {problem.Rule}: {problem.Message}");
        }

        foreach (var line in verdict.Structure.Unchecked)
        {
            Console.WriteLine($"unchecked: a signature of {line}, a key that was not given");
        }

        foreach (var hold in verdict.Meaning?.UncheckedHolds ?? [])
        {
            Console.WriteLine($"unchecked: hold {hold} on a person or record; give --openings to check it");
        }

        foreach (var request in verdict.Meaning?.UncheckedRequests ?? [])
        {
            Console.WriteLine($"unchecked: the list of datasets of request {request}; give --openings to check it");
        }

        foreach (var (operation, age) in verdict.Meaning?.OpenIntents ?? [])
        {
            Console.WriteLine($"open: intent of {operation}, {age.TotalMinutes:F0} minutes old");
        }

        if (verdict.Structure.Checkpoint is { } checkpoint)
        {
            Console.WriteLine($"{checkpoint.Size} leaves of {checkpoint.Origin}, root {Convert.ToHexStringLower(checkpoint.Root)}");
        }

        Console.WriteLine(verdict.IsWell ? "The log is well." : "The log is NOT well.");
        return verdict.IsWell ? ExitCodes.Done : ExitCodes.FailedOrWaits;
    }
}
