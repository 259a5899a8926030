using System.Globalization;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.LocalRuns;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Oracle;

/// <summary>
/// The company with its items in a Cosmos DB account that throttles a fifth of all calls, fails a hundredth, and splits
/// partitions while they are scanned: entities and logs are in memory, the items are behind HTTP and the official SDK.
/// </summary>
public sealed class TroubledCosmosTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-11-25T12:00:00Z", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task What_is_left_is_what_the_oracle_says(int seed) => RunAsync(seed);

    [LongFact, Trait("Category", "Soak")]
    public async Task At_eight_more_seeds_too()
    {
        for (var seed = 3; seed <= 10; seed++)
        {
            await RunAsync(seed);
        }
    }

    private async Task RunAsync(int seed)
    {
        var size = new SampleSize(seed, Now.AddDays(seed), 1200, 1, SampleFaults.None);
        await using var cosmos = await CosmosCompany.StartAsync();
        foreach (var container in SampleCompany.Containers)
        {
            await cosmos.CreateAsync(container);
        }

        var (simulation, company) = await SampleSimulation.StartAsync(size);
        using var _ = simulation;
        await cosmos.PutAsync(company.Where(record => record.IsItem));
        simulation.Instead["shop"] = cosmos.StoreNamed("shop");
        simulation.Restart();
        CosmosCompany.Trouble(cosmos.Gateway);

        // Planned on the partitions that there were, read on others; and once more half-way through.
        await simulation.AskForAllAsync("once");
        await simulation.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        await SplitAllAsync(cosmos, "0");
        for (var slices = 0; slices < 12; slices++)
        {
            await simulation.HandleOneAsync(QueueNames.Slices);
        }

        await SplitAllAsync(cosmos, "1");
        await simulation.RunUntilQuietAsync(rounds: 2000);
        cosmos.Gateway.EndFaults();

        var policy = PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;
        var figures = await EvidenceCheck.FiguresAsync(simulation);
        Assert.Equal(policy.Rules.Count, figures.Count);
        Assert.All(figures, scan => Assert.False(scan.ShowsAsFailed, $"{scan}; {string.Join("; ", simulation.Logs.Where(line => line.Contains("cannot be reached", StringComparison.Ordinal) || line.Contains("failed", StringComparison.Ordinal)))}"));
        Assert.Empty(await OfRecordsAsync(simulation, cosmos, policy, (size, company)));
        Assert.Empty(OfFiles(simulation, policy, size));
        await EvidenceCheck.AssertWellAsync(simulation);
        output.WriteLine($"seed {seed}: {cosmos.Account.Units.Total:F0} RU, {simulation.Queue.Sent.Count(sent => sent.Queue == QueueNames.Operations)} operations sent");
    }

    private static async Task SplitAllAsync(CosmosCompany cosmos, string range)
    {
        foreach (var container in SampleCompany.Containers)
        {
            await cosmos.SplitAsync(container.Name, range);
        }
    }

    private static async Task<IReadOnlyList<string>> OfRecordsAsync(
        SimulatedPipeline simulation, CosmosCompany cosmos, Policy policy, (SampleSize Size, IReadOnlyList<SampleRecord> Records) company)
    {
        var oracle = new NaiveOracle(policy, company.Size.Now, company.Records);
        var differences = new List<string>();
        var fates = new Dictionary<Fate, int>();
        foreach (var container in company.Records.GroupBy(record => record.Container))
        {
            var dataset = policy.Datasets.Values.Single(candidate => candidate.Container == container.Key);
            var left = container.First().IsItem ? await StoresRead.ItemsAsync(cosmos.Gateway.ConnectionString, container.Key, dataset.StageField) : null;
            foreach (var record in container)
            {
                if (oracle.Of(record, SampleCompany.HeldCustomer) is { } fate && Seen(record) is var seen)
                {
                    fates[fate] = fates.GetValueOrDefault(fate) + (record.IsItem ? 1 : 0);
                    differences.AddRange(seen == fate ? [] : [$"{container.Key}: {fate} expected, {seen} seen"]);
                }
            }

            Fate Seen(SampleRecord record)
            {
                if (left is not null)
                {
                    return !left.TryGetValue(record.Key, out var staged) ? Fate.Goes : staged ? Fate.IsAnonymised : Fate.Stays;
                }

                var found = simulation.Stores[dataset.Store].Find(record.Container, record.Key);
                return found is null ? Fate.Goes : found.Value.Stage is null ? Fate.Stays : Fate.IsAnonymised;
            }
        }

        Assert.True(fates[Fate.Goes] > 100 && fates[Fate.IsAnonymised] > 50 && fates[Fate.Stays] > 100);
        return differences;
    }

    private static List<string> OfFiles(SimulatedPipeline simulation, Policy policy, SampleSize size)
    {
        var oracle = new NaiveLogOracle(policy, size.Now, SampleCompany.HeldCustomer);
        var differences = new List<string>();
        foreach (var file in new SampleFiles(size).Files())
        {
            var found = simulation.Stores[file.Container == "reports" ? "files" : "logs"].Find(file.Container, new RecordKey("", file.Name));
            var seen = found is null ? Fate.Goes : found.Value.Stage is null ? Fate.Stays : Fate.IsAnonymised;
            if (oracle.Compare(file, found?.Content, seen) is { } difference)
            {
                differences.Add(difference);
            }
        }

        return differences;
    }
}
