using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Tables;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>The local run on real storage, interrupted in every way; what is left is what the oracle says.</summary>
[Collection(MachineCollection.Name)]
public sealed class WholeRunTests : IDisposable
{
    private const int Records = 600;
    private const int LogMegabytes = 1;
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
        Assert.Empty(await CompanyCheck.DifferencesAsync(deployment.Account, deployment.Stores["shop"].Address, Records, LogMegabytes));
        await AssertRequestsAnsweredAsync(deployment);

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
        ["--once", "--records", $"{Records}", "--log-mb", $"{LogMegabytes}", "--data", data];

    private StartedRun Start(params string[] more) => new([.. Arguments(Data), .. more]);

    private static async Task StopShopAsync(string account)
    {
        var table = DeployedPorts.TableService(account, retries: 3).GetTableClient("pipeline");
        await table.CreateIfNotExistsAsync();
        await new StopSwitch(new TableRowStore(table), TimeProvider.System, PipelineTimes.Local)
            .StopAsync(StopScope.OfStore("shop"), "tester", CancellationToken.None);
    }

    /// <summary>What became of each request of the sample's systems, and what its source was told last.</summary>
    private static async Task AssertRequestsAnsweredAsync(Deployment deployment)
    {
        await using var services = new ServiceCollection().AddSingleton(TimeProvider.System)
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(deployment).BuildServiceProvider();
        var desk = services.GetRequiredService<RequestDesk>();
        var found = new List<string>();
        foreach (var (source, id) in new[] { ("web-shop", "shop-1"), ("help-desk", "desk-1"), ("consent", "consent-1") })
        {
            var status = (await desk.FindAsync(source, id, CancellationToken.None))!;
            var states = status.Datasets.GroupBy(dataset => dataset.State).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => $"{group.Count()} {group.Key}");
            found.Add($"{id} {status.Row.State}: {string.Join(", ", states)}");
            Assert.Equal(status.Row.Tasks.Any(task => task.Ending is TaskEnding.Held), status.Row.Identifiers.Length > 0);
        }

        Assert.Equal(["shop-1 Completed: 24 done", "desk-1 PartiallyCompleted: 22 done, 2 held", "consent-1 Rejected: "], found);
    }

    private void AssertLogIsWell()
    {
        var key = NoteVerifier.Parse(File.ReadAllText(Path.Combine(Log, "key")).Trim());
        var verdict = Core.Evidence.LogVerification.Verify(Log, key, null, (_, _) => { });
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.OpenIntents);
    }
}
