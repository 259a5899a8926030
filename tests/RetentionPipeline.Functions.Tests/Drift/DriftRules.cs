using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NCrontab;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Triggers;

namespace RetentionPipeline.Functions.Tests.Drift;

/// <summary>Two places that must agree, how they are compared, and drifts that the comparison has to report.</summary>
internal sealed record DriftRule(string Name, Func<AppFacts, IEnumerable<string>> Look, PlantedDrift First, params PlantedDrift[] More)
{
    public IEnumerable<PlantedDrift> Planted => More.Prepend(First);
}

/// <summary>A drift, and all that is said about it.</summary>
internal sealed record PlantedDrift(Func<AppFacts, AppFacts> Change, params string[] Expected);

/// <summary>The rules.</summary>
internal static partial class DriftRules
{
    private const string Part = "Retention__";

    // What the platform reads too, to wake the app: it knows no sections.
    private const string Flat = "Retention_";

    // What the host reads, not the app.
    private static readonly IReadOnlyList<string> OfTheHost =
        ["FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__credential", "AZURE_CLIENT_ID"];

    private static readonly IReadOnlyList<string> Sections = ["ServiceBus", "WorkStorage", "LedgerStorage", "Stores", "Keys", "Retention"];

    private static readonly IReadOnlyList<string> OwnQueues = [QueueNames.Slices, QueueNames.Operations];

    public static IReadOnlyList<DriftRule> All { get; } =
    [
        new("The app starts with the settings of the sample and of the template, and they name every setting of it", Settings,
            new(facts => facts.With("template", "Retention__forgotten", "1"), "template: Retention__forgotten is no setting of this app. Is it misspelt?"),
            new PlantedDrift(facts => facts.With("template", "Retention__lateAfter", null), "template: Retention__lateAfter does not stand there."),
            new PlantedDrift(facts => facts.With("sample", "Retention_operationsQueue", null),
                "sample: Retention_operationsQueue does not stand there.",
                "sample: Retention_operationsQueue is missing. The host would leave out the function that it is for."),
            new PlantedDrift(facts => facts.With("template", "Stores__crm__tableServiceUri", null),
                "template: Stores__crm is missing. Set a connection string, or Stores__crm__tableServiceUri."),
            new PlantedDrift(facts => facts.With("sample", "MY_SETTING", "1"), "sample: nobody reads MY_SETTING."),
            new PlantedDrift(facts => facts.With("template", "Retention_scanSchedule", "0 0 2 31"),
                "template: Retention_scanSchedule is no schedule of six fields (second, minute, hour, day, month, day of week).")),
        new("Each timer of the options is a published function with its own schedule, and each schedule is one", Timers,
            new(facts => facts with { Functions = facts.Functions.Where(function => function.Key != "tidy").ToDictionary() },
                "The published app has no function tidy."),
            new PlantedDrift(facts => facts with { Functions = new Dictionary<string, JsonNode>(facts.Functions) { ["more"] = facts.Functions["scan"] } },
                "Nothing is known of the published function more."),
            new PlantedDrift(facts => facts with { Functions = new Dictionary<string, JsonNode>(facts.Functions) { ["scan"] = facts.Functions["pump"] } },
                "The schedule of scan is %Retention_pumpSchedule%."),
            new PlantedDrift(facts => facts.With("template", "Retention_tidySchedule", "0 61 * * * *"), "template: NCrontab refuses the schedule of tidy."),
            new PlantedDrift(facts => facts.With("sample", "Retention_pumpSchedule", "* * * * *"), "sample: NCrontab refuses the schedule of pump.")),
        new("Each queue is named, made and received from, by the pump or by a trigger", Queues,
            new(facts => facts with { Queues = [.. facts.Queues.Where(queue => queue != "operations")] }, "The template makes no queue operations."),
            new PlantedDrift(facts => facts.With("template", "Retention_slicesQueue", "slice"), "The template makes no queue slice."),
            new PlantedDrift(facts => facts.With("sample", "Retention_slicesQueue", null), "sample: names no queue for slices."),
            new PlantedDrift(facts => facts with { TriggerClasses = [typeof(SlicesFunction)] }, "No trigger receives from operations."),
            new PlantedDrift(facts => facts with { TriggerClasses = [] }, "No trigger receives from slices.", "No trigger receives from operations.")),
        new("What the local host runs a function runs, and the other way round", Handlers,
            new(facts => facts with { LocalHost = facts.LocalHost + "timers.ForgetAsync" }, "No function reaches ForgetAsync."),
            new PlantedDrift(facts => facts with { FunctionSources = facts.FunctionSources.Replace("timers.CloseAsync", "", StringComparison.Ordinal) }, "No function reaches CloseAsync."),
            new PlantedDrift(facts => facts with { FunctionSources = facts.FunctionSources.Replace("WorkPump", "", StringComparison.Ordinal) }, "No function reaches WorkPump."),
            new PlantedDrift(facts => facts with { FunctionSources = facts.FunctionSources + "timers.MoreAsync" }, "The local host does not run MoreAsync."),
            new PlantedDrift(
                facts => facts with
                {
                    LocalHost = facts.LocalHost.Replace("timers.TidyAsync", "", StringComparison.Ordinal),
                    FunctionSources = facts.FunctionSources.Replace("timers.TidyAsync", "", StringComparison.Ordinal),
                },
                "Nobody runs TidyAsync.")),
        new("host.json gives the pump its time and leaves settling to the functions", Host,
            new(facts => facts with { Host = Changed(facts.Host, "functionTimeout", "00:10:00") }, "host.json ends the pump of sample, which may take 00:20:00, after 00:10:00.", "host.json ends the pump of template, which may take 00:20:00, after 00:10:00."),
            new PlantedDrift(facts => facts with { Host = Changed(facts.Host, "extensions.serviceBus.autoCompleteMessages", true) }, "host.json: autoCompleteMessages is true, not false."),
            new PlantedDrift(facts => facts with { Host = Changed(facts.Host, "extensions.serviceBus.maxConcurrentCalls", 16) }, "host.json: maxConcurrentCalls is 16, not 4."),
            new PlantedDrift(facts => facts with { Host = Changed(facts.Host, "extensions.queues", new JsonObject()) }, "host.json: nobody uses queues.")),
    ];

