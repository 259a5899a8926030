using System.CommandLine;
using System.Globalization;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Ledger;
using Spectre.Console;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger verify</c>: needs the folder and a key, nothing else.</summary>
internal static class VerifyVerb
{
    public static Command Build()
    {
        var folder = new Argument<string>("DIR") { Description = "Exported log." };
        var key = new Option<string>("--key") { Description = "Verifier key, from whom you trust.", Required = true };
        var openings = new Option<string?>("--openings") { Description = "Folder of openings, for the rules that need them." };
        var remember = new Option<string?>("--remember")
        {
            Description = "File of the checkpoint that was verified last. If it is there, it is proved that the log only grew since, and only what is new is checked; if the log is well, the new checkpoint is put there.",
        };
        var json = new Option<bool>("--json") { Description = "Tell it as JSON." };
        var command = new Command("verify", "Verifies structure and meaning of an exported log, offline.") { folder, key, openings, remember, json };
        command.SetAction(result =>
        {
            if (Open(result.GetValue(folder)!, result.GetValue(key)!, result.GetValue(remember)) is not { } verifier)
            {
                return ExitCodes.Usage;
            }

            var source = result.GetValue(openings) is { } beside ? new OpeningsFolder(beside) : null;
            var verdict = WithProgress(told => LogVerification.Verify(verifier, source, told));
            Tell(VerdictReport.Of(verdict, verifier.Since?.Size ?? 0), result.GetValue(json));
            if (verdict.IsWell && result.GetValue(remember) is { } file)
            {
                File.Copy(Path.Combine(result.GetValue(folder)!, "checkpoint"), file + ".new", overwrite: true);
                File.Move(file + ".new", file, overwrite: true);
            }

            return verdict.IsWell ? ExitCodes.Done : ExitCodes.FailedOrWaits;
        });
        return command;
    }

    /// <summary>Null, and said why, where folder, key or remembered checkpoint cannot be used.</summary>
    private static StructuralVerifier? Open(string folder, string key, string? remembered)
    {
        try
        {
            var verifier = NoteVerifier.Parse(key);
            if (!Directory.Exists(folder))
            {
                Console.Error.WriteLine($"There is no folder '{folder}'.");
                return null;
            }

            var since = remembered is not null && File.Exists(remembered)
                ? Checkpoint.Open(SignedNote.Parse(File.ReadAllBytes(remembered)), verifier)
                : null;
            return new StructuralVerifier(folder, verifier) { Since = since };
        }
        catch (FormatException problem)
        {
            Console.Error.WriteLine(problem.Message);
            return null;
        }
    }

    /// <summary>A bar on a terminal, beside what is told; nothing in a pipe.</summary>
    private static LogVerdict WithProgress(Func<Action<long, long>, LogVerdict> verify)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return Console.IsErrorRedirected || !console.Profile.Capabilities.Interactive
            ? verify((_, _) => { })
            : console.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .Start(progress =>
                {
                    var task = progress.AddTask("leaves");
                    return verify((done, total) =>
                    {
                        task.MaxValue = total;
                        task.Value = done;
                    });
                });
    }

    private static void Tell(VerdictReport report, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(report.ToJson());
            return;
        }

        foreach (var problem in report.Problems)
        {
            Console.WriteLine($"{(problem.Index is { } index ? $"leaf {index}" : "log")}: {problem.Rule}: {problem.Message}");
        }

        foreach (var rule in report.Problems.DistinctBy(problem => problem.Rule))
        {
            Console.WriteLine($"{rule.Rule} means: {rule.Meaning}");
        }

        foreach (var gap in report.Unchecked)
        {
            Console.WriteLine($"unchecked: {gap.What}; {gap.Why}");
        }

        foreach (var open in report.OpenIntents)
        {
            Console.WriteLine($"open: intent of {open.Operation}, {open.AgeSeconds / 60} minutes old");
        }

        if (report.CheckedFrom > 0)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"The log only grew since the remembered checkpoint. Its first {report.CheckedFrom} leaves were checked then, and only read now."));
        }

        if (report.Size is { } size)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{size} leaves of {report.Log}, root {report.Root}"));
        }

        Console.WriteLine(report.IsWell ? "The log is well." : "The log is NOT well.");
    }
}
