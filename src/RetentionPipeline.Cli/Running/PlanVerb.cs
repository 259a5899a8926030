using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Cli.Control;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;

namespace RetentionPipeline.Cli.Running;

/// <summary><c>retention plan RULE</c>: what the rule would do now, by the same path up to the act.</summary>
internal static class PlanVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static Command Build()
    {
        var target = new Target();
        var rule = new Argument<string>("RULE") { Description = "Name of a rule of the policy in force." };
        var price = new Option<decimal>("--price-per-10000") { Description = "Price of 10,000 requests, or request units, in your currency.", DefaultValueFactory = _ => 0.0036m };
        var command = new Command("plan", "Shows what a rule would do now, and touches nothing.") { rule, price };
        target.AddTo(command);
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var row = await Commands.SubmitAsync(services, CommandVerb.Plan, result.GetValue(rule)!, cancel);
            if (row is not { Result: "asked", Scan: { } scan })
            {
                return Commands.Tell(row);
            }

            var status = await WaitAsync(services, scan, cancel);
            if (status is null)
            {
                Console.Error.WriteLine("The plan is asked for and not made yet. Ask again: the row stands.");
                return ExitCodes.FailedOrWaits;
            }

            var policy = await services.GetRequiredService<PolicyBook>().InForceAsync(cancel);
            Print(status, policy, result.GetValue(price));
            return status.Figures!.Status == "failed" ? ExitCodes.FailedOrWaits : ExitCodes.Done;
        });
        return command;
    }

    private static async Task<ScanStatus?> WaitAsync(IServiceProvider services, Guid scan, CancellationToken cancel)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var startedAt = time.GetTimestamp();
        while (time.GetElapsedTime(startedAt) < Patience)
        {
            if (await services.GetRequiredService<ScanOverview>().FindAsync(scan, cancel) is { Figures: not null } status)
            {
                return status;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
        }

        return null;
    }

    private static void Print(ScanStatus status, Policy policy, decimal price)
    {
        var rule = policy.FindRule(status.Plan.Rule)!;
        var store = policy.Stores[policy.Datasets[rule.Dataset].Store];
        var rate = store.RequestsPerSecond;
        var records = status.Totals.Listed > 0 ? status.Totals.Listed : status.Totals.Due;

        // A delete is one request, a rewrite two; pages and read-backs come in hundreds. Of items of 1 KB with default indexing
        // a delete is 10 units, a rewrite a read and 20, and a page 0.05 for each item (docs/ru.md).
        var (requests, unit) = store.Kind is StoreKind.Cosmos
            ? ((records * (rule.Action is RuleAction.Delete ? 11 : 22)) + (status.Totals.Examined / 20), "request units")
            : ((records * (rule.Action is RuleAction.Delete ? 1 : 2)) + (records / 100) + (status.Totals.Examined / (WorkBatch.MaxEntries / 4)), "requests");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            rule       {rule.Name} ({rule.Action.ToString().ToLowerInvariant()}, {rule.Mode.ToString().ToLowerInvariant()})
            examined   {status.Totals.Examined}
            undated    {status.Totals.Undated}
            due        {status.Totals.Due}
            would act  {status.Totals.Listed}
            kept       {string.Join(", ", status.Totals.Kept.Select(kept => $"{kept.Value} {kept.Key}"))}
            cost       about {requests} {unit}
            hours      about {requests / (double)rate / 3600:F3} at {rate} {unit} a second
            price      about {requests / 10_000m * price:F4} at {price} for 10,000 {unit}
            """));
    }
}
