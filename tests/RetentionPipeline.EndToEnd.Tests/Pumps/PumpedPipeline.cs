using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Adapters.ServiceBus;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Children;

namespace RetentionPipeline.EndToEnd.Tests.Pumps;

/// <summary>
/// The pump as it is deployed: Service Bus's own SDK over the local endpoint, which has a process of its own, on the real
/// clock. What lies behind the handlers is in memory, so that the pump is what takes time.
/// </summary>
internal sealed class PumpedPipeline : IAsyncDisposable
{
    public const string Container = "Visits";

    private readonly string folder;
    private readonly EndpointsChild bus;
    private readonly ServiceBusWorkQueue client;
    private readonly ServiceProvider services;

    private PumpedPipeline(string folder, EndpointsChild bus, int batch)
    {
        (this.folder, this.bus) = (folder, bus);
        client = new ServiceBusWorkQueue(bus.Addresses.Bus!);
        Queue = new WatchedQueue(client);
        Shop = NewStore("shop");
        Side = NewStore("side");
        Objects = new MemoryObjectStore(Faults);
        services = Build(new MemoryLedger(Faults), batch);
    }

    /// <summary>Of everything but the queue.</summary>
    public Faults Faults { get; } = new();

    public WatchedQueue Queue { get; }

    public MemoryRecordStore Shop { get; }

    public MemoryRecordStore Side { get; }

    public MemoryObjectStore Objects { get; }

    /// <summary>When each call reached a store, by store.</summary>
    public ConcurrentQueue<(string Store, string Call, DateTimeOffset At)> Calls { get; } = [];

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public static async Task<PumpedPipeline> StartAsync(int batch, int rate = 1_000_000)
    {
        var folder = Directory.CreateTempSubdirectory("pump-").FullName;
        string[] queues = [QueueNames.Slices, QueueNames.Operations];
        var bus = await EndpointsChild.StartAsync(new EndpointsOptions(folder, null, 0, queues), CancellationToken.None);
        var pipeline = new PumpedPipeline(folder, bus, batch);
        var problems = await pipeline.Get<PolicyBook>().StoreAsync(Policy(rate), "policy.yaml", CancellationToken.None);
        Assert.DoesNotContain(problems, problem => problem.Severity is Core.Policies.ProblemSeverity.Error);
        return pipeline;
    }

    /// <summary>Records that are due, and one of ten that is not.</summary>
    public static void Seed(MemoryRecordStore store, int due)
    {
        var now = DateTimeOffset.UtcNow;
        for (var number = 0; number < due + (due / 10); number++)
        {
            store.Put(Container, new RecordKey($"customer-{number % 97:D3}", $"{number:D8}"), new Dictionary<string, object?>
            {
                ["PartitionKey"] = $"customer-{number % 97:D3}",
                ["SeenAt"] = number < due ? now.AddYears(-3) : now.AddDays(-3),
            });
        }
    }

    /// <summary>The timers' work but the pump's, as often as a host does it.</summary>
    public async Task RunTimersAsync(CancellationToken cancel)
    {
        var timers = Get<PipelineTimers>();
        while (!cancel.IsCancellationRequested)
        {
            foreach (var run in new Func<Task>[]
            {
                () => timers.ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None),
                () => timers.IntegrateAsync(CancellationToken.None), () => timers.CloseAsync(CancellationToken.None),
                () => timers.ReconcileAsync(CancellationToken.None),
            })
            {
                try
                {
                    await run();
                }
                catch (InjectedFaultException)
                {
                    // As in a host: the next run does it.
                }
            }

            await Task.Delay(500, CancellationToken.None);
        }
    }

    public Task AskAsync(string rule) => Get<ScanSchedule>().AskAsync(rule, "once", ScanPurpose.Command, CancellationToken.None);

    public Task<ScanStatus?> StatusAsync(string rule, string dataset) =>
        Get<ScanOverview>().FindAsync(DerivedId.CommandedScan(rule, dataset, "once"), CancellationToken.None);

    public Task<LogVerdict> VerifyAsync() => EvidenceCheck.VerifyAsync(services, Faults);

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await client.DisposeAsync();
        await bus.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Its calls are noted, and meet the faults of this pipeline.</summary>
    private MemoryRecordStore NewStore(string store)
    {
        var faults = new Faults
        {
            Before = call => Calls.Enqueue((store, call, DateTimeOffset.UtcNow)),
            Choose = (number, call) => Faults.Choose?.Invoke(number, call),
        };

        // One that answers at once keeps a thread until its batch is through, and others from waking in time.
        return new MemoryRecordStore(faults) { Latency = TimeSpan.FromMilliseconds(2) };
    }

    private ServiceProvider Build(MemoryLedger ledger, int batch) => new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddSingleton<IObjectStore>(Objects).AddSingleton<IRowStore>(new MemoryRowStore(Faults))
        .AddSingleton<IWorkQueue>(Queue).AddSingleton<ISecretStore>(new MemorySecretStore(Faults))
        .AddSingleton<IRecordStores>(new MemoryRecordStores(new Dictionary<string, IRecordStore> { ["shop"] = Shop, ["side"] = Side }))
        .AddSingleton<ILaneStore>(ledger).AddSingleton<ICommitJournal>(ledger).AddSingleton<ITileStore>(ledger)
        .AddSingleton<ICheckpointStore>(ledger).AddSingleton<ILedgerLease>(ledger)
        .AddSingleton<ILoggerFactory>(new ListLoggerFactory([])).AddSingleton(typeof(ILogger<>), typeof(Logger<>))
        .AddRetentionPipeline(new PipelineSettings(PipelineTimes.Local, 16, new PumpBounds(4, 16), "log.example/pump") { BatchRecords = batch })
        .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    private static string Policy(int rate) => $$"""
        version: 1
        name: pumped
        effective-from: 2020-01-01T00:00:00Z
        purposes: [service]
        stores:
          shop: {kind: table, requests-per-second: {{rate}}}
          side: {kind: table, requests-per-second: 1000000}
        datasets:
          visits:
            store: shop
            container: {{Container}}
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
          side:
            store: side
            container: {{Container}}
            category: network
            purposes: [service]
            controller: Shop
            subjects: [{path: PartitionKey, kind: customer-id}]
            clocks:
              seen: {kind: collection, field: SeenAt}
        rules:
          - name: visits-end
            dataset: visits
            clock: seen
            period: P13M
            action: delete
            mode: enforce
            cap: {records: 1000000, percent: 100}
            schedule: 0 0 3 1 1 *
          - name: side-end
            dataset: side
            clock: seen
            period: P13M
            action: delete
            mode: enforce
            cap: {records: 1000000, percent: 100}
            schedule: 0 0 3 1 1 *
        """;
}
