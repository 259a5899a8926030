using System.Text.Json;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.LocalRuns;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;
using RetentionPipeline.Local.Endpoints.Bus;
using RetentionPipeline.Local.Endpoints.Cosmos;
using RetentionPipeline.Local.Runs;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>The sample of the app's settings fits a local run that stays up, as it stands.</summary>
[Collection(AppCollection.Name)]
public sealed class SampleTests : IDisposable
{
    /// <summary>What the SDKs mean by UseDevelopmentStorage=true.</summary>
    private static readonly (int Blob, int Table) DevelopmentStorage = (10_000, 10_002);

    private readonly string folder = Directory.CreateTempSubdirectory("sample-").FullName;

    private static IReadOnlyDictionary<string, string> Settings => JsonDocument
        .Parse(File.ReadAllText(Path.Combine(Repository.Root, "local.settings.sample.json"))).RootElement.GetProperty("Values")
        .EnumerateObject().ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Its_ports_and_keys_are_those_of_a_local_run_that_stays_up()
    {
        var (options, _) = LocalOptions.Parse(["--keep"]);

        // A port that something else has just now is a free one instead.
        Assert.Contains(options!.BlobPort, new[] { DevelopmentStorage.Blob, 0 });
        Assert.Contains(options.TablePort, new[] { DevelopmentStorage.Table, 0 });
        Assert.Contains(options.BusPort, new[] { 5672, 0 });
        Assert.Contains(options.CosmosPort, new[] { 8081, 0 });
        var storage = Settings.Where(setting => setting.Value == "UseDevelopmentStorage=true").Select(setting => setting.Key).Order(StringComparer.Ordinal);
        Assert.Equal(["AzureWebJobsStorage", "LedgerStorage", "Stores__crm", "Stores__files", "Stores__logs", "WorkStorage"], storage);
        Assert.Equal(
            $"Endpoint=sb://localhost:5672;SharedAccessKeyName={BusEndpoint.KeyName};SharedAccessKey={BusEndpoint.DevelopmentKey};UseDevelopmentEmulator=true;",
            Settings["ServiceBus"]);
        Assert.Equal($"AccountEndpoint=http://127.0.0.1:8081/;AccountKey={CosmosGateway.DevelopmentKey};", Settings["Stores__shop"]);
        Assert.All(PipelineOptions.Timers, timer => Assert.True(Settings.ContainsKey($"Retention_{timer}Schedule"), timer));
        Assert.Equal((0, 0, 0, 0), Ports(LocalOptions.Parse([]).Options!));
        Assert.Equal((1, 2, 3, 4), Ports(LocalOptions.Parse(["--keep", "--blob-port", "1", "--table-port", "2", "--bus-port", "3", "--cosmos-port", "4"]).Options!));
    }

    [LongFact, Trait("Category", "Long")]
    public async Task The_app_as_it_is_built_runs_on_a_local_run_that_stays_up_with_the_sample_as_it_is()
    {
        // As in a checkout: the data folder at its root, the app in its project's output.
        var output = Path.Combine("src", "RetentionPipeline.Functions", "bin", Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!), "net10.0");
        Copy(Path.Combine(Repository.Root, output), Path.Combine(folder, output));
        await using var run = new StartedRun("--once", "--keep", "--records", "100", "--log-mb", "0", "--data", Path.Combine(folder, ".retention"));
        await run.SaysAsync("Everything stays up");
        Assert.Contains("sb://localhost:5672;", run.Output, StringComparison.Ordinal);

        await using var app = await PublishedApp.StartAsync(Settings, Path.Combine(folder, output));
        foreach (var timer in PipelineOptions.Timers)
        {
            Assert.Equal(StatusResult.Types.Status.Success, (await app.RunTimerAsync(timer)).Status);
        }

        Assert.Equal(System.Net.HttpStatusCode.OK, (await app.GetAsync("health")).Status);
        var fetched = await MainJob.PublicEvidence.FetchAsync(app, Path.Combine(folder, "log"));
        Assert.Equal("retention.local/ledger", fetched.Name);
        await run.SignalAsync("INT");
        Assert.Equal(0, await run.WaitForExitAsync());
    }

    private static (int, int, int, int) Ports(LocalOptions options) => (options.BlobPort, options.TablePort, options.BusPort, options.CosmosPort);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
