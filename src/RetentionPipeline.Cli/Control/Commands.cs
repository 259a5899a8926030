using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli.Control;

/// <summary>Writes rows of the commands table and waits for the timer to consume them.</summary>
internal static class Commands
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The row, with its result if it was consumed within 30 seconds.</summary>
    public static async Task<CommandRow?> SubmitAsync(
        IServiceProvider services, CommandVerb verb, string target, CancellationToken cancel)
    {
        var table = services.GetRequiredService<CommandTable>();
        var time = services.GetRequiredService<TimeProvider>();
        var actor = await services.GetRequiredService<Pseudonyms>().OfActorAsync(Environment.UserName, cancel);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await table.SubmitAsync(id, verb, target, actor, cancel);
        var startedAt = time.GetTimestamp();
        while (await table.FindAsync(id, cancel) is { } row)
        {
            if (row.Result is not null || time.GetElapsedTime(startedAt) > Patience)
            {
                return row;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
        }

        return null;
    }

    /// <summary>Says what became of a command.</summary>
    public static int Tell(CommandRow? row)
    {
        switch (row?.Result)
        {
            case null:
                Console.Error.WriteLine("No instance has consumed the command within 30 seconds. The row stands: the next one will.");
                return ExitCodes.FailedOrWaits;
            case "approved" or "refused" or "asked":
                Console.WriteLine(row.Result);
                return ExitCodes.Done;
            default:
                Console.Error.WriteLine($"Nothing was done: {row.Result}.");
                return row.Result.EndsWith("-unknown", StringComparison.Ordinal) ? ExitCodes.Usage : ExitCodes.FailedOrWaits;
        }
    }
}