    private static IEnumerable<string> Settings(AppFacts facts) => facts.Settings.Keys.SelectMany(place =>
    {
        var reader = facts.ReaderOf(place);
        var named = facts.Settings[place];
        return reader.Problems.Select(problem => $"{place}: {problem}")
            .Concat(reader.Asked.Where(name => name.StartsWith(Flat, StringComparison.Ordinal) && !named.ContainsKey(name)).Select(name => $"{place}: {name} does not stand there."))
            .Concat(named.Keys.Except(OfTheHost).Where(name => !Sections.Contains(name.Split("__")[0]) && !name.StartsWith(Flat, StringComparison.Ordinal)).Select(name => $"{place}: nobody reads {name}."));
    });

    private static IEnumerable<string> Timers(AppFacts facts)
    {
        var known = PipelineOptions.Timers.Append("portal").ToList();
        return known.Except(facts.Functions.Keys).Select(name => $"The published app has no function {name}.")
            .Concat(facts.Functions.Keys.Except(known).Select(name => $"Nothing is known of the published function {name}."))
            .Concat(PipelineOptions.Timers.Where(facts.Functions.ContainsKey)
                .Select(name => (Name: name, Schedule: (string?)facts.Functions[name]["bindings"]![0]!["schedule"]))
                .Where(timer => timer.Schedule != $"%Retention_{timer.Name}Schedule%").Select(timer => $"The schedule of {timer.Name} is {timer.Schedule}."))
            .Concat(from place in facts.Settings
                    from name in PipelineOptions.Timers
                    where CrontabSchedule.TryParse(place.Value.GetValueOrDefault($"{Flat}{name}Schedule", ""), new CrontabSchedule.ParseOptions { IncludingSeconds = true }) is null
                    select $"{place.Key}: NCrontab refuses the schedule of {name}.");
    }

