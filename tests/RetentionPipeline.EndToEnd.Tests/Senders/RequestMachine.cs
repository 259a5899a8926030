using System.Diagnostics;
using Azure.Data.Tables;
using Microsoft.Azure.Cosmos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Endpoints.Bus;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>
/// A deployment with everything that a request meets: a storage account of the pipeline's own, another one and a Cosmos DB
/// account of the company's, a Service Bus. The pipeline runs in this process from <see cref="Run()"/> on; logs are read for
/// requests at once, if nothing else is asked for.
/// </summary>
internal sealed class RequestMachine : IAsyncDisposable
{
    private readonly AzuriteProcess ours;
    private readonly AzuriteProcess company;
    private readonly CosmosGateway gateway;
    private readonly BusEndpoint bus;
    private readonly ServiceProvider services;
    private CancellationTokenSource ending = new();
    private Task running = Task.CompletedTask;
    private bool oursEnded;

    private RequestMachine(
        string folder, AzuriteProcess ours, AzuriteProcess company, CosmosGateway gateway, BusEndpoint bus, string logs)
    {
        (Folder, this.ours, this.company, this.gateway, this.bus) = (folder, ours, company, gateway, bus);
        Deployment = new Deployment(
            ours.ConnectionString, null,
            new Dictionary<string, StoreAddress>
            {
                ["crm"] = new(StoreKind.Table, company.ConnectionString),
                ["shop"] = new(StoreKind.Cosmos, gateway.ConnectionString),
                ["logs"] = new(StoreKind.Blob, logs),
            },
            bus.ConnectionString, Path.Combine(folder, "keys"), "retention.local/requests", "local");
        Log = new RunLog(Path.Combine(folder, "log.txt"), TimeProvider.System);
        services = Build(RequestWindows.AtOnce);
        Cosmos = new CosmosClient(
            gateway.ConnectionString, new CosmosClientOptions { ConnectionMode = ConnectionMode.Gateway, LimitToEndpoint = true });
    }

    public string Folder { get; }

    /// <summary>Where the queues lie.</summary>
    public string BusFolder => Path.Combine(Folder, "bus");

    /// <summary>Where the pipeline's own objects, rows and log lie.</summary>
    public string OwnFolder => Path.Combine(Folder, "own");

    /// <summary>Where the company's tables and blobs lie.</summary>
    public string CompanyFolder => Path.Combine(Folder, "company");

    public Deployment Deployment { get; }

    public RunLog Log { get; }

    public CosmosClient Cosmos { get; }

    public TableServiceClient Tables => DeployedPorts.TableService(company.ConnectionString, retries: 3);

