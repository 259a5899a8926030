using System.Globalization;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Children;
using RetentionPipeline.Local.Endpoints.Cosmos;
using RetentionPipeline.Local.Runs;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>The local run on real storage, interrupted in every way; what is left is what the oracle says.</summary>
[Collection(MachineCollection.Name)]
public sealed class WholeRunTests : IDisposable
{
    private const int Records = 600;
    private readonly string folder = Directory.CreateTempSubdirectory("whole-").FullName;

    private string Data => Path.Combine(folder, "data");

    private string Log => Path.Combine(folder, "log");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task After_Ctrl_C_no_child_is_left_and_a_second_run_goes_on_to_what_the_oracle_says()
    {
        await using (var first = Start())
        {
            await first.SaysAsync("First records erased");
            await first.SignalAsync("INT");
            Assert.Equal(1, await first.WaitForExitAsync());
            Assert.Contains("Ending: what is in flight is finished first", first.Output, StringComparison.Ordinal);
        }

        Assert.Empty(StartedRun.ProcessesOf(folder));
        await using var second = Start("--keep", "--export", Log);
        await second.SaysAsync("Everything stays up");
        var deployment = Deployment.Load(Path.Combine(Data, Deployment.FileName));
        Assert.Empty(await DifferencesAsync(deployment.Account, deployment.Stores["shop"].Address));

        // While it is up, a third one is told that the folder is taken.
        var (code, output) = await StartedRun.RunAsync("--once", "--data", Data);
        Assert.Equal(3, code);
        Assert.Contains("Another local run uses the data folder", output, StringComparison.Ordinal);

        await second.SignalAsync("INT");
        Assert.True(await second.WaitForExitAsync() == 0, second.Output);
        Assert.Empty(StartedRun.ProcessesOf(folder));
        AssertLogIsWell();
    }

    [Theory]
    [InlineData("Starting the storage")]
    [InlineData("Looking for the sample company")]
    public async Task Ctrl_C_before_the_pipeline_begins_ends_every_child_without_a_stack_trace(string said)
    {
        await using var run = Start();
        await run.SaysAsync(said);
        await run.SignalAsync("INT");

        Assert.Equal(1, await run.WaitForExitAsync());
        Assert.Contains("Ended before the pipeline began", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Output, StringComparison.Ordinal);
        Assert.Empty(StartedRun.ProcessesOf(folder));
    }

    [LongFact, Trait("Category", "Long")]
    public async Task The_plain_command_does_what_was_never_done_here_and_a_second_one_finds_nothing_due()
    {
        string[] plain = ["--records", "200", "--log-mb", "0", "--data", Data];
        var (code, output) = await StartedRun.RunAsync(plain);
        Assert.True(code == 0, output);
        Assert.Contains("First records erased or anonymised", output, StringComparison.Ordinal);
        Assert.Contains("The run took", output, StringComparison.Ordinal);

        var (again, more) = await StartedRun.RunAsync(plain);
        Assert.True(again == 0, more);
        Assert.DoesNotContain("First records erased or anonymised", more, StringComparison.Ordinal);
    }

    [LongFact, Trait("Category", "Long")]
    public async Task Killed_at_random_moments_the_last_run_comes_to_what_the_oracle_says()
    {
        await using var azurite = await AzuriteProcess.StartAsync(
            new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);
        var random = new Random(20260315);
        for (var kill = 0; kill < 3; kill++)
        {
            await using var killed = Start("--storage", azurite.ConnectionString);
            await killed.SaysAsync(kill == 0 ? "are in place" : "Looking for the sample company");
            await Task.Delay(random.Next(500, 9_000));
            await killed.SignalAsync("KILL");
            await killed.WaitForExitAsync();
        }

        var (code, output) = await StartedRun.RunAsync(
            [.. Arguments(Data), "--storage", azurite.ConnectionString, "--export", Log]);

        Assert.True(code == 0, output);
        await using var cosmos = await CosmosGateway.StartAsync(
            CosmosGatewayOptions.Default with { File = Path.Combine(Data, EndpointsChild.CosmosFile) }, CancellationToken.None);
        Assert.Empty(await DifferencesAsync(azurite.ConnectionString, cosmos.ConnectionString));
        AssertLogIsWell();
    }

