using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention subject find|forget</c>: one person in what is kept beside the log.</summary>
internal static class SubjectVerb
{
    public static Command Build() => new("subject", "Finds a person in the evidence, and forgets one.") { BuildFind(), BuildForget() };

    private static Command BuildFind()
    {
        var target = new Target();
        var person = Person();
        var command = new Command("find", "Lists the records and requests whose openings name a person.") { person };
        target.AddTo(command);
        AddTo(command, person);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var finder = services.GetRequiredService<SubjectFinder>();
            var names = await finder.NamesOfAsync(Identifiers(result.GetValue(person)!), cancel);
            var (records, requests) = (0, 0);
            await foreach (var found in finder.FindRecordsAsync(names, cancel))
            {
                records++;
                Console.WriteLine($"operation {found.Operation:D}, record {found.Place} of {found.Count}: {found.Result?.ToString().ToLowerInvariant() ?? "not ended"}");
            }

            await foreach (var request in finder.FindRequestsAsync(names, cancel))
            {
                requests++;
                Console.WriteLine($"request {request:D}");
            }

            var epochs = await services.GetRequiredService<EpochTable>().ListAsync(cancel);
            var destroyed = epochs.Count(epoch => epoch.State is KeyEpochState.Destroying or KeyEpochState.Gone or KeyEpochState.Destroyed);
            Console.WriteLine($"{records} records and {requests} requests name the person."
                + (destroyed > 0 ? $" Under {destroyed} destroyed epochs nobody can be found." : ""));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildForget()
    {
        var target = new Target();
        var person = Person();
        var command = new Command("forget", "Takes a person out of the openings for ever; every proof of others stays.") { person };
        target.AddTo(command);
        AddTo(command, person);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            switch (await services.GetRequiredService<SubjectForgetting>().ForgetAsync(Identifiers(result.GetValue(person)!), cancel))
            {
                case ForgetAnswer.Done done:
                    Console.WriteLine($"Forgotten in {done.OfRecords} records and {done.OfRequests} requests; the log says how many, not whom.");
                    return ExitCodes.Done;
                case ForgetAnswer.Held:
                    await Console.Error.WriteLineAsync("A legal hold covers the person. Nothing was forgotten; release it first: retention hold release NAME.");
                    return ExitCodes.FailedOrWaits;
                case ForgetAnswer.ByAnother:
                    Console.WriteLine("Another instance has gone on with it and ended it; the log says in how many, not whom.");
                    return ExitCodes.Done;
                default:
                    Console.WriteLine("No opening names the person.");
                    return ExitCodes.Done;
            }
        });
        return command;
    }

    private static Argument<string[]> Person() => new("KIND=IDENTIFIER")
    {
        Description = "The person, by one identifier or several, such as customer-id=C123.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static void AddTo(Command command, Argument<string[]> person) => command.Validators.Add(result =>
    {
        if ((result.GetValue(person) ?? []).Any(text => text.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            result.AddError("A person is written KIND=IDENTIFIER, such as customer-id=C123.");
        }
    });

    private static IReadOnlyList<SubjectIdentifier> Identifiers(string[] texts) => [.. texts.Select(text =>
    {
        var split = text.IndexOf('=', StringComparison.Ordinal);
        return SubjectIdentifier.Of(text[..split], text[(split + 1)..]);
    })];
}
