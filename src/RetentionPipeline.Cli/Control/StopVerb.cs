using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Cli.Control;

/// <summary><c>retention stop</c> and <c>retention resume</c>: the kill switch, a row of its own.</summary>
internal static class StopVerb
{
    public static Command BuildStop() => Build(
        "stop", "Stops every instance within ten seconds.", async (stops, scope, cancel) =>
        {
            await stops.StopAsync(scope, Environment.UserName, cancel);
            Console.WriteLine($"Stopped: {scope.Row}. In force everywhere within ten seconds.");
            return ExitCodes.Done;
        });

    public static Command BuildResume() => Build(
        "resume", "Takes a stop back; what waited goes on at once.", async (stops, scope, cancel) =>
        {
            var change = await stops.ResumeAsync(scope, cancel);
            Console.WriteLine(change is StopChange.Changed ? $"Resumed: {scope.Row}." : $"No stop of {scope.Row} stood.");
            return ExitCodes.Done;
        });

    private static Command Build(
        string name, string description, Func<StopSwitch, StopScope, CancellationToken, Task<int>> act)
    {
        var target = new Target();
        var store = new Option<string?>("--store") { Description = "Only this store." };
        var rule = new Option<string?>("--rule") { Description = "Only this rule." };
        var command = new Command(name, description) { store, rule };
        target.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(store) is not null && result.GetValue(rule) is not null)
            {
                result.AddError("Give --store or --rule, or neither for everything.");
            }
        });
        command.SetAction(async (result, cancel) =>
        {
            await using var services = target.Open(result);
            var scope = (result.GetValue(store), result.GetValue(rule)) switch
            {
                ({ } named, _) => StopScope.OfStore(named),
                (_, { } named) => StopScope.OfRule(named),
                _ => StopScope.Everything,
            };
            return await act(services.GetRequiredService<StopSwitch>(), scope, cancel);
        });
        return command;
    }
}
