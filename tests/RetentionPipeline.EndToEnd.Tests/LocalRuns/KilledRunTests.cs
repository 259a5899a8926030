using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Children;
using RetentionPipeline.Local.Endpoints.Cosmos;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>
/// Processes killed at random moments. Azurite is never among them: it may lose what it acknowledged, which no Azure
/// account does.
/// </summary>
[Collection(MachineCollection.Name)]
public sealed class KilledRunTests(ITestOutputHelper output) : IDisposable
{
    private const int LogMegabytes = 1;
    private const string Seeded = "are in place";
    private const string Begun = "Looking for the sample company";
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(20);
    private readonly string folder = Directory.CreateTempSubdirectory("killed-").FullName;
    private readonly long startedAt = Stopwatch.GetTimestamp();

    private string Data => Path.Combine(folder, "data");

    private string Log => Path.Combine(folder, "log");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>Three times over 50,000 records, or RETENTION_KILLS times over RETENTION_KILL_RECORDS.</summary>
    [LongFact, Trait("Category", "Long")]
    public async Task The_pipeline_killed_at_random_moments_comes_to_what_the_oracle_says()
    {
        var (records, kills) = (Setting("RETENTION_KILL_RECORDS", 50_000), Setting("RETENTION_KILLS", 3));
        await using var azurite = await StartStorageAsync();
        var random = new Random(20260315);
        var hit = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            await using var killed = Start(records, azurite);
            await killed.SaysAsync(kill == 0 ? Seeded : Begun);
            await Task.Delay(random.Next(500, (int)Latest.TotalMilliseconds));
            await killed.SignalAsync("KILL");
            hit += await killed.WaitForExitAsync() == 128 + 9 ? 1 : 0;
            output.WriteLine($"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s: {hit} of {kill + 1} kills hit");
        }

        Assert.True(hit >= Math.Min(2, kills), $"Only {hit} of {kills} kills met a run that was still going on.");
        await AssertEndsWellAsync(records, azurite);
    }

    [LongFact, Trait("Category", "Long")]
    public async Task The_endpoints_killed_at_random_moments_end_the_run_clearly_and_lose_nothing()
    {
        const int records = 5_000;
        await using var azurite = await StartStorageAsync();
        var random = new Random(20260316);
        for (var kill = 0; kill < 3; kill++)
        {
            await using var run = Start(records, azurite);
            await run.SaysAsync(kill == 0 ? Seeded : Begun);
            await Task.Delay(random.Next(500, 8_000));
            await KillEndpointsAsync();
            var code = await run.WaitForExitAsync();
            output.WriteLine($"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s: the run ended with {code}");
            AssertToldClearly(code, run.Output);
        }

        await AssertEndsWellAsync(records, azurite);
    }

    private static int Setting(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    /// <summary>
    /// While the pipeline is at work one message says what happened. Before, whoever needs the endpoints first says that
    /// they do not answer, and the run ends as one that cannot reach its stores.
    /// </summary>
    private static void AssertToldClearly(int code, string said)
    {
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        if (code == 1)
        {
            Assert.Contains("The child process for 'child-endpoints' failed: it ended with 137", said, StringComparison.Ordinal);
            Assert.Contains("Start it again: it goes on where it stopped", said, StringComparison.Ordinal);
            return;
        }

        Assert.True(code == 3, said);
        Assert.Matches("cannot be reached|does not answer|The child process for", said);
    }

    private async Task AssertEndsWellAsync(int records, AzuriteProcess azurite)
    {
        await using (var last = Start(records, azurite, "--export", Log))
        {
            Assert.True(await last.WaitForExitAsync() == 0, last.Output);
        }

        output.WriteLine($"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s: the last run has ended");
        await using (var cosmos = await CosmosGateway.StartAsync(
            CosmosGatewayOptions.Default with { File = Path.Combine(Data, EndpointsChild.CosmosFile) }, CancellationToken.None))
        {
            Assert.Empty(await CompanyCheck.DifferencesAsync(azurite.ConnectionString, cosmos.ConnectionString, records, LogMegabytes));
        }

        var key = (await File.ReadAllTextAsync(Path.Combine(Log, "key"))).Trim();
        var (code, said) = await StartedRun.RunToolAsync("ledger", "verify", Log, "--key", key);
        Assert.True(code == 0, said);
        Assert.DoesNotContain("open: intent", said, StringComparison.Ordinal);
        output.WriteLine($"{Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F0} s: {said.Trim()}");
    }

    private async Task<AzuriteProcess> StartStorageAsync() =>
        await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);

    private StartedRun Start(int records, AzuriteProcess azurite, params string[] more) => new(
    [
        "--once", "--records", $"{records}", "--log-mb", $"{LogMegabytes}", "--data", Data, "--storage", azurite.ConnectionString,
        .. more,
    ]);

    private async Task KillEndpointsAsync()
    {
        var endpoints = Assert.Single(StartedRun.IdsOf($"child-endpoints {Data} "));
        using var kill = Process.Start("kill", ["-KILL", $"{endpoints}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }
}
