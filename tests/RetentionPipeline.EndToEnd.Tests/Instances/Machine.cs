using System.Diagnostics;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Endpoints.Bus;

namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>
/// A deployment on this machine: real storage, queues behind a Service Bus endpoint, and instances of the pipeline that are processes of their own,
/// <c>retention run</c>. Its store <c>shop</c> lies behind a proxy that notes each request.
/// </summary>
internal sealed partial class Machine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly AzuriteProcess azurite;
    private readonly BusEndpoint bus;
    private readonly List<Process> instances = [];
    private readonly List<StorageProxy> proxies = [];

    private Machine(AzuriteProcess azurite, BusEndpoint bus, string folder)
    {
        (this.azurite, this.bus, Folder) = (azurite, bus, folder);
        Shop = Proxy();
        var stores = new Dictionary<string, StoreAddress>
        {
            ["shop"] = new(StoreKind.Table, AddressThrough(Shop)),
            ["side"] = new(StoreKind.Table, azurite.ConnectionString),
        };
        Deployment = new Deployment(
            azurite.ConnectionString, null, stores, bus.ConnectionString, Path.Combine(folder, "keys"),
            "retention.local/machine", "local");
        Services = new ServiceCollection().AddSingleton(TimeProvider.System)
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(Deployment).BuildServiceProvider();
    }

    public string Folder { get; }

    public Deployment Deployment { get; }

    /// <summary>Ours, to look and to command with; it handles no message.</summary>
    public ServiceProvider Services { get; }

    public StorageProxy Shop { get; }

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public static async Task<Machine> StartAsync(string policy)
    {
        var folder = Directory.CreateTempSubdirectory("machine-").FullName;
        var azurite = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "azurite")), CancellationToken.None);
        var bus = await BusEndpoint.StartAsync(
            new BusEndpointOptions(
                Path.Combine(folder, "bus.db"),
                new[] { QueueNames.Slices, QueueNames.Operations }.ToDictionary(name => name, _ => DeployedPorts.OnOneMachine)),
            CancellationToken.None);
        var machine = new Machine(azurite, bus, folder);
        machine.Deployment.Save(Path.Combine(folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(machine.Deployment, CancellationToken.None);
        await machine.Get<PolicyBook>().StoreAsync(policy, "policy.yaml", CancellationToken.None);
        return machine;
    }

    /// <summary>The storage as seen through a proxy of its own.</summary>
    public StorageProxy Proxy()
    {
        var proxy = new StorageProxy(new Uri(TableEndpoint().Match(azurite.ConnectionString).Groups[1].Value));
        proxies.Add(proxy);
        return proxy;
    }

    public string AddressThrough(StorageProxy proxy) =>
        TableEndpoint().Replace(azurite.ConnectionString, $"TableEndpoint=http://127.0.0.1:{proxy.Port}/");

    /// <summary>Fills a table with records that all were seen at one time.</summary>
    public async Task SeedAsync(string table, int records, DateTimeOffset seenAt)
    {
        var client = new TableServiceClient(azurite.ConnectionString).GetTableClient(table);
        await client.CreateIfNotExistsAsync();
        foreach (var chunk in Enumerable.Range(0, records).Chunk(50))
        {
            await client.SubmitTransactionAsync(chunk.Select(number => new TableTransactionAction(
                TableTransactionActionType.Add,
                new TableEntity($"customer-{chunk[0] / 50:D4}", $"{number:D8}") { ["SeenAt"] = seenAt, ["Ip"] = "203.0.113.7" })));
        }
    }

    public async Task<int> CountAsync(string table)
    {
        var count = 0;
        await foreach (var _ in new TableServiceClient(azurite.ConnectionString).GetTableClient(table).QueryAsync<TableEntity>(select: ["RowKey"]))
        {
            count++;
        }

        return count;
    }

    /// <summary>Starts an instance; of a deployment file of its own where it sees the world otherwise.</summary>
    public Process StartInstance(Deployment? seen = null)
    {
        string[] target = ["--data", Folder];
        if (seen is not null)
        {
            var file = Path.Combine(Folder, $"deployment-{instances.Count}.json");
            seen.Save(file);
            target = ["--config", file];
        }

        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), "run", .. target])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var instance = Process.Start(start)!;
        instance.BeginOutputReadLine();
        instance.BeginErrorReadLine();
        instances.Add(instance);
        return instance;
    }

    public async Task AskAsync(params string[] rules)
    {
        foreach (var rule in rules)
        {
            await Get<ScanSchedule>().AskAsync(rule, "once", ScanPurpose.Command, CancellationToken.None);
        }
    }

    public async Task<ScanStatus?> StatusAsync(string rule, string dataset) =>
        await Get<ScanOverview>().FindAsync(DerivedId.CommandedScan(rule, dataset, "once"), CancellationToken.None);

    public async Task<ScanStatus> WaitUntilClosedAsync(string rule, string dataset)
    {
        ScanStatus? status = null;
        await WaitAsync(
            async () => (status = await StatusAsync(rule, dataset))?.Figures is not null,
            () => $"{rule} did not close: {status?.Phase}, {status?.Ended} of {status?.Totals.Due} ended");
        return status!;
    }

    /// <summary>Waits as long as something goes on: what <paramref name="otherwise"/> says changes with it.</summary>
    public static async Task WaitAsync(Func<Task<bool>> holds, Func<string> otherwise)
    {
        var last = "";
        for (var changedAt = Stopwatch.GetTimestamp(); !await holds();)
        {
            var said = otherwise();
            changedAt = said == last ? changedAt : Stopwatch.GetTimestamp();
            last = said;
            Assert.True(Stopwatch.GetElapsedTime(changedAt) < Patience, said);
            await Task.Delay(200);
        }
    }

    /// <summary>The evidence that an outsider gets, with its openings.</summary>
    public async Task<LogVerdict> VerifyAsync()
    {
        await EndInstancesAsync();
        await Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var verifier = await Get<LedgerIntegrator>().VerifierAsync(CancellationToken.None);
        await Get<LogExport>().WriteAsync(Path.Combine(Folder, "log"), verifier, CancellationToken.None);
        var openings = new OpeningsFolder(Path.Combine(Folder, "openings"));
        await openings.WriteAsync(
            Get<IObjectStore>(), Get<OperationBooks>(), Get<HoldTable>(), Get<Pseudonyms>(), CancellationToken.None);
        return LogVerification.Verify(Path.Combine(Folder, "log"), verifier, openings, (_, _) => { });
    }

    /// <summary>Asks the instances to end, and waits.</summary>
    public async Task EndInstancesAsync()
    {
        foreach (var instance in instances.Where(instance => !instance.HasExited))
        {
            using var asked = Process.Start("kill", ["-TERM", $"{instance.Id}"]);
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            try
            {
                await instance.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                instance.Kill(entireProcessTree: true);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndInstancesAsync();
        instances.ForEach(instance => instance.Dispose());
        await Services.DisposeAsync();
        foreach (var proxy in proxies)
        {
            await proxy.DisposeAsync();
        }

        await bus.DisposeAsync();
        await azurite.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }

    [GeneratedRegex("TableEndpoint=(http:[^;]*?:\\d+/)")]
    private static partial Regex TableEndpoint();
}
