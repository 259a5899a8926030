using System.CommandLine;
using System.Globalization;
using Azure;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger epoch list|rotate|destroy</c>: keys of the pseudonyms that stand in openings and holds.</summary>
internal static class EpochVerb
{
    private const int Forbidden = 403;

    public static Command Build() => new("epoch", "Lists, rotates and destroys the keys of pseudonyms.")
    {
        BuildList(), BuildRotate(), BuildDestroy(),
    };

    private static Command BuildList()
    {
        var target = new Target();
        var command = new Command("list", "Lists the epochs and where each stands.");
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var epochs = await services.GetRequiredService<EpochTable>().ListAsync(cancel);
            foreach (var epoch in epochs)
            {
                Say(epoch, epoch == epochs.LastOrDefault(one => one.State is KeyEpochState.Live));
            }

            if (epochs.Count == 0)
            {
                Console.WriteLine("No epoch has been made yet: the first opening or hold makes one.");
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildRotate()
    {
        var target = new Target();
        var command = new Command("rotate", "Makes a new key; what is new from then on bears pseudonyms under it.");
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var made = await services.GetRequiredService<EpochDesk>().RotateAsync(cancel);
            Console.WriteLine($"Epoch {made.Number} is made. Every instance uses it within {EpochKeys.Remembers.TotalMinutes:F0} minutes; "
                + "persons are found under the older ones until these are destroyed.");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command BuildDestroy()
    {
        var target = new Target();
        var number = new Argument<int>("EPOCH") { Description = "Number of the epoch." };
        var command = new Command("destroy", "Destroys a key for ever: nobody can be found under its epoch any more.") { number };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var asked = result.GetValue(number);
            try
            {
                return await TellAsync(asked, await services.GetRequiredService<EpochDesk>().DestroyAsync(asked, cancel));
            }
            catch (RequestFailedException refused) when (refused.Status == Forbidden)
            {
                var stands = (await services.GetRequiredService<EpochTable>().ListAsync(cancel)).Any(epoch => epoch.Number == asked && epoch.State is KeyEpochState.Live);
                await Console.Error.WriteLineAsync(stands
                    ? "The vault does not let you read the key. Nothing was destroyed."
                    : "The vault does not let you delete the key. It is decided that it goes: the instances' timer goes on with their own identity. See: retention ledger epoch list.");
                return ExitCodes.FailedOrWaits;
            }
        });
        return command;
    }

    private static async Task<int> TellAsync(int asked, EpochAnswer answer)
    {
        switch (answer)
        {
            case EpochAnswer.Decided decided:
                Say(decided.Epoch, isUsed: false);
                return ExitCodes.Done;
            case EpochAnswer.InUse:
                await Console.Error.WriteLineAsync($"Epoch {asked} is in use. Nothing was destroyed; make a new one first: retention ledger epoch rotate.");
                return ExitCodes.Usage;
            case EpochAnswer.OlderFirst older:
                await Console.Error.WriteLineAsync(
                    $"Epoch {older.Older} is older and not destroyed, and would still link persons. Nothing was destroyed; destroy epoch {older.Older} first.");
                return ExitCodes.Usage;
            case EpochAnswer.TooSoon soon:
                await Console.Error.WriteLineAsync(
                    $"Some instance may use epoch {asked} until {soon.From:u}. Nothing was destroyed; try again then.");
                return ExitCodes.FailedOrWaits;
            case EpochAnswer.Needed needed:
                await Console.Error.WriteLineAsync(
                    $"{needed.OpenRequests} requests that were taken in under epoch {asked} are open, and their evidence needs its key. Nothing was destroyed; try again when they have ended.");
                return ExitCodes.FailedOrWaits;
            default:
                await Console.Error.WriteLineAsync($"There is no epoch {asked}. See: retention ledger epoch list.");
                return ExitCodes.Usage;
        }
    }

    private static void Say(KeyEpoch epoch, bool isUsed) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"epoch {epoch.Number}: ")
        + epoch.State switch
        {
            KeyEpochState.Making => "being made",
            KeyEpochState.Live => $"made {epoch.MadeAt:u}, {(isUsed ? "in use" : "for finding what is older")}",
            KeyEpochState.Destroying when epoch.RecoverableUntil is { } until => $"deleted, to be recovered by the vault's owner until {until:u}; the log says so when it is gone",
            KeyEpochState.Destroying => "being destroyed",
            KeyEpochState.Gone => $"its key is gone; the log says so from {epoch.DestroyedAt:u} on, when no instance remembers it any more",
            _ => $"destroyed {epoch.DestroyedAt:u}",
        });
}
