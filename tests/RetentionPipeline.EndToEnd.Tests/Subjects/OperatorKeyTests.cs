using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>The key of an operator is destroyed: what was made with it links to nobody, and the log says from when on.</summary>
public sealed class OperatorKeyTests
{
    private const int Visits = 20;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly KeyUse First = new("visitors", 1);

    [Fact]
    public async Task A_key_that_no_rule_names_any_more_is_destroyed_and_the_log_says_so_when_nobody_remembers_it()
    {
        using var simulation = await StartAsync();
        await simulation.RunOnceAsync();
        var bearing = Fields(simulation).Count(ip => ip.StartsWith("h1.", StringComparison.Ordinal));
        Assert.True(bearing > 0);
        var desk = simulation.Get<OperatorKeyDesk>();
        Assert.Equal(["visits-ip"], Assert.IsType<OperatorKeyAnswer.InUse>(await desk.DestroyAsync(First, None)).Rules);
        Assert.IsType<OperatorKeyAnswer.Unknown>(await desk.DestroyAsync(new("visitors", 7), None));

        await simulation.StorePolicyAsync(Policy(epoch: 2));
        Assert.NotNull(Assert.IsType<OperatorKeyAnswer.Decided>(await desk.DestroyAsync(First, None)).End.GoneAt);
        Assert.DoesNotContain(First.SecretName, simulation.Secrets.Names);
        Assert.Equal(1, await desk.RunAsync(None));
        Assert.Empty(await EndsAsync(simulation));

        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        await simulation.Get<PipelineTimers>().TidyAsync(None);
        Assert.Equal(["visitors.1"], await EndsAsync(simulation));
        Assert.Equal(bearing, Fields(simulation).Count(ip => ip.StartsWith("h1.", StringComparison.Ordinal)));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_policy_that_names_a_destroyed_key_again_changes_nothing_and_its_records_show_why()
    {
        using var simulation = await StartAsync();
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Policy(epoch: 2));
        await simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None);
        Shop.SeedSmall(simulation, Visits);
        var acts = simulation.Stores[Shop.Store].Acts.Count;

        await simulation.StorePolicyAsync(Policy(epoch: 1));
        await simulation.Get<ScanSchedule>().AskAsync("visits-ip", "again", ScanPurpose.Command, None);
        await simulation.RunUntilQuietAsync();

