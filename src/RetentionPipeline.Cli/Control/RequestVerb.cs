using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Requests;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention request show|admit|refuse|lint</c>.</summary>
internal static class RequestVerb
{
    public static Command Build() => new("request", "Shows deletion requests, decides on parked ones, checks messages.")
    {
        BuildShow(),
        BuildDecision("admit", "Lets a request go on that is above its source's cap.", (desk, source, id, cancel) => desk.AdmitAsync(source, id, cancel)),
        BuildDecision("refuse", "Refuses a request that is above its source's cap.", (desk, source, id, cancel) => desk.RefuseAsync(source, id, cancel)),
        BuildLint(),
    };

    private static Command BuildShow()
    {
        var target = new Target();
        var (source, id) = Names();
        var command = new Command("show", "Tells where a request stands, dataset by dataset.") { source, id };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var desk = services.GetRequiredService<RequestDesk>();
            if (await desk.FindAsync(result.GetValue(source)!, result.GetValue(id)!, cancel) is not { } status)
            {
                return SayUnknown();
            }

            var row = status.Row;
            Console.WriteLine($"{row.Request:D} {RequestAnswers.Word(row.State)}, received {row.ReceivedAt:u}");
            foreach (var reason in row.Reasons)
            {
                Console.WriteLine($"  {reason}");
            }

            foreach (var dataset in status.Datasets)
            {
                Console.WriteLine($"  {dataset.Dataset}: {dataset.State}"
                    + (dataset.Reason is null ? "" : $", {dataset.Reason}, expected by {dataset.ExpectedBy:u}"));
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildDecision(
        string name, string description, Func<RequestDesk, string, string, CancellationToken, Task<RequestChange>> decide)
    {
        var target = new Target();
        var (source, id) = Names();
        var command = new Command(name, description) { source, id };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            switch (await decide(
                services.GetRequiredService<RequestDesk>(), result.GetValue(source)!, result.GetValue(id)!, cancel))
            {
                case RequestChange.Changed:
                    Console.WriteLine("Done. Its source is told.");
                    return ExitCodes.Done;
                case RequestChange.NotParked:
                    Console.Error.WriteLine("Nothing was done: the request is not parked.");
                    return ExitCodes.FailedOrWaits;
                default:
                    return SayUnknown();
            }
        });
        return command;
    }

    private static Command BuildLint()
    {
        var file = new Argument<string>("FILE") { Description = "Message, as it would be sent: CloudEvents in structured JSON mode." };
        var policy = new Option<string>("--policy") { Description = "Policy document.", Required = true };
        var source = new Option<string>("--source") { Description = "The source that would send it.", Required = true };
        var command = new Command("lint", "Reports every reason for which a message would be refused.") { file, policy, source };
        command.SetAction(result => Lint(result.GetValue(file)!, result.GetValue(policy)!, result.GetValue(source)!));
        return command;
    }

    private static int Lint(string file, string policyFile, string name)
    {
        byte[] body;
        string text;
        try
        {
            (body, text) = (File.ReadAllBytes(file), File.ReadAllText(policyFile));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"'{file}' or '{policyFile}' cannot be read. Check the names and the permissions.");
            return ExitCodes.Usage;
        }

        if (PolicyDocument.Load(text, policyFile).Policy?.Sources.GetValueOrDefault(name) is not { } source)
        {
            Console.Error.WriteLine($"'{policyFile}' is no policy with a source '{name}'. See: retention policy lint.");
            return ExitCodes.Usage;
        }

        var read = RequestEvent.Read(body, source);
        foreach (var reason in read.Reasons)
        {
            Console.WriteLine($"{file}: {reason}");
        }

        Console.WriteLine(read.Reasons.Count == 0
            ? $"{file}: would be accepted, with {read.Identifiers.Count} identifiers."
            : $"{file}: would be rejected.");
        return read.Reasons.Count == 0 ? ExitCodes.Done : ExitCodes.FailedOrWaits;
    }

    private static (Argument<string> Source, Argument<string> Id) Names() => (
        new("SOURCE") { Description = "Name of the source." }, new("ID") { Description = "Id of the event, as the source sent it." });

    private static int SayUnknown()
    {
        Console.Error.WriteLine("No such request was received.");
        return ExitCodes.Usage;
    }
}
