using System.Text;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

public sealed class OracleTests
{
    /// <summary>Ten seeds; a leap day, the end of a year, and the hour that daylight saving skips or repeats.</summary>
    public static TheoryData<int, string> Runs => new()
    {
        { 1, "2026-11-25T12:00:00Z" }, { 2, "2028-02-29T00:00:00Z" }, { 3, "2028-02-29T23:59:59Z" }, { 4, "2026-12-31T23:59:59Z" },
        { 5, "2027-01-01T00:00:00Z" }, { 6, "2026-03-29T01:00:00Z" }, { 7, "2026-03-29T02:30:00Z" }, { 8, "2026-10-25T01:00:00Z" },
        { 9, "2027-03-01T00:00:00Z" }, { 10, "2027-03-31T12:00:00Z" },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Exactly_what_the_oracle_says_is_gone_anonymised_or_kept(int seed, string now)
    {
        var size = new SampleSize(seed, DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture), 1200, 0, SampleFaults.None);
        var (simulation, company) = await SampleSimulation.StartAsync(size);
        using var _ = simulation;
        var policy = PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;
        var oracle = new NaiveOracle(policy, size.Now, company);

        await simulation.RunOnceAsync();

        var differences = new List<string>();
        var fates = new Dictionary<Fate, int>();
        foreach (var entity in company)
        {
            if (oracle.Of(entity, SampleCompany.HeldCustomer) is not { } fate)
            {
                continue;
            }

            fates[fate] = fates.GetValueOrDefault(fate) + 1;
            var dataset = policy.Datasets.Values.Single(candidate => candidate.Container == entity.Container);
            var found = simulation.Stores[dataset.Store].Find(entity.Container, entity.Key);
            var seen = found is null ? Fate.Goes : found.Value.Stage is null ? Fate.Stays : Fate.IsAnonymised;
            if (seen != fate)
            {
                differences.Add($"{entity.Container}: {fate} expected, {seen} seen");
            }
        }

        Assert.Empty(differences);
        Assert.True(fates[Fate.Goes] > 100 && fates[Fate.IsAnonymised] > 50 && fates[Fate.Stays] > 100);
        var figures = await EvidenceCheck.FiguresAsync(simulation);
        Assert.Equal(policy.Rules.Count, figures.Count);
        Assert.All(figures, scan => Assert.False(scan.ShowsAsFailed));
        Assert.All(figures, scan => Assert.Equal(scan.Totals.Due, scan.NotActed + scan.Results.Values.Sum()));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Canaries_appear_nowhere_but_in_the_companys_own_stores()
    {
        var size = new SampleSize(3, Shop.Now, 1200, 1, SampleFaults.Planted);
        var (simulation, _) = await SampleSimulation.StartAsync(size);
        using var __ = simulation;
        await simulation.Queue.SendAsync("operations", [new("foreign", Encoding.UTF8.GetBytes("not ours"), null)], CancellationToken.None);

        await simulation.RunOnceAsync();

        Assert.Empty(CanarySearch.Find(simulation));
        Assert.Contains(simulation.Stores["crm"].Keys("Accounts"), key => key.Partition.Contains(SampleCompany.Canary, StringComparison.Ordinal));
        Assert.All(simulation.Stores["shop"].Keys("shop/PageViews"), key =>
        {
            Assert.Contains(SampleCompany.Canary, key.Partition, StringComparison.Ordinal);
            Assert.Contains(SampleCompany.Canary, key.Id, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_canary_that_is_logged_is_found()
    {
        var size = new SampleSize(3, Shop.Now, 200, 0, SampleFaults.None);
        var (simulation, company) = await SampleSimulation.StartAsync(size);
        using var _ = simulation;
        simulation.Logs.Add($"Information 1 erased {company[0].Key.Partition}");
        await simulation.Objects.WriteOnceAsync("planted", Encoding.UTF8.GetBytes(company[1].Key.Partition), CancellationToken.None);

        Assert.Equal(["log", "object planted"], CanarySearch.Find(simulation));
    }

    [Fact]
    public async Task Planted_faults_show_and_nothing_else_fails()
    {
        var size = new SampleSize(4, Shop.Now, 1200, 1, SampleFaults.Planted);
        var (simulation, _) = await SampleSimulation.StartAsync(size);
        using var __ = simulation;

        // While a person is held, a log that cannot be searched is held as well; without a hold it fails.
        await simulation.Get<Core.Holds.HoldDesk>().ReleaseAsync("matter-2026-001", CancellationToken.None);
        await simulation.RunOnceAsync();

        var figures = await EvidenceCheck.FiguresAsync(simulation);
        Assert.Equal(2, figures.Count(scan => scan.TooManyUndated));
        Assert.Equal(1, figures.Sum(scan => scan.Results.GetValueOrDefault(OutcomeResult.Failed)));
        Assert.Single(await simulation.Get<Core.Scanning.OpenScans>().ListAsync(CancellationToken.None));
    }
}

/// <summary>Looks for canaries in everything of ours: ledger, objects, rows, messages, logs.</summary>
internal static class CanarySearch
{
    private static readonly byte[] Canary = Encoding.ASCII.GetBytes(SampleCompany.Canary);

    public static IReadOnlyList<string> Find(SimulatedPipeline simulation)
    {
        var found = new List<string>();
        found.AddRange(simulation.Logs.Where(line => line.Contains(SampleCompany.Canary, StringComparison.OrdinalIgnoreCase)).Select(_ => "log"));
        found.AddRange(simulation.Objects.Snapshot().Where(pair => Holds(pair.Value) || Holds(Encoding.UTF8.GetBytes(pair.Key))).Select(pair => "object " + pair.Key));
        found.AddRange(simulation.Rows.Snapshot().Where(row => Holds(Encoding.UTF8.GetBytes(row.Partition + row.Row + row.Text))).Select(row => "row " + row.Partition));
        found.AddRange(simulation.Queue.Sent.Where(sent => Holds(sent.Message.Body.ToArray()) || Holds(Encoding.UTF8.GetBytes(sent.Message.Id))).Select(sent => "message " + sent.Queue));
        found.AddRange(simulation.Ledger.AllBytes().Where(Holds).Select(_ => "ledger"));
        return found;
    }

    /// <summary>In the clear, and in base64 at each of its three alignments.</summary>
    private static bool Holds(byte[] bytes) => bytes.AsSpan().IndexOf(Canary) >= 0
        || Enumerable.Range(0, 3).Any(shift =>
        {
            var text = Convert.ToBase64String([.. new byte[shift], .. Canary, .. new byte[3]]);
            var core = Encoding.ASCII.GetBytes(text.Substring(4, 8));
            return bytes.AsSpan().IndexOf(core) >= 0;
        });
}