    public Azure.Storage.Blobs.BlobServiceClient Blobs => DeployedPorts.BlobService(company.ConnectionString, retries: 3);

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <param name="policy">The policy.</param>
    /// <param name="through">Makes the address of the company's logs another one; null for none.</param>
    /// <param name="sources">Its sources.</param>
    public static async Task<RequestMachine> StartAsync(string policy, Func<string, string>? through, params string[] sources)
    {
        var folder = Directory.CreateTempSubdirectory("requests-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "bus"));
        var ours = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "own")), CancellationToken.None);
        var company = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "company")), CancellationToken.None);
        var gateway = await CosmosGateway.StartAsync(
            CosmosGatewayOptions.Default with { File = Path.Combine(folder, "cosmos.db") }, CancellationToken.None);
        string[] queues = [QueueNames.Slices, QueueNames.Operations, .. sources.SelectMany(source => new[] { QueueNames.RequestsOf(source), QueueNames.RepliesOf(source) })];
        var bus = await BusEndpoint.StartAsync(
            new BusEndpointOptions(
                Path.Combine(folder, "bus", "bus.db"), queues.ToDictionary(name => name, _ => DeployedPorts.OnOneMachine)),
            CancellationToken.None);
        var machine = new RequestMachine(
            folder, ours, company, gateway, bus, through?.Invoke(company.ConnectionString) ?? company.ConnectionString);
        machine.Deployment.Save(Path.Combine(folder, Deployment.FileName));
        await DeployedPorts.CreateOwnStoresAsync(machine.Deployment, CancellationToken.None);
        await machine.Get<CosmosAccounts>().ReachAllAsync(CancellationToken.None);
        var problems = await machine.Get<PolicyBook>().StoreAsync(policy, "policy.yaml", CancellationToken.None);
        Assert.DoesNotContain(problems, problem => problem.Severity is ProblemSeverity.Error);
        return machine;
    }

    public void Run() => running = RunAsync(RequestWindows.AtOnce, ending.Token);

    /// <summary>Runs until the requests are where they must be, with other windows of the logs.</summary>
    public async Task RunUntilAsync(RequestWindows windows, Func<Task<bool>> holds, Func<string> otherwise)
    {
        ending.Dispose();
        ending = new CancellationTokenSource();
        running = RunAsync(windows, ending.Token);
        await Instances.Machine.WaitAsync(holds, otherwise);
        await EndPipelineAsync();
    }

    public async Task<RequestStatus> WaitForAsync(string source, string id, Func<RequestRow, bool> holds)
    {
        RequestStatus? status = null;
        await Instances.Machine.WaitAsync(
            async () => (status = await Get<RequestDesk>().FindAsync(source, id, CancellationToken.None)) is { } found && holds(found.Row),
            () => $"{id} is {status?.Row.State}: {string.Join(", ", status?.Datasets.Select(dataset => $"{dataset.Dataset} {dataset.State} {dataset.Reason}") ?? [])}");
        return status!;
    }

    /// <summary>What <c>retention request show</c> prints, by a process of its own.</summary>
    public async Task<string> ShowAsync(string source, string id)
    {
        var start = new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), "request", "show", source, id, "--data", Folder])
        {
            RedirectStandardOutput = true,
        };
        using var tool = Process.Start(start)!;
        var said = await tool.StandardOutput.ReadToEndAsync();
        await tool.WaitForExitAsync();
        Assert.True(tool.ExitCode == 0, said);
        return said;
    }

    /// <summary>Every message that a source was sent and has not read, taken.</summary>
    public async Task<IReadOnlyList<ReceivedMessage>> TakeRepliesAsync(string source, int count)
    {
        var taken = new List<ReceivedMessage>();
        await Instances.Machine.WaitAsync(
            async () =>
            {
                foreach (var message in await Get<IWorkQueue>().ReceiveAsync(QueueNames.RepliesOf(source), 10, TimeSpan.FromSeconds(1), CancellationToken.None))
                {
                    taken.Add(message);
                    await Get<IWorkQueue>().CompleteAsync(message, CancellationToken.None);
                }

                return taken.Count >= count;
            },
            () => $"{taken.Count} replies of {count}.");
        return taken;
    }

    /// <summary>The evidence that an outsider gets, with its openings; the pipeline ends first.</summary>
    public async Task<LogVerdict> VerifyAsync()
    {
        await EndPipelineAsync();
        await Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var verifier = await Get<LedgerIntegrator>().VerifierAsync(CancellationToken.None);
        await Get<LogExport>().WriteAsync(Path.Combine(Folder, "log"), verifier, CancellationToken.None);
        var openings = new OpeningsFolder(Path.Combine(Folder, "openings"));
        await openings.WriteAsync(
            Get<IObjectStore>(), Get<OperationBooks>(), Get<HoldTable>(), Get<Pseudonyms>(), CancellationToken.None);
        return LogVerification.Verify(Path.Combine(Folder, "log"), verifier, openings, (_, _) => { });
    }

    /// <summary>Ends the pipeline and its own storage, which writes all that it has to its files.</summary>
    public async Task EndOwnStorageAsync()
    {
        await EndPipelineAsync();
        if (!oursEnded)
        {
            oursEnded = true;
            await ours.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndOwnStorageAsync();
        Cosmos.Dispose();
        await services.DisposeAsync();
        Log.Dispose();
        await bus.DisposeAsync();
        await gateway.DisposeAsync();
        await company.DisposeAsync();
        ending.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task RunAsync(RequestWindows windows, CancellationToken cancel)
    {
        await using var own = Build(windows);
        await new PipelineHost(own, ScheduleUse.CommandsOnly, own.GetRequiredService<ILogger<PipelineHost>>()).RunAsync(cancel);
    }

    private ServiceProvider Build(RequestWindows windows) => new ServiceCollection().AddSingleton(TimeProvider.System)
        .AddSingleton<ILoggerFactory>(Log).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
        .AddDeployment(Deployment).AddSingleton(windows).BuildServiceProvider();

    private async Task EndPipelineAsync()
    {
        await ending.CancelAsync();
        await running;
    }
}
