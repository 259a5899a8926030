using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Cli.Running;

/// <summary><c>retention run</c>: one more instance of a deployment's pipeline, until Ctrl+C.</summary>
internal static class RunVerb
{
    public static Command Build()
    {
        var target = new Target();
        var command = new Command("run", "Runs an instance of the pipeline until Ctrl+C.");
        target.AddTo(command);
        command.SetAction(async (result, stopping) =>
        {
            using var log = new RunLog(
                Path.Combine(target.FolderOf(result), $"log-{Environment.ProcessId}.txt"), TimeProvider.System);
            await using var services = target.Open(result, log);
            var host = new PipelineHost(
                services, ScheduleUse.Schedules, services.GetRequiredService<ILogger<PipelineHost>>());
            await host.RunAsync(stopping);
            return ExitCodes.Done;
        });
        return command;
    }
}
