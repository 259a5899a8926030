using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using Spectre.Console;

namespace RetentionPipeline.Local.Runs;

/// <summary>Whether a run has an end of its own.</summary>
public enum RunEnd
{
    /// <summary>When everything that it started or found has ended.</summary>
    ByItself,

    /// <summary>When somebody ends it.</summary>
    Never,
}

/// <summary>Follows the scans of a run: shows them, and knows when a run that ends by itself has ended.</summary>
public sealed class RunFollower(
    IServiceProvider services, Policy policy, ProgressView view, IAnsiConsole console, TimeProvider time)
{
    private const int MostMissedLooks = 60;
    private const int ScansPerLook = 4;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Every instance has seen a stop by then, and what was in flight has ended.</summary>
    private static readonly TimeSpan StopSettles = TimeSpan.FromSeconds(15);

    private readonly HashSet<Guid> scans = [];
    private readonly Dictionary<Guid, ScanStatus> ended = [];
    private readonly Dictionary<Guid, long> lookedAt = [];
    private IReadOnlyList<OpenScan> openNow = [];
    private long looks;
    private int quietLooks;
    private bool firstActSaid;
    private int missed;
    private long? onlyStoppedSince;

    /// <summary>What makes rules due in this run.</summary>
    public required ScheduleUse Use { get; init; }

    /// <summary>The requests that must be answered before the run has ended.</summary>
    public required RequestFollower Asked { get; init; }

    /// <summary>Called with each look; what it throws ends the run.</summary>
    public Action? EachLook { get; init; }

    /// <summary>Everything that was started or found has ended, or only a stop keeps it.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Something outside ended the run.</summary>
    public bool CutShort { get; set; }

    /// <summary>Scans that this run started or found.</summary>
    public IReadOnlyCollection<Guid> Scans => scans;

    /// <summary>Rules that a stop kept from ending, each with the stop; empty where everything has ended.</summary>
    public IReadOnlyDictionary<string, string> Stopped { get; private set; } = new Dictionary<string, string>();

    /// <summary>
    /// Finds what is due, asking for each rule once where <see cref="Use"/> is commands only, else for those that were never
    /// scanned here. The command's id is the instant, so that the next run is another one.
    /// </summary>
    public async Task BeginAsync(CancellationToken cancel)
    {
        var schedule = services.GetRequiredService<ScanSchedule>();
        var command = $"once-{time.GetUtcNow().UtcTicks}";
        foreach (var rule in policy.Rules)
        {
            if (Use is ScheduleUse.CommandsOnly)
            {
                await schedule.AskAsync(rule.Name, command, ScanPurpose.Command, cancel);
            }
            else
            {
                await schedule.AskIfNewAsync(rule.Name, command, cancel);
            }
        }

        // What an earlier run asked for and did not plan is the scan that comes. A scan may come and go between two looks:
        // what was asked for is known by its name.
        scans.UnionWith((await schedule.ListDueAsync(policy.Rules, Use, cancel)).Values.Select(due => due.Scan));
    }

    /// <summary>Until everything that was started or found is closed, parked or stopped; without end otherwise.</summary>
    public async Task FollowAsync(RunEnd end, long startedAt, CancellationToken cancel)
    {
        if (!console.Profile.Capabilities.Interactive)
        {
            await FollowAsync(end, startedAt, _ => { }, cancel);
            return;
        }

        await console.Live(new Table()).StartAsync(context =>
            FollowAsync(end, startedAt, statuses => context.UpdateTarget(view.Table(statuses)), cancel));
    }

    private async Task FollowAsync(
        RunEnd end, long startedAt, Action<IReadOnlyList<ScanStatus>> show, CancellationToken cancel)
    {
        while (true)
        {
            EachLook?.Invoke();
            IReadOnlyList<ScanStatus> statuses;
            try
            {
                statuses = await LookAsync(cancel);
                missed = 0;
            }
            catch (Exception) when (!cancel.IsCancellationRequested && ++missed < MostMissedLooks)
            {
                // Looking is no part of the work, which goes on and logs its own failures.
                await Task.Delay(Look, time, cancel);
                continue;
            }

            show(statuses);
            if (!firstActSaid && statuses.Any(status => status.Ended > 0))
            {
                firstActSaid = true;
                view.Say($"First records erased or anonymised {time.GetElapsedTime(startedAt).TotalSeconds:F1} s after the start.");
            }

            if (end is RunEnd.ByItself && await HasEndedAsync(statuses, cancel))
            {
                HasEnded = true;
                return;
            }

            await Task.Delay(Look, time, cancel);
        }
    }

    private async Task<IReadOnlyList<ScanStatus>> LookAsync(CancellationToken cancel)
    {
        openNow = await services.GetRequiredService<OpenScans>().ListAsync(cancel);
        var open = openNow.Select(scan => scan.Scan).ToHashSet();
        scans.UnionWith(openNow.Where(scan => scan.Rule != Core.Policies.Rule.Request).Select(scan => scan.Scan));

        // Looking at a scan reads all of its operations, from the storage that the work needs too: those that are open take
        // turns; what is open no more is looked at once more.
        var overview = services.GetRequiredService<ScanOverview>();
        var left = scans.Where(scan => !ended.TryGetValue(scan, out var known) || known.Figures is null).ToList();
        var turn = left.Where(open.Contains).OrderBy(scan => lookedAt.GetValueOrDefault(scan)).Take(ScansPerLook);
        foreach (var scan in left.Where(scan => !open.Contains(scan)).Concat(turn))
        {
            lookedAt[scan] = ++looks;
            if (await overview.FindAsync(scan, cancel) is { } status)
            {
                ended[scan] = status;
            }
        }

        return [.. ended.Values.OrderBy(status => status.FirstAt)];
    }

    /// <summary>Everything is closed or parked, or what is not is stopped and has been for a while.</summary>
    private async Task<bool> HasEndedAsync(IReadOnlyList<ScanStatus> statuses, CancellationToken cancel)
    {
        var open = await OpenAsync(statuses, cancel);
        if (open.Count == 0)
        {
            // Twice in a row: what was due a moment ago may have been planned since the look.
            quietLooks = await Asked.HaveEndedAsync(cancel) ? quietLooks + 1 : 0;
            return quietLooks >= 2;
        }

        quietLooks = 0;

        var stops = await services.GetRequiredService<StopSwitch>().ReadNowAsync(cancel);
        var stopped = open.Select(pair => (Rule: pair.Key, Dataset: pair.Value, Stop: StopOf(stops, pair.Key, pair.Value)))
            .Where(rule => rule.Stop is not null).ToList();

        // A rule that waits for a dataset that a stopped scan holds is kept by the same stop.
        Stopped = open.Select(pair => (pair.Key, stopped.Find(rule => rule.Rule == pair.Key || rule.Dataset == pair.Value).Stop))
            .Where(rule => rule.Stop is not null).ToDictionary(rule => rule.Key, rule => rule.Stop!);
        if (Stopped.Count < open.Count)
        {
            onlyStoppedSince = null;
            Stopped = new Dictionary<string, string>();
            return false;
        }

        onlyStoppedSince ??= time.GetTimestamp();
        return time.GetElapsedTime(onlyStoppedSince.Value) >= StopSettles;
    }

    /// <summary>Rules that are asked for and not planned, or whose scan goes on, with their datasets.</summary>
    private async Task<Dictionary<string, string>> OpenAsync(IReadOnlyList<ScanStatus> statuses, CancellationToken cancel)
    {
        var open = new Dictionary<string, string>(StringComparer.Ordinal);
        var schedule = services.GetRequiredService<ScanSchedule>();
        var due = await schedule.ListDueAsync(policy.Rules, Use, cancel);
        foreach (var rule in policy.Rules.Where(rule => due.ContainsKey(rule.Name)))
        {
            open[rule.Name] = rule.Dataset;
        }

        foreach (var scan in openNow.Where(scan => !ended.ContainsKey(scan.Scan)))
        {
            open[scan.Rule] = scan.Dataset;
        }

        foreach (var status in statuses.Where(status => status.Phase is not (ScanPhase.Closed or ScanPhase.Parked)))
        {
            open[status.Plan.Rule] = status.Plan.Dataset;
        }

        return open;
    }

    /// <summary>The row of the widest stop that covers the rule; null without one.</summary>
    private string? StopOf(StopReading stops, string rule, string dataset)
    {
        StopScope[] scopes = policy.Datasets.TryGetValue(dataset, out var described)
            ? [StopScope.Everything, StopScope.OfStore(described.Store), StopScope.OfRule(rule)]
            : [StopScope.Everything, StopScope.OfRule(rule)];
        return scopes.Select(scope => scope.Row).FirstOrDefault(stops.Rows.Contains);
    }
}
