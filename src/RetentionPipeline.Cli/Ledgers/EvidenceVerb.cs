using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention evidence get|verify</c>.</summary>
internal static class EvidenceVerb
{
    public static Command Build() => new("evidence", "Writes and verifies evidence: of a request, or of scans.")
    {
        BuildGet(), BuildVerify(), BuildVerifier(),
    };

    private static Command BuildGet()
    {
        var target = new Target();
        var what = new BundleScopeOptions();
        var file = new Option<string?>("--out") { Description = "File to write; evidence-REQUEST.zip or evidence-scans.zip if not given." };
        var command = new Command("get", "Writes the evidence of a request or of scans, as far as the log goes, into one file.") { file };
        what.AddTo(command);
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            var (request, scope) = what.Read(result);
            if (request is null && scope is null)
            {
                await Console.Error.WriteLineAsync(
                    "Give the request's id in the log, or its source and the id that the source gave it; or --scan, --dataset, --from and --to (days, yyyy-MM-dd).");
                return ExitCodes.Usage;
            }

            await using var services = target.Open(result);
            var verifier = await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(cancel);
            var answer = request is { } id
                ? await services.GetRequiredService<BundleCollector>().CollectAsync(id, verifier, cancel)
                : await services.GetRequiredService<ScanBundleCollector>().CollectAsync(scope!, verifier, cancel);
            return await TellAsync(answer, result.GetValue(file) ?? $"evidence-{request?.ToString("D") ?? "scans"}.zip", verifier, cancel);
        });
        return command;
    }

    private static Command BuildVerifier()
    {
        var command = new Command("verifier", "Writes verify.html, the page that checks a bundle in a browser, to standard output.");
        command.SetAction(async (_, cancel) =>
        {
            await using var output = Console.OpenStandardOutput();
            await output.WriteAsync(VerifierPage.Bytes(), cancel);
            return ExitCodes.Done;
        });
        return command;
    }

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
                await Console.Error.WriteLineAsync("The log does not hold the request, or no such scan, yet. Try again when the next checkpoint is published.");
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
        var trusted = new BundleTrustOptions();
        var command = new Command("verify", "Verifies a bundle, offline.") { file };
        trusted.AddTo(command);
        command.SetAction(result =>
        {
            try
            {
                var trust = trusted.Read(result);
                var length = new FileInfo(result.GetValue(file)!).Length;
                return length > BundleVerification.MaxBytes
                    ? SayUnusable($"'{result.GetValue(file)}' has {length} bytes; a bundle has at most {BundleVerification.MaxBytes}.")
                    : Tell(BundleVerification.Verify(File.ReadAllBytes(result.GetValue(file)!), trust));
            }
            catch (FormatException problem)
            {
                return SayUnusable(problem.Message);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                return SayUnusable($"'{result.GetValue(file)}', or the file of --roots, cannot be read.");
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
            if (claim.Absence is { } absence)
            {
                Console.WriteLine($"{claim.Dataset}: {(absence.Stands ? "signed statement" : "no statement")} that nothing was older than rule {absence.Rule} allows, as of {absence.CutOffAt:u}; "
                    + $"{absence.Examined} examined, {absence.Undated} without a date, {absence.Consistency} reads");
            }
        }

        foreach (var line in verdict.Anchors)
        {
            Console.WriteLine(line);
        }

        if (verdict.Checkpoint is { } checkpoint)
        {
            Console.WriteLine($"under {checkpoint.Size} leaves of {checkpoint.Origin}, root {Convert.ToHexStringLower(checkpoint.Root)}");
        }

        Console.WriteLine(verdict.IsWell ? $"The bundle is well. Grade {verdict.Grade}: {verdict.GradeMeans}." : "The bundle is NOT well.");
        return verdict.IsWell ? ExitCodes.Done : ExitCodes.FailedOrWaits;
    }
}