        Assert.Equal(acts, simulation.Stores[Shop.Store].Acts.Count);
        Assert.DoesNotContain(First.SecretName, simulation.Secrets.Names);
        var close = (await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Scan)).Last(leaf => leaf.Part == "close");
        Assert.True((long)close.Body["counts"]!["failed"]! > 0);
        Assert.Contains(simulation.Objects.Snapshot().Values, bytes => bytes.AsSpan().IndexOf("key-destroyed"u8) >= 0);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_scan_that_was_planned_with_it_keeps_it()
    {
        using var simulation = await StartAsync();
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, None);
        await simulation.StorePolicyAsync(Policy(epoch: 2));

        var needed = Assert.IsType<OperatorKeyAnswer.Needed>(await simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None));
        Assert.Single(needed.Scans);
        await simulation.RunUntilQuietAsync();
        await simulation.Get<RuleKeys>().ReadAsync([new("Ip", "hmac", new Dictionary<string, string> { ["key"] = "visitors" })], None);
        Assert.IsType<OperatorKeyAnswer.Decided>(await simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None));
    }

    /// <summary>The delivery looked for the decision, stood still while it was made and carried out, and makes the key anew.</summary>
    [Fact]
    public async Task A_key_that_was_made_anew_behind_its_end_is_used_for_nothing_and_is_gone_before_the_log_says_so()
    {
        using var simulation = await StartAsync();
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Policy(epoch: 2));
        var decided = false;
        simulation.Faults.Before = call =>
        {
            if (call == "secrets.get" && !decided)
            {
                decided = true;
                Task.Run(() => simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None)).GetAwaiter().GetResult();
            }
        };

        Assert.Null(await simulation.Get<RuleKeys>().ReadAsync([new("Ip", "hmac", new Dictionary<string, string> { ["key"] = "visitors" })], None));
        Assert.Contains(First.SecretName, simulation.Secrets.Names);

        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.Equal(0, await simulation.Get<OperatorKeyDesk>().RunAsync(None));
        Assert.DoesNotContain(First.SecretName, simulation.Secrets.Names);
        Assert.Equal(["visitors.1"], await EndsAsync(simulation));
    }

    [Fact]
    public async Task A_key_that_its_vault_keeps_is_not_said_to_be_destroyed_before_it_is_gone()
    {
        using var simulation = await StartAsync();
        await simulation.RunOnceAsync();
        await simulation.StorePolicyAsync(Policy(epoch: 2));
        simulation.Secrets.Keeps = simulation.Time.GetUtcNow().AddDays(7);
        var end = Assert.IsType<OperatorKeyAnswer.Decided>(await simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None)).End;
        Assert.Equal((null, simulation.Secrets.Keeps), (end.GoneAt, end.RecoverableUntil));
        simulation.Time.Advance(TimeSpan.FromDays(6));
        Assert.Equal(1, await simulation.Get<OperatorKeyDesk>().RunAsync(None));
        Assert.Empty(await EndsAsync(simulation));

        simulation.Secrets.Keeps = null;
        Assert.Equal(0, await simulation.Get<OperatorKeyDesk>().RunAsync(None));
        var leaf = Assert.Single(await EvidenceCheck.LeavesAsync(simulation, LeafTypes.KeyEpoch), leaf => leaf.Part == "destroyed");
        Assert.Equal((simulation.Time.GetUtcNow(), LeafTime.Text(end.RecoverableUntil!.Value)), (leaf.At, (string)leaf.Body["recoverableUntil"]!));
    }

    /// <summary>Each call of the way fails once, written or not; whoever comes next goes on.</summary>
    [Theory]
    [InlineData(FaultKind.FailedAndNotWritten)]
    [InlineData(FaultKind.FailedButWritten)]
    public async Task Wherever_it_breaks_off_the_key_goes_and_one_leaf_says_so(FaultKind kind)
    {
        for (var failing = 1; ; failing++)
        {
            using var simulation = await StartAsync();
            await simulation.RunOnceAsync();
            await simulation.StorePolicyAsync(Policy(epoch: 2));
            var (calls, failed) = (0, false);
            simulation.Faults.Choose = (_, _) =>
            {
                var now = ++calls == failing;
                failed |= now;
                return now ? kind : null;
            };
            await Record.ExceptionAsync(() => simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None));
            simulation.Time.Advance(KeyEpoch.CachesDropIt);
            await Record.ExceptionAsync(() => simulation.Get<OperatorKeyDesk>().RunAsync(None));
            simulation.Faults.Choose = null;
            simulation.Restart();

            Assert.IsType<OperatorKeyAnswer.Decided>(await simulation.Get<OperatorKeyDesk>().DestroyAsync(First, None));
            simulation.Time.Advance(KeyEpoch.CachesDropIt);
            Assert.Equal(0, await simulation.Get<OperatorKeyDesk>().RunAsync(None));
            Assert.DoesNotContain(First.SecretName, simulation.Secrets.Names);
            Assert.Equal(["visitors.1"], await EndsAsync(simulation));
            await EvidenceCheck.AssertWellAsync(simulation);
            if (!failed)
            {
                Assert.True(failing > 8, $"Only {failing} calls.");
                return;
            }
        }
    }

    private static async Task<SimulatedPipeline> StartAsync()
    {
        var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.SeedSmall(simulation, Visits);
        await simulation.StorePolicyAsync(Policy(epoch: 1));
        return simulation;
    }

    private static string Policy(int epoch) => Shop.Policy().Replace(
        "[{field: Ip, operator: truncate-ip}]", $"[{{field: Ip, operator: hmac, key: visitors, epoch: {epoch}}}]", StringComparison.Ordinal);

    private static IEnumerable<string> Fields(SimulatedPipeline simulation) => simulation.Stores[Shop.Store].Keys(Shop.Visits)
        .Select(key => (string)simulation.Stores[Shop.Store].Find(Shop.Visits, key)!.Value.Fields["Ip"]!);

    private static async Task<IEnumerable<string>> EndsAsync(SimulatedPipeline simulation) =>
        (await EvidenceCheck.LeavesAsync(simulation, LeafTypes.KeyEpoch)).Where(leaf => leaf.Part == "destroyed").Select(leaf => leaf.Id);
}
