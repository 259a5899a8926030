using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.LocalRuns;
using RetentionPipeline.EndToEnd.Tests.Oracle;
using RetentionPipeline.Local.Azurite;
using RetentionPipeline.Local.Endpoints.Bus;
using RetentionPipeline.Local.Endpoints.Cosmos;
using RetentionPipeline.Local.Runs;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Functions.Tests.MainJob;

/// <summary>
/// The sample company with everything that the app connects to: storage, the ledger's storage apart, a Cosmos DB account, a
/// Service Bus. Nothing here handles a message or runs a timer; it seeds, asks and looks.
/// </summary>
internal sealed class CompanyOnThisMachine : IAsyncDisposable
{
    private const string Asked = "once";
    private readonly AzuriteProcess storage;
    private readonly AzuriteProcess ledger;
    private readonly CosmosGateway gateway;
    private readonly BusEndpoint bus;
    private readonly ServiceProvider services;
    private readonly SampleSize size;

    private CompanyOnThisMachine(string folder, AzuriteProcess storage, AzuriteProcess ledger, CosmosGateway gateway, BusEndpoint bus, SampleSize size)
    {
        (Folder, this.storage, this.ledger, this.gateway, this.bus, this.size) = (folder, storage, ledger, gateway, bus, size);
        var deployment = new Deployment(
            storage.ConnectionString, null,
            SamplePolicy.Stores.ToDictionary(
                store => store.Key,
                store => new StoreAddress(store.Value.Kind, store.Value.Kind is StoreKind.Cosmos ? gateway.ConnectionString : storage.ConnectionString)),
            bus.ConnectionString, Path.Combine(folder, "keys"), "retention.local/functions", "local")
        {
            Ledger = ledger.ConnectionString,
            Queues = new Dictionary<string, string> { [QueueNames.Slices] = "contoso-slices" },
        };
        services = new ServiceCollection().AddSingleton(TimeProvider.System)
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddDeployment(deployment).AddSingleton(RequestWindows.AtOnce).BuildServiceProvider();
    }

    public string Folder { get; }

