using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Azurite;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>The tool on a deployment: real storage, and a request that came in over a queue.</summary>
[Collection(ChildrenCollection.Name)]
public sealed class DeployedBundleTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("deployed-").FullName;
    private AzuriteProcess azurite = null!;

    public async Task InitializeAsync() =>
        azurite = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);

    public async Task DisposeAsync()
    {
        await azurite.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_evidence_of_a_request_is_got_by_either_name_and_verified()
    {
        var stores = new Dictionary<string, StoreAddress>
        {
            [RequestShop.Store] = new(StoreKind.Table, azurite.ConnectionString),
            [RequestShop.Logs] = new(StoreKind.Blob, azurite.ConnectionString),
        };
        var deployment = new Deployment(
            azurite.ConnectionString, null, stores, Path.Combine(folder, "queue.db"), Path.Combine(folder, "keys"), "retention.local/bundle", "local");
        deployment.Save(Path.Combine(folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(deployment, CancellationToken.None);
        string key;
        await using (var services = new ServiceCollection().AddSingleton(TimeProvider.System)
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(deployment).BuildServiceProvider())
        {
            await services.GetRequiredService<PolicyBook>().StoreAsync(RequestShop.Policy(), "policy.yaml", CancellationToken.None);
            var (queue, entrance) = (services.GetRequiredService<IWorkQueue>(), QueueNames.RequestsOf(RequestShop.Source));
            var body = Encoding.UTF8.GetBytes(RequestShop.Event("r-1", 1).ToJsonString());
            await queue.SendAsync(entrance, [new("m-1", body, null)], CancellationToken.None);
            var message = Assert.Single(await queue.ReceiveAsync(entrance, 1, TimeSpan.FromSeconds(1), CancellationToken.None));
            await services.GetRequiredService<MessageRouter>().HandleAsync(message, CancellationToken.None);
            await queue.CompleteAsync(message, CancellationToken.None);
            await services.GetRequiredService<PipelineTimers>().IntegrateAsync(CancellationToken.None);
            key = (await services.GetRequiredService<LedgerIntegrator>().VerifierAsync(CancellationToken.None)).ToString();
        }

        var (code, output) = await RunAsync("get", RequestShop.Source, "r-1", "--out", "by-source.zip", "--data", ".");
        Assert.True(code == 0, output);
        var request = DerivedId.RequestOf(RequestShop.Source, "r-1").ToString("D");
        (code, output) = await RunAsync("get", request, "--data", ".");
        Assert.True(code == 0, output);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "by-source.zip")), File.ReadAllBytes(Path.Combine(folder, $"evidence-{request}.zip")));

        (code, output) = await RunAsync("verify", "by-source.zip", "--key", key);
        Assert.True(code == 0, output);
        Assert.Contains("unchecked: dataset access-logs is open, waiting-for-window: the operator's own word", output, StringComparison.Ordinal);
        Assert.Contains("visits: open", output, StringComparison.Ordinal);

        Assert.Equal(2, (await RunAsync("get", RequestShop.Source, "r-2", "--data", ".")).Code);
        Assert.Equal(2, (await RunAsync("get", request, "--out", "no/such/folder.zip", "--data", ".")).Code);
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), "evidence", .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await said + await errors);
    }
}