    private static IEnumerable<string> Queues(AppFacts facts)
    {
        var triggered = TriggerSettings.Of(facts.TriggerClasses);
        return (from place in facts.Settings
                from queue in OwnQueues
                where !place.Value.ContainsKey($"{Flat}{queue}Queue")
                select $"{place.Key}: names no queue for {queue}.")
            .Concat(OwnQueues.Select(queue => facts.Settings["template"].GetValueOrDefault($"{Flat}{queue}Queue", queue))
                .Except(facts.Queues).Select(queue => $"The template makes no queue {queue}."))
            .Concat(OwnQueues.Where(queue => !triggered.Contains($"{Flat}{queue}Queue")).Select(queue => $"No trigger receives from {queue}."))
            .Concat(OwnQueues.Concat(OwnQueues.Select(QueueNames.DeadLetterOf)).Except(MessageRouter.Queues).Select(queue => $"The pump receives nothing from {queue}."))
            .Concat(triggered.Where(name => !OwnQueues.Any(queue => name == $"{Flat}{queue}Queue")).Select(name => $"A trigger receives from {name}, which is none of the pipeline's."));
    }

    private static IEnumerable<string> Handlers(AppFacts facts)
    {
        var local = Runs(facts.LocalHost);
        var functions = Runs(facts.FunctionSources);
        var all = typeof(PipelineTimers).GetMethods().Where(method => method.DeclaringType == typeof(PipelineTimers)).Select(method => method.Name).Append(nameof(WorkPump));
        return local.Except(functions).Select(name => $"No function reaches {name}.")
            .Concat(functions.Except(local).Select(name => $"The local host does not run {name}."))
            .Concat(all.Except(local).Except(functions).Select(name => $"Nobody runs {name}."));
    }

    private static IEnumerable<string> Host(AppFacts facts)
    {
        var bus = facts.Host["extensions"]!["serviceBus"]!;
        var limit = TimeSpan.Parse((string)facts.Host["functionTimeout"]!, CultureInfo.InvariantCulture);
        (string Name, string Wanted)[] wanted =
        [
            ("autoCompleteMessages", "false"), ("prefetchCount", "0"), ("maxConcurrentCalls", $"{WorkLimits.Default.Operations}"),
            ("maxAutoLockRenewalDuration", $"{2 * PipelineTimes.Azure.LongestHandling:c}"),
        ];
        return facts.Settings.Select(place => (place.Key, Pump: TimeSpan.Parse(place.Value.GetValueOrDefault("Retention__pumpLimit", "00:00:00"), CultureInfo.InvariantCulture)))
            .Where(place => place.Pump + PipelineTimes.Azure.LongestHandling > limit)
            .Select(place => $"host.json ends the pump of {place.Key}, which may take {place.Pump:c}, after {limit:c}.")
            .Concat(wanted.Where(setting => bus[setting.Name]?.ToJsonString().Trim('"') != setting.Wanted)
                .Select(setting => $"host.json: {setting.Name} is {bus[setting.Name]?.ToJsonString().Trim('"') ?? "missing"}, not {setting.Wanted}."))
            .Concat(facts.Host["extensions"]!.AsObject().Select(extension => extension.Key).Except(["http", "serviceBus"]).Select(name => $"host.json: nobody uses {name}."));
    }

    private static HashSet<string> Runs(string source) => [.. Run().Matches(source).Select(match => match.Groups[1].Value + match.Groups[2].Value)];

    private static JsonNode Changed(JsonNode host, string path, JsonNode value)
    {
        var changed = host.DeepClone();
        var parts = path.Split('.');
        var owner = parts[..^1].Aggregate(changed, (node, part) => node[part]!);
        owner[parts[^1]] = value;
        return changed;
    }

    [GeneratedRegex(@"\btimers\.(\w+Async)|\b(WorkPump)\b")]
    private static partial Regex Run();
}