    /// <summary>The app's settings for it.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["ServiceBus"] = bus.ConnectionString,
        ["WorkStorage"] = storage.ConnectionString,
        ["LedgerStorage"] = ledger.ConnectionString,
        ["Stores__crm"] = storage.ConnectionString,
        ["Stores__shop"] = gateway.ConnectionString,
        ["Stores__logs"] = storage.ConnectionString,
        ["Stores__files"] = storage.ConnectionString,
        ["Keys__folder"] = Path.Combine(Folder, "keys"),
        ["Retention__origin"] = "retention.local/functions",
        ["Retention__policy"] = "contoso-outdoor.yaml",
        ["Retention__times"] = "local",
        ["Retention__requestWindows"] = "at-once",
        ["Retention_slicesQueue"] = "contoso-slices",
        ["Retention__pumpLimit"] = "00:10:00",
        ["Retention_scanSchedule"] = "* * * * * *",
        ["Retention_pumpSchedule"] = "* * * * * *",
        ["Retention_integrateSchedule"] = "* * * * * *",
        ["Retention_reconcileSchedule"] = "* * * * * *",
        ["Retention_tidySchedule"] = "0 * * * * *",
        ["Retention_freshnessSchedule"] = "0 * * * * *",
    };

    private static Policy SamplePolicy => PolicyDocument.Load(SampleSimulation.PolicyText, "sample").Policy!;

    /// <summary>Starts everything and seeds the company; a person of it is under a hold.</summary>
    public static async Task<CompanyOnThisMachine> StartAsync(int records, int logMegabytes)
    {
        var folder = Directory.CreateTempSubdirectory("functions-").FullName;
        var storage = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "storage")), CancellationToken.None);
        var ledger = await AzuriteProcess.StartAsync(new AzuriteOptions(Path.Combine(folder, "ledger")), CancellationToken.None);
        var gateway = await CosmosGateway.StartAsync(
            CosmosGatewayOptions.Default with { File = Path.Combine(folder, "cosmos.db"), Partitions = 4 }, CancellationToken.None);
        string[] queues =
        [
            "contoso-slices", QueueNames.Operations,
            .. SamplePolicy.Sources.Keys.SelectMany(source => new[] { QueueNames.RequestsOf(source), QueueNames.RepliesOf(source) }),
        ];
        var bus = await BusEndpoint.StartAsync(
            new BusEndpointOptions(Path.Combine(folder, "bus.db"), queues.ToDictionary(name => name, _ => DeployedPorts.OnOneMachine)), CancellationToken.None);
        var size = new SampleSize(1, TimeProvider.System.GetUtcNow(), records, logMegabytes, SampleFaults.None);
        var company = new CompanyOnThisMachine(folder, storage, ledger, gateway, bus, size);
        await DeployedPorts.CreateOwnStoresAsync(company.Get<Deployment>(), CancellationToken.None);
        using (var seeder = new Seeder(new StorePlaces(storage.ConnectionString, gateway.ConnectionString)))
        {
            await seeder.SeedAsync(size, CancellationToken.None);
        }

        await company.Get<HoldDesk>().PlaceAsync(
            "matter-2026-001", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", SampleCompany.HeldCustomer)]), "litigation", "the test",
            CancellationToken.None);
        return company;
    }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>A person asks for every rule once, and the company's systems send what they ask to delete.</summary>
    public async Task AskAsync()
    {
        foreach (var rule in SamplePolicy.Rules)
        {
            await Get<ScanSchedule>().AskAsync(rule.Name, Asked, ScanPurpose.Command, CancellationToken.None);
        }

        foreach (var request in SampleRequests.Of(size))
        {
            await Get<IWorkQueue>().SendAsync(QueueNames.RequestsOf(request.Source), [new(request.Id, request.ToEvent(), null)], CancellationToken.None);
        }
    }

    /// <summary>Whether every scan that was asked for is closed, and every request answered; what is left otherwise.</summary>
    public async Task<string?> LeftAsync()
    {
        if (await Get<OpenScans>().ListAsync(CancellationToken.None) is { Count: > 0 } open)
        {
            return $"{open.Count} scans are open: {string.Join(", ", open.Select(scan => scan.Rule))}";
        }

        if ((await Get<ScanSchedule>().ListDueAsync([.. SamplePolicy.Rules], ScheduleUse.CommandsOnly, CancellationToken.None)).Count is > 0 and var due)
        {
            return $"{due} scans are not planned";
        }

        foreach (var request in SampleRequests.Of(size))
        {
            if (await Get<RequestDesk>().FindAsync(request.Source, request.Id, CancellationToken.None) is not { Row.State: not (RequestState.Accepted or RequestState.Parked) })
            {
                return $"{request.Id} is open";
            }
        }

        return null;
    }

    /// <summary>Records that have ended so far.</summary>
    public async Task<long> EndedAsync()
    {
        var ended = 0L;
        foreach (var status in await StatusesAsync())
        {
            ended += status.Ended;
        }

        return ended;
    }

    /// <summary>Every scan that was asked for and is planned.</summary>
    public async Task<IReadOnlyList<ScanStatus>> StatusesAsync()
    {
        var found = new List<ScanStatus>();
        foreach (var rule in SamplePolicy.Rules)
        {
            if (await Get<ScanOverview>().FindAsync(DerivedId.CommandedScan(rule.Name, rule.Dataset, Asked), CancellationToken.None) is { } status)
            {
                found.Add(status);
            }
        }

        return found;
    }

    /// <summary>What is not as the oracle says, in all three stores.</summary>
    public Task<IReadOnlyList<string>> DifferencesAsync() =>
        CompanyCheck.DifferencesAsync(storage.ConnectionString, gateway.ConnectionString, size.RecordCount, size.LogMegabytes);

    /// <summary>The states of the requests, each with what its datasets say.</summary>
    public async Task<IReadOnlyList<string>> RequestsAsync()
    {
        var told = new List<string>();
        foreach (var request in SampleRequests.Of(size))
        {
            var status = (await Get<RequestDesk>().FindAsync(request.Source, request.Id, CancellationToken.None))!;
            var states = status.Datasets.GroupBy(dataset => dataset.State).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => $"{group.Count()} {group.Key}");
            told.Add($"{request.Id} {status.Row.State}: {string.Join(", ", states)}");
        }

        return told;
    }

    /// <summary>Messages in dead-letter queues; none is taken.</summary>
    public async Task<IReadOnlyDictionary<string, int>> DeadLettersAsync()
    {
        var found = new Dictionary<string, int>();
        foreach (var queue in new[] { QueueNames.Slices, QueueNames.Operations })
        {
            var messages = await Get<IWorkQueue>().ReceiveAsync(QueueNames.DeadLetterOf(queue), 100, TimeSpan.FromSeconds(1), CancellationToken.None);
            found[queue] = messages.Count;
        }

        return found;
    }

    /// <summary>The openings that go with the evidence.</summary>
    public async Task<OpeningsFolder> OpeningsAsync()
    {
        var openings = new OpeningsFolder(Path.Combine(Folder, "openings"));
        await openings.WriteAsync(Get<IObjectStore>(), Get<OperationBooks>(), Get<HoldTable>(), Get<Pseudonyms>(), CancellationToken.None);
        return openings;
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await bus.DisposeAsync();
        await gateway.DisposeAsync();
        await ledger.DisposeAsync();
        await storage.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
