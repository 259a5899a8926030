using System.CommandLine;
using Azure;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Cli.Control;
using RetentionPipeline.Cli.Ledgers;
using RetentionPipeline.Cli.Policies;
using RetentionPipeline.Cli.Running;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli;

/// <summary>Every verb but the filter.</summary>
internal static class Verbs
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Keeps the promise to delete.")
        {
            PolicyVerb.Build(), RunVerb.Build(), PlanVerb.Build(), ScanVerb.Build(), StopVerb.BuildStop(),
            StopVerb.BuildResume(), HoldVerb.Build(), RequestVerb.Build(), SubjectVerb.Build(), KeyVerb.Build(), LedgerVerb.Build(), EvidenceVerb.Build(),
            new Command("anonymise", "A filter that cuts addresses in logs: retention anonymise --help") { CheckVerb.Build() },
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            await parsed.InvokeAsync();
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception problem) when (problem is DeploymentException or HoldNameTakenException or SecretRefusedException)
        {
            await Console.Error.WriteLineAsync(problem.Message);
            return ExitCodes.Usage;
        }
        catch (RequestFailedException unreachable)
        {
            // The SDK's own text quotes the request.
            await Console.Error.WriteLineAsync(
                $"The pipeline's storage cannot be reached (status {unreachable.Status}). Is it up? A local run keeps it up with --keep.");
            return ExitCodes.CannotReach;
        }
    }
}

/// <summary>The same everywhere.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int FailedOrWaits = 1;
    public const int Usage = 2;
    public const int CannotReach = 3;
}
