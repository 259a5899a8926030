using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention hold place|list|release</c>.</summary>
internal static class HoldVerb
{
    private static readonly string[] Reasons = ["litigation", "investigation", "audit", "regulator"];

    public static Command Build() => new("hold", "Places, lists and releases legal holds.")
    {
        BuildPlace(), BuildList(), BuildRelease(),
    };

    private static Command BuildPlace()
    {
        var target = new Target();
        var name = new Argument<string>("NAME") { Description = "Matter number; never a person's name." };
        var reason = new Option<string>("--reason") { Description = string.Join(", ", Reasons), Required = true };
        var dataset = new Option<string?>("--dataset") { Description = "Hold every record of this dataset, or with --id one of it." };
        var subject = new Option<string[]>("--subject") { Description = "Hold a person: KIND=IDENTIFIER, as often as needed." };
        var partition = new Option<string>("--partition") { Description = "Partition of the record.", DefaultValueFactory = _ => "" };
        var id = new Option<string?>("--id") { Description = "Id of the record (RowKey, blob name)." };
        reason.AcceptOnlyFromAmong(Reasons);
        var command = new Command("place", "Places a legal hold; in force at once.") { name, reason, dataset, subject, partition, id };
        target.AddTo(command);
        command.Validators.Add(result =>
        {
            var subjects = result.GetValue(subject) ?? [];
            if ((result.GetValue(dataset) is null) == (subjects.Length == 0))
            {
                result.AddError("Give --dataset (with --id for one record), or --subject.");
            }
            else if (subjects.Any(text => text.IndexOf('=', StringComparison.Ordinal) < 1))
            {
                result.AddError("A subject is written KIND=IDENTIFIER, such as customer-id=C123.");
            }
        });
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var policy = await services.GetRequiredService<PolicyBook>().InForceAsync(cancel);
            HoldScope scope = (result.GetValue(dataset), result.GetValue(id)) switch
            {
                ({ } named, { } record) => new HoldScope.OfRecord(named, new RecordKey(result.GetValue(partition)!, record)),
                ({ } named, null) => new HoldScope.OfDataset(named),
                _ => new HoldScope.OfSubject([.. result.GetValue(subject)!.Select(Identifier)]),
            };
            if (result.GetValue(dataset) is { } asked && !policy.Datasets.ContainsKey(asked))
            {
                Console.Error.WriteLine($"The policy in force has no dataset '{asked}'. Nothing was placed.");
                return ExitCodes.Usage;
            }

            var hold = await services.GetRequiredService<HoldDesk>().PlaceAsync(
                result.GetValue(name)!, scope, result.GetValue(reason)!, Environment.UserName, cancel);
            Console.WriteLine($"{hold.Name}: in force, {hold.State.ToString().ToLowerInvariant()}.");
            SayWhatIsHeldWhole(policy, scope);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What cannot be searched for a person is held whole while the hold stands.</summary>
    private static void SayWhatIsHeldWhole(Policy policy, HoldScope scope)
    {
        if (scope is not HoldScope.OfSubject)
        {
            return;
        }

        foreach (var dataset in policy.Datasets.Values.Where(dataset =>
            dataset.Subjects.Count == 0 && dataset.Format is null && policy.Stores[dataset.Store].Kind is StoreKind.Blob))
        {
            Console.WriteLine($"Dataset {dataset.Name} cannot be searched for a person: all of it is held.");
        }
    }

    private static Command BuildList()
    {
        var target = new Target();
        var command = new Command("list", "Lists holds and what they wait for.");
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            await foreach (var hold in services.GetRequiredService<HoldTable>().ListAsync(cancel))
            {
                var scope = hold.Scope switch
                {
                    HoldScope.OfDataset of => $"dataset {of.Dataset}",
                    HoldScope.OfRecord of => $"one record of {of.Dataset}",
                    _ => "a person",
                };
                Console.WriteLine($"{hold.Name}: {hold.State.ToString().ToLowerInvariant()}, {scope}, {hold.Reason}, since {hold.PlacedAt:u}");
                foreach (var line in hold.Progress)
                {
                    Console.WriteLine("  " + line);
                }
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildRelease()
    {
        var target = new Target();
        var name = new Argument<string>("NAME") { Description = "Name of the hold." };
        var command = new Command("release", "Releases a hold; the next scans find what is due.") { name };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var hold = await services.GetRequiredService<HoldDesk>().ReleaseAsync(result.GetValue(name)!, cancel);
            Console.WriteLine(hold is null ? "No hold of that name is in force." : $"{hold.Name}: released.");
            return hold is null ? ExitCodes.Usage : ExitCodes.Done;
        });
        return command;
    }

    private static SubjectIdentifier Identifier(string text)
    {
        var split = text.IndexOf('=', StringComparison.Ordinal);
        return SubjectIdentifier.Of(text[..split], text[(split + 1)..]);
    }
}
