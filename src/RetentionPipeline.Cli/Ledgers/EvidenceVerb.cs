using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention evidence get|verify</c>.</summary>
internal static class EvidenceVerb
{
    public static Command Build() => new("evidence", "Writes and verifies the evidence of one request.") { BuildGet(), BuildVerify() };

    private static Command BuildGet()
    {
        var target = new Target();
        var request = new Argument<string[]>("REQUEST")
        {
            Description = "Id of the request in the log, or SOURCE and ID as in request show.",
            Arity = new ArgumentArity(1, 2),
        };
        var file = new Option<string?>("--out") { Description = "File to write; evidence-REQUEST.zip if not given." };
        var command = new Command("get", "Writes the evidence of a request, as far as the log goes, into one file.") { request, file };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            if (IdOf(result.GetValue(request)!) is not { } id)
            {
                await Console.Error.WriteLineAsync("Give the request's id in the log, or its source and the id that the source gave it.");
                return ExitCodes.Usage;
            }

            await using var services = target.Open(result);
            var verifier = await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(cancel);
            var answer = await services.GetRequiredService<BundleCollector>().CollectAsync(id, verifier, cancel);
            return await TellAsync(answer, result.GetValue(file) ?? $"evidence-{id:D}.zip", verifier, cancel);
        });
        return command;
    }

    private static Guid? IdOf(string[] words) => words switch
    {
        [var id] => Guid.TryParseExact(id, "D", out var request) ? request : null,
        [var source, var id] => DerivedId.RequestOf(source, id),
        _ => null,
    };

    private static async Task<int> TellAsync(BundleAnswer answer, string file, NoteVerifier verifier, CancellationToken cancel)
    {
        switch (answer)
        {
            case BundleAnswer.Ready ready:
                try
                {
                    await File.WriteAllBytesAsync(file, ready.Zip, cancel);
                }
                catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
                {
                    await Console.Error.WriteLineAsync($"'{file}' cannot be written. Name another file with --out.");
                    return ExitCodes.Usage;
                }

                Console.WriteLine($"{file}: {ready.Files} files. Verify: retention evidence verify {file} --key {verifier}");
                return ExitCodes.Done;
            case BundleAnswer.NotInLog:
                await Console.Error.WriteLineAsync("The log does not hold the request yet. Try again when the next checkpoint is published.");
                return ExitCodes.FailedOrWaits;
            case BundleAnswer.TooLarge:
                await Console.Error.WriteLineAsync("The evidence is larger than a bundle can be. Export the log and its openings instead: retention ledger export.");
                return ExitCodes.FailedOrWaits;
            default:
                await Console.Error.WriteLineAsync("No such request was received.");
                return ExitCodes.Usage;
        }
    }

    private static Command BuildVerify()
    {
        var file = new Argument<string>("ZIP") { Description = "Bundle." };
        var key = new Option<string>("--key") { Description = "Verifier key, from whom you trust.", Required = true };
        var command = new Command("verify", "Verifies a bundle, offline.") { file, key };
        command.SetAction(result =>
        {
            try
            {
                var verifier = NoteVerifier.Parse(result.GetValue(key)!);
                var length = new FileInfo(result.GetValue(file)!).Length;
                return length > BundleVerification.MaxBytes
                    ? SayUnusable($"'{result.GetValue(file)}' has {length} bytes; a bundle has at most {BundleVerification.MaxBytes}.")
                    : Tell(BundleVerification.Verify(File.ReadAllBytes(result.GetValue(file)!), verifier));
            }
            catch (FormatException problem)
            {
                return SayUnusable(problem.Message);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                return SayUnusable($"'{result.GetValue(file)}' cannot be read.");
            }
        });
        return command;
    }

    private static int SayUnusable(string message)
    {
        Console.Error.WriteLine(message);
        return ExitCodes.Usage;
    }

    private static int Tell(BundleVerdict verdict)
    {
        foreach (var problem in verdict.Problems)
        {
            Console.WriteLine($"{problem.File}: {problem.Rule}: {problem.Message}");
        }

        foreach (var line in verdict.Unchecked)
        {
            Console.WriteLine($"unchecked: {line}");
        }

        foreach (var claim in verdict.Claims)
        {
            var counts = string.Concat(claim.Counts.Select(pair => $", {pair.Value} {pair.Key}"));
            var reasons = string.Concat(claim.Reasons.Select(pair => $", {pair.Key}"));
            Console.WriteLine($"{claim.Dataset}: {claim.State}{counts}{reasons}{(claim.Until is { } until ? $", copies until {until:u}" : "")}");
        }

        if (verdict.Checkpoint is { } checkpoint)
        {
            Console.WriteLine($"under {checkpoint.Size} leaves of {checkpoint.Origin}, root {Convert.ToHexStringLower(checkpoint.Root)}");
        }

        Console.WriteLine(verdict.IsWell ? "The bundle is well. Grade C: its operator could rewrite this." : "The bundle is NOT well.");
        return verdict.IsWell ? ExitCodes.Done : ExitCodes.FailedOrWaits;
    }
}
