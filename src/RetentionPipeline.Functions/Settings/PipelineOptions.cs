using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using NCrontab;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Functions.Settings;

/// <summary>All settings of the app, bound once, at the start.</summary>
/// <param name="Deployment">Where everything is, and how much is done at once.</param>
/// <param name="Policy">The policy that is put in force.</param>
/// <param name="Schedules">Of each timer, six fields, UTC. The triggers read them from the settings themselves.</param>
/// <param name="Freshness">When something counts as late.</param>
/// <param name="Pump">How long the pump stays; it ends below the function's time-out of host.json.</param>
/// <param name="Windows">How long logs collect requests.</param>
internal sealed record PipelineOptions(
    Deployment Deployment, DeployedPolicy Policy, IReadOnlyDictionary<string, string> Schedules, FreshnessLimits Freshness, PumpVisit Pump,
    RequestWindows Windows)
{
    /// <summary>The functions that a timer runs.</summary>
    public static IReadOnlyList<string> Timers { get; } = ["scan", "pump", "integrate", "reconcile", "tidy", FreshnessWatch.Watch];

    /// <summary>
    /// What triggers read as %…% lies in no section: on Linux the platform, which wakes the app for its triggers, reads app
    /// settings by their plain names, and timers with nested ones have been seen to run only now and then
    /// (Azure/azure-functions-host, issue 8649).
    /// </summary>
    private const string Flat = "Retention_";

    private static CrontabSchedule.ParseOptions SixFields => new() { IncludingSeconds = true };

    /// <summary>Reads them all. Throws <see cref="SettingsException"/> that names everything that is wrong.</summary>
    /// <param name="configuration">The app's settings.</param>
    /// <param name="folder">The app's folder, where relative paths begin.</param>
    public static PipelineOptions Read(IConfiguration configuration, string folder)
    {
        var settings = new SettingsReader(configuration);
        var options = Read(settings, folder);
        return settings.Problems.Count == 0 ? options : throw new SettingsException(settings.Problems);
    }

    /// <summary>Reads them all; what is wrong is left with the reader, and the options are worth nothing then.</summary>
    public static PipelineOptions Read(SettingsReader settings, string folder)
    {
        var (policy, deployed) = ReadPolicy(settings, folder);
        var connections = new ConnectionReader(settings);
        var (work, tables) = connections.ReadWork();
        var ledger = connections.ReadLedger();
        var bus = connections.ReadBus();
        var protocol = ReadTimes(settings);
        var keys = connections.ReadKeys(folder, protocol);
        var stores = policy is null ? new Dictionary<string, StoreAddress>() : connections.ReadStores(policy);
        var deployment = new Deployment(
            work, tables, stores, bus, keys, settings.Need("Retention__origin", "the first line of every checkpoint, such as retention.example/ledger."), protocol)
        {
            Ledger = ledger,
            Identity = connections.Identity,
            Queues = ReadQueues(settings),
            Limits = ReadLimits(settings),
            Signers = ReadSigners(settings),
            Anchors = AnchorSettings.Read(settings, folder),
        };
        var schedules = Timers.ToDictionary(timer => timer, timer => ReadSchedule(settings, $"{Flat}{timer}Schedule"));
        var late = settings.Time("Retention__lateAfter", TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        var times = deployment.Settings.Times;
        var limit = settings.Time("Retention__pumpLimit", TimeSpan.FromMinutes(20), times.LongestHandling + TimeSpan.FromSeconds(10), TimeOutOf(folder) - TimeSpan.FromSeconds(30));
        var freshness = new FreshnessLimits(
            schedules.ToDictionary(pair => pair.Key, pair => late + (2 * GapOf(pair.Value)) + (pair.Key == "pump" ? limit : TimeSpan.Zero)), late);
        var windows = ReadWindows(settings);
        TriggerSettings.Check(settings, FunctionsHost.FunctionClasses);
        settings.RefuseOthers(Flat, ["ServiceBus", "WorkStorage", "LedgerStorage", "Keys", "Retention", .. policy is null ? Array.Empty<string>() : ["Stores"]]);
        return new(deployment, deployed, schedules, freshness, PumpVisit.Within(limit, times), windows);
    }

    private static (Policy? Policy, DeployedPolicy Deployed) ReadPolicy(SettingsReader settings, string folder)
    {
        const string name = "Retention__policy";
        var file = settings.Find(name) ?? "policy.yaml";
        string text;
        try
        {
            text = File.ReadAllText(Path.Combine(folder, file));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(name, $"names the file '{file}', which cannot be read in the app's folder.");
            return (null, new(file, ""));
        }

        var loaded = PolicyDocument.Load(text, file);
        foreach (var problem in loaded.Problems.Where(problem => problem.Severity is ProblemSeverity.Error))
        {
            settings.Refuse(name, $"names a policy with a mistake: {file}:{problem.Line}:{problem.Column}: {problem.Code}: {problem.Message} {problem.Remedy}");
        }

        return (loaded.Policy, new(file, text));
    }

    /// <summary>After it the host ends a function and the worker with it, whatever it does then.</summary>
    private static TimeSpan TimeOutOf(string folder)
    {
        using var host = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "host.json")));
        return TimeSpan.ParseExact(host.RootElement.GetProperty("functionTimeout").GetString()!, "c", CultureInfo.InvariantCulture);
    }

    private static string ReadTimes(SettingsReader settings)
    {
        var times = settings.Find("Retention__times") ?? "azure";
        if (times is not ("azure" or "local"))
        {
            settings.Refuse("Retention__times", "is neither azure nor local.");
        }

        return times;
    }

    /// <summary>A trial waits for no day; a deployment reads its logs once for all requests of some days.</summary>
    private static RequestWindows ReadWindows(SettingsReader settings)
    {
        var windows = settings.Find("Retention__requestWindows") ?? "policy";
        if (windows is not ("policy" or "at-once"))
        {
            settings.Refuse("Retention__requestWindows", "is neither policy nor at-once.");
        }

        return windows == "at-once" ? RequestWindows.AtOnce : RequestWindows.OfPolicy;
    }

    private static Dictionary<string, string> ReadQueues(SettingsReader settings)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var queue in new[] { QueueNames.Slices, QueueNames.Operations })
        {
            var name = settings.Find($"{Flat}{queue}Queue") ?? queue;
            if (name.Length > 260 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
            {
                settings.Refuse($"{Flat}{queue}Queue", "is no name of a queue: letters, digits, dash, underscore, dot.");
            }

            if (name != queue)
            {
                names[queue] = name;
            }
        }

        return names;
    }

    private static string[] ReadSigners(SettingsReader settings)
    {
        const string name = "Retention__signers";
        string[] signers = settings.Find(name)?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [.. LedgerSigners.Default];
        if (LedgerSigners.WrongWith(signers) is { } wrong)
        {
            settings.Refuse(name, wrong);
        }

        return signers;
    }

    private static WorkLimits ReadLimits(SettingsReader settings) => new(
        settings.Number("Retention__slicesAtOnce", WorkLimits.Default.Slices, 1, 64),
        settings.Number("Retention__operationsAtOnce", WorkLimits.Default.Operations, 1, 64),
        settings.Number("Retention__actsAtOnce", WorkLimits.Default.Acts, 1, 256));

    /// <summary>A missing one would only switch its function off, and say so nowhere.</summary>
    private static string ReadSchedule(SettingsReader settings, string name)
    {
        var text = settings.Need(name, "a schedule of six fields, UTC, such as 0 * * * * *.");
        if (text.Length > 0 && CrontabSchedule.TryParse(text, SixFields) is null)
        {
            settings.Refuse(name, "is no schedule of six fields (second, minute, hour, day, month, day of week).");
        }

        return text;
    }

    /// <summary>From one run to the next; of a schedule that was refused, nothing.</summary>
    private static TimeSpan GapOf(string schedule)
    {
        // Any instant: what counts is the distance. The longest of a week's first ones, for schedules with pauses.
        var from = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var instants = CrontabSchedule.TryParse(schedule, SixFields)?.GetNextOccurrences(from, from.AddDays(366)).Take(2_000).ToList() ?? [];
        return instants.Zip(instants.Skip(1)).Select(pair => pair.Second - pair.First).DefaultIfEmpty(TimeSpan.Zero).Max();
    }
}
