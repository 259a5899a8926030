using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention key list|destroy</c>: the keys of <c>hmac</c> and <c>shift-date</c>.</summary>
internal static class KeyVerb
{
    public static Command Build() => new("key", "Lists and destroys the keys of the operators hmac and shift-date.")
    {
        BuildList(), BuildDestroy(),
    };

    private static Command BuildList()
    {
        var target = new Target();
        var command = new Command("list", "Lists the keys that the policy in force names, and those that were destroyed.");
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var ends = await services.GetRequiredService<OperatorKeyTable>().ListAsync(cancel);
            var uses = await services.GetRequiredService<OperatorKeyUses>().InForceAsync(cancel);
            foreach (var (use, rules) in uses.OrderBy(pair => pair.Key.SecretName, StringComparer.Ordinal))
            {
                var isUsed = !ends.Any(end => end.Key == use.Key && end.Epoch == use.Epoch);
                Console.WriteLine($"{Name(use.Key, use.Epoch)}: {(isUsed ? "in use by" : "destroyed, and still named by")} {string.Join(", ", rules)}");
            }

            foreach (var end in ends)
            {
                Say(end);
            }

            if (uses.Count == 0 && ends.Count == 0)
            {
                Console.WriteLine("The policy in force names no key, and none was destroyed.");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildDestroy()
    {
        var target = new Target();
        var name = new Argument<string>("KEY") { Description = "Name of the key, as the policy wrote it." };
        var number = new Argument<int>("EPOCH") { Description = "Its epoch." };
        var command = new Command("destroy", "Destroys a key for ever: what was made with it links to nobody any more.") { name, number };
        target.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!KeyUse.IsName(result.GetValue(name) ?? ""))
            {
                result.AddError("The name of a key has letters, digits and '-', at most 60.");
            }

            if (result.GetValue(number) is < 1 or > KeyUse.MostEpochs)
            {
                result.AddError($"An epoch is a number from 1 to {KeyUse.MostEpochs}.");
            }
        });
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var use = new KeyUse(result.GetValue(name)!, result.GetValue(number));
            switch (await services.GetRequiredService<OperatorKeyDesk>().DestroyAsync(use, cancel))
            {
                case OperatorKeyAnswer.Decided { End: var end }:
                    Say(end);
                    return ExitCodes.Done;
                case OperatorKeyAnswer.InUse used:
                    await Console.Error.WriteLineAsync(
                        $"The policy in force names it: {string.Join(", ", used.Rules)}. Nothing was destroyed; give these rules a higher 'epoch' first.");
                    return ExitCodes.Usage;
                case OperatorKeyAnswer.Needed needed:
                    await Console.Error.WriteLineAsync(
                        $"Scans that were planned with it are open: {string.Join(", ", needed.Scans)}. Nothing was destroyed; try again when they have closed.");
                    return ExitCodes.FailedOrWaits;
                default:
                    await Console.Error.WriteLineAsync($"There is no {Name(use.Key, use.Epoch)}. See: retention key list.");
                    return ExitCodes.Usage;
            }
        });
        return command;
    }

    private static string Name(string key, int epoch) => string.Create(CultureInfo.InvariantCulture, $"key {key}, epoch {epoch}");

    private static void Say(OperatorKeyEnd end) => Console.WriteLine($"{Name(end.Key, end.Epoch)}: " + end switch
    {
        { IsTold: true } => string.Create(CultureInfo.InvariantCulture, $"destroyed {end.TellableAt:u}"),
        { TellableAt: { } from } => string.Create(CultureInfo.InvariantCulture, $"gone; the log says so from {from:u} on, when no delivery remembers it any more"),
        { RecoverableUntil: { } until } => string.Create(CultureInfo.InvariantCulture, $"deleted, to be recovered by the vault's owner until {until:u}; the log says so when it is gone"),
        _ => "being destroyed",
    });
}