    [LongFact, Trait("Category", "Long")]
    public async Task What_is_stopped_is_named_and_ends_the_run_with_1()
    {
        await using var azurite = await AzuriteProcess.StartAsync(
            new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);
        await StopShopAsync(azurite.ConnectionString);

        var (code, output) = await StartedRun.RunAsync([.. Arguments(Data), "--storage", azurite.ConnectionString]);

        Assert.True(code == 1, output);
        var policy = PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;
        Assert.All(policy.Rules, rule => Assert.Equal(
            policy.Datasets[rule.Dataset].Store == "shop",
            output.Contains($"{rule.Name} is stopped (store.shop) and has not ended", StringComparison.Ordinal)));
        Assert.Equal(policy.Rules.Count, output.Split('\n').Count(line => line.TrimEnd().EndsWith("done", StringComparison.Ordinal)
            || line.TrimEnd().EndsWith("report", StringComparison.Ordinal) || line.TrimEnd().EndsWith("stopped", StringComparison.Ordinal)));
    }

    private static string[] Arguments(string data) =>
        ["--once", "--records", $"{Records}", "--log-mb", "1", "--data", data];

    private StartedRun Start(params string[] more) => new([.. Arguments(Data), .. more]);

    private static async Task StopShopAsync(string account)
    {
        var table = DeployedPorts.TableService(account, retries: 3).GetTableClient("pipeline");
        await table.CreateIfNotExistsAsync();
        await new StopSwitch(new TableRowStore(table), TimeProvider.System, PipelineTimes.Local)
            .StopAsync(StopScope.OfStore("shop"), "tester", CancellationToken.None);
    }

    private void AssertLogIsWell()
    {
        var key = NoteVerifier.Parse(File.ReadAllText(Path.Combine(Log, "key")).Trim());
        var verdict = Core.Evidence.LogVerification.Verify(Log, key, null, (_, _) => { });
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.OpenIntents);
    }

    /// <summary>Records that are not what the oracle says of the company as it was seeded.</summary>
    private static async Task<IReadOnlyList<string>> DifferencesAsync(string account, string cosmos)
    {
        var marker = await DeployedPorts.BlobService(account, retries: 3).GetBlobContainerClient("pipeline")
            .GetBlobClient(Seeder.Marker).DownloadContentAsync();
        var (seed, now) = marker.Value.Content.ToString().Split(' ') is [var first, var second]
            ? (int.Parse(first, CultureInfo.InvariantCulture), DateTimeOffset.Parse(second, CultureInfo.InvariantCulture))
            : throw new FormatException("The marker of the sample is not what the seeder writes.");
        var company = new SampleCompany(new SampleSize(seed, now, Records, 1, SampleFaults.None)).Everything().ToList();
        Assert.InRange(company.Count(record => record.IsItem) / (double)company.Count, 0.7, 0.9);
        var policy = PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;
        var oracle = new NaiveOracle(policy, now, company);
        var differences = new List<string>();
        var fates = new Dictionary<(bool IsItem, Fate Fate), int>();
        foreach (var container in company.GroupBy(record => record.Container))
        {
            var stageField = policy.Datasets.Values.Single(candidate => candidate.Container == container.Key).StageField;
            var left = container.First().IsItem
                ? await StoresRead.ItemsAsync(cosmos, container.Key, stageField)
                : await StoresRead.EntitiesAsync(account, container.Key, stageField);
            foreach (var record in container)
            {
                if (oracle.Of(record, SampleCompany.HeldCustomer) is not { } fate)
                {
                    continue;
                }

                var seen = !left.TryGetValue(record.Key, out var staged) ? Fate.Goes : staged ? Fate.IsAnonymised : Fate.Stays;
                fates[(record.IsItem, fate)] = fates.GetValueOrDefault((record.IsItem, fate)) + 1;
                if (seen != fate)
                {
                    differences.Add($"{container.Key}: {fate} expected, {seen} seen");
                }
            }
        }

        Assert.True(fates[(true, Fate.Goes)] > 50 && fates[(true, Fate.IsAnonymised)] > 25 && fates[(true, Fate.Stays)] > 50);
        Assert.True(fates[(false, Fate.Goes)] > 10 && fates[(false, Fate.IsAnonymised)] > 2 && fates[(false, Fate.Stays)] > 20);
        return differences;
    }
}
