using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Cli.Ledgers;

/// <summary><c>retention ledger doctor</c>: ends with 1 where somebody has to look at something.</summary>
internal static class DoctorVerb
{
    private const int MostShown = 10;

    public static Command Build()
    {
        var target = new Target();
        var json = new Option<bool>("--json") { Description = "Tell it as JSON." };
        var command = new Command("doctor", "Examines lanes, log, anchors and locks of a deployment.") { json };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var health = await services.GetRequiredService<LedgerDoctor>().ExamineAsync(cancel);
            if (result.GetValue(json))
            {
                Console.WriteLine(health.ToJson());
            }
            else
            {
                Tell(health);
            }

            return health.Troubles().Count == 0 ? ExitCodes.Done : ExitCodes.FailedOrWaits;
        });
        return command;
    }

    private static void Tell(LedgerHealth health)
    {
        Say($"log: {(health.Size is { } size ? $"{size} leaves, the youngest {Age(health, health.NewestLeafAt)} old" : "no checkpoint yet")}");
        Say($"lanes: {health.Lanes.Blocks} blocks, {health.Lanes.Waiting.Sum()} bytes wait for the log{(health.WaitingSince is { } since ? $", for {Age(health, since)}" : "")}");
        Say($"open intents: {health.OpenIntents.Count}");
        foreach (var open in health.OpenIntents.Take(MostShown))
        {
            Say($"  {open.Operation}, {Age(health, open.At)} old");
        }

        foreach (var anchor in health.Anchors)
        {
            Say($"anchor: {anchor.Party} ({anchor.Kind}) vouched for {anchor.Size} leaves, {Age(health, anchor.At)} ago");
        }

        foreach (var container in health.Locks)
        {
            Say($"container {container.Container}: {Words(container)}");
        }

        foreach (var limit in health.Limits())
        {
            Say($"limit: {limit}");
        }

        foreach (var trouble in health.Troubles())
        {
            Say($"TROUBLE: {trouble}");
        }

        Say($"Grade {health.Grade}. {(health.Troubles().Count == 0 ? "Nothing to look at." : "Somebody has to look at this.")}");
    }

    private static string Words(ContainerLock container) => container.State switch
    {
        LockState.None => "no immutability policy",
        LockState.Unseen => "an immutability policy; name the account's resource in the deployment to see whether it is locked",
        LockState.Unlocked => $"a policy of {container.Days} days that is NOT locked",
        _ => $"locked for {container.Days} days{(container.AllowsAppends == true ? ", append blobs may grow" : "")}",
    };

    private static string Age(LedgerHealth health, DateTimeOffset? at) => at is { } instant
        ? (health.At - instant) switch
        {
            { TotalDays: >= 2 } age => $"{age.TotalDays:F0} days",
            { TotalHours: >= 2 } age => $"{age.TotalHours:F0} hours",
            { TotalMinutes: >= 2 } age => $"{age.TotalMinutes:F0} minutes",
            var age => $"{Math.Max(0, age.TotalSeconds):F0} seconds",
        }
        : "nothing";

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
