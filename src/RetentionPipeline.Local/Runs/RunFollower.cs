using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
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
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private readonly HashSet<Guid> scans = [];
    private readonly Dictionary<Guid, ScanStatus> ended = [];
    private readonly HashSet<string> asked = [];
    private bool firstActSaid;

    /// <summary>Scans that this run started or found.</summary>
    public IReadOnlyCollection<Guid> Scans => scans;

    /// <summary>Asks for each rule once. The command's id is the instant, so that the next run is another one.</summary>
    public async Task AskForAllAsync(CancellationToken cancel)
    {
        var schedule = services.GetRequiredService<ScanSchedule>();
        var command = $"once-{time.GetUtcNow().UtcTicks}";
        foreach (var rule in policy.Rules)
        {
            await schedule.AskAsync(rule.Name, command, ScanPurpose.Command, cancel);
            asked.Add(rule.Name);
        }
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
            var statuses = await LookAsync(cancel);
            show(statuses);
            if (!firstActSaid && statuses.Any(status => status.Ended > 0))
            {
                firstActSaid = true;
                view.Say($"First records erased or anonymised {time.GetElapsedTime(startedAt).TotalSeconds:F1} s after the start.");
            }

            if (end is RunEnd.ByItself && await HasEndedAsync(statuses, cancel))
            {
                return;
            }

            await Task.Delay(Look, time, cancel);
        }
    }

    private async Task<IReadOnlyList<ScanStatus>> LookAsync(CancellationToken cancel)
    {
        foreach (var open in await services.GetRequiredService<OpenScans>().ListAsync(cancel))
        {
            scans.Add(open.Scan);
        }

        var overview = services.GetRequiredService<ScanOverview>();
        foreach (var scan in scans.Where(scan => !ended.TryGetValue(scan, out var known) || known.Figures is null))
        {
            if (await overview.FindAsync(scan, cancel) is { } status)
            {
                ended[scan] = status;
            }
        }

        return [.. ended.Values.OrderBy(status => status.FirstAt)];
    }

    private async Task<bool> HasEndedAsync(IReadOnlyList<ScanStatus> statuses, CancellationToken cancel)
    {
        var schedule = services.GetRequiredService<ScanSchedule>();
        foreach (var rule in policy.Rules.Where(rule => asked.Contains(rule.Name)))
        {
            if (await schedule.FindDueAsync(rule, ScheduleUse.CommandsOnly, cancel) is not null)
            {
                return false;
            }
        }

        return statuses.Count == scans.Count && statuses.All(status => status.Phase is ScanPhase.Closed or ScanPhase.Parked);
    }
}
