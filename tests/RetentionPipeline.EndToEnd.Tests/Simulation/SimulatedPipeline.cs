using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Simulation;

/// <summary>
/// The whole pipeline in one process over stores in memory: the composition, handlers and messages of every host, in
/// virtual time, one step after the other. <see cref="Restart"/> is a crash: what only memory held is gone.
/// </summary>
internal sealed class SimulatedPipeline : IDisposable
{
    private ServiceProvider services;
    private bool requestsBusy;

    public SimulatedPipeline(DateTimeOffset now, params string[] stores)
    {
        Time = new SimulatedTime(now);
        Objects = new MemoryObjectStore(Faults);
        Rows = new MemoryRowStore(Faults);
        Queue = new MemoryWorkQueue(Faults, Time);
        Secrets = new MemorySecretStore(Faults);
        Ledger = new MemoryLedger(Faults);
        Stores = stores.ToDictionary(name => name, _ => new MemoryRecordStore(Faults));
        services = Build();
    }

    public Faults Faults { get; } = new();

    public SimulatedTime Time { get; }

    public MemoryObjectStore Objects { get; }

    public MemoryRowStore Rows { get; }

    public MemoryWorkQueue Queue { get; }

    public MemorySecretStore Secrets { get; }

    public MemoryLedger Ledger { get; }

    public IReadOnlyDictionary<string, MemoryRecordStore> Stores { get; }

    /// <summary>Stores that stand instead of those in memory from the next start on.</summary>
    public Dictionary<string, IRecordStore> Instead { get; } = [];

    public List<string> Logs { get; } = [];

    public int ActConcurrency { get; set; } = 1;

    /// <summary>Records of a batch from the next start on.</summary>
    public int BatchRecords { get; set; } = WorkBatch.MaxEntries;

    /// <summary>The times of the protocol from the next start on.</summary>
    public PipelineTimes Times { get; set; } = PipelineTimes.Local;

    /// <summary>From the next start on, every reader of holds sees the table as it was before the first one.</summary>
    public bool HideHolds { get; set; }

    public IServiceProvider Services => services;

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>A crash and a new start.</summary>
    public void Restart()
    {
        services.Dispose();
        services = Build();
    }

    /// <summary>A second instance over the same stores.</summary>
    public ServiceProvider Another(TimeProvider? time = null) => Build(time);

    public async Task StorePolicyAsync(string yaml)
    {
        var problems = await Get<PolicyBook>().StoreAsync(yaml, "policy.yaml", CancellationToken.None);
        Assert.DoesNotContain(problems, problem => problem.Severity is Core.Policies.ProblemSeverity.Error);
    }

    /// <summary>Asks for every rule once and runs until each scan is closed or parked.</summary>
    public async Task RunOnceAsync()
    {
        await AskForAllAsync("once");
        await RunUntilQuietAsync();
    }

    public async Task AskForAllAsync(string command)
    {
        var policy = await Get<PolicyBook>().InForceAsync(CancellationToken.None);
        foreach (var rule in policy.Rules)
        {
            await Get<ScanSchedule>().AskAsync(rule.Name, command, ScanPurpose.Command, CancellationToken.None);
        }
    }

    /// <summary>
    /// Timers and messages in turn until nothing is left but what waits for a person. A failure that was injected is a
    /// crash where <paramref name="crashes"/> says so, else a call that failed.
    /// </summary>
    public async Task RunUntilQuietAsync(Func<bool>? crashes = null, int rounds = 400)
    {
        for (var round = 0; round < rounds; round++)
        {
            await StepAsync(timers => timers.CommandsAndScansAsync(), crashes);
            await DrainAsync(crashes);
            requestsBusy = true;
            await StepAsync(async timers => requestsBusy = await timers.RequestsAsync() > 0, crashes);
            await StepAsync(timers => timers.IntegrateAsync(), crashes);
            await StepAsync(timers => timers.CloseAsync(), crashes);
            await StepAsync(timers => timers.ReconcileAsync(), crashes);
            if (await IsQuietAsync())
            {
                return;
            }

            MoveOn();
        }

        Assert.Fail("The pipeline did not come to rest: " + string.Join("\n", Logs.TakeLast(20)));
    }

    /// <summary>Handles every message that can be received now.</summary>
    public async Task DrainAsync(Func<bool>? crashes = null)
    {
        IReadOnlyList<string> queues = [.. MessageRouter.Queues, .. await RequestQueuesAsync()];
        for (var idle = 0; idle < queues.Count;)
        {
            idle = 0;
            foreach (var queue in queues)
            {
                idle += await HandleOneAsync(queue, crashes) ? 0 : 1;
            }
        }
    }

    /// <summary>Receives, handles and settles one message, as the pump does; false if there was none.</summary>
    public async Task<bool> HandleOneAsync(string queue, Func<bool>? crashes = null)
    {
        try
        {
            if ((await Get<StopSwitch>().CurrentAsync(CancellationToken.None)).StopsEverything)
            {
                return false;
            }

            var received = await Queue.ReceiveAsync(queue, 1, TimeSpan.Zero, CancellationToken.None);
            if (received.Count == 0)
            {
                return false;
            }

            await SettleAsync(received[0], crashes);
        }
        catch (InjectedFaultException)
        {
            RestartIf(crashes);
        }

        return true;
    }

    private async Task SettleAsync(ReceivedMessage message, Func<bool>? crashes)
    {
        try
        {
            await Get<MessageRouter>().HandleAsync(message, CancellationToken.None);
        }
        catch (UnprocessableWorkException never)
        {
            await Queue.DeadLetterAsync(message, never.Reason, CancellationToken.None);
            return;
        }
        catch (Exception failure) when (failure is InjectedFaultException or TransientActException or StoreUnavailableException)
        {
            if (crashes?.Invoke() == true)
            {
                // A crashed process settles nothing: the lock runs out.
                Restart();
                return;
            }

            await Queue.AbandonAsync(message, CancellationToken.None);
            return;
        }

        try
        {
            await Queue.CompleteAsync(message, CancellationToken.None);
        }
        catch (MessageLockLostException)
        {
            // As in the pump: it comes again and finds its work done.
        }
    }

    private async Task StepAsync(Func<SimulatedTimers, Task> step, Func<bool>? crashes)
    {
        try
        {
            await step(new SimulatedTimers(Get<PipelineTimers>()));
        }
        catch (InjectedFaultException)
        {
            RestartIf(crashes);
        }
    }

    private void RestartIf(Func<bool>? crashes)
    {
        if (crashes?.Invoke() == true)
        {
            Restart();
        }
    }

    /// <summary>Read without a fault: which queues there are is no step of the protocol.</summary>
    private async Task<IReadOnlyList<string>> RequestQueuesAsync()
    {
        var (choose, before) = (Faults.Choose, Faults.Before);
        (Faults.Choose, Faults.Before) = (null, null);
        try
        {
            return await Get<MessageRouter>().RequestQueuesAsync(CancellationToken.None);
        }
        finally
        {
            (Faults.Choose, Faults.Before) = (choose, before);
        }
    }

    private async Task<bool> IsQuietAsync()
    {
        var (choose, before) = (Faults.Choose, Faults.Before);
        (Faults.Choose, Faults.Before) = (null, null);
        try
        {
            return !requestsBusy && (await RequestQueuesAsync()).All(queue => Queue.Count(queue) == 0)
                && await QuietCheck.IsQuietAsync(this);
        }
        finally
        {
            (Faults.Choose, Faults.Before) = (choose, before);
        }
    }

    /// <summary>To the next instant at which a message can be received, at least a few seconds.</summary>
    private void MoveOn()
    {
        var now = Time.GetUtcNow();
        var next = Queue.NextAt() is { } at && at > now ? at : now + TimeSpan.FromSeconds(5);
        Time.AdvanceTo(next < now + TimeSpan.FromMinutes(10) ? next : now + TimeSpan.FromMinutes(10));
    }

    private ServiceProvider Build(TimeProvider? time = null)
    {
        var settings = new PipelineSettings(Times, ActConcurrency, new PumpBounds(2, 2), "log.example/test") { BatchRecords = BatchRecords };
        return new ServiceCollection()
            .AddSingleton(time ?? Time)
            .AddSingleton<IObjectStore>(Objects).AddSingleton(HideHolds ? new RowsWithoutHolds(Rows) : (IRowStore)Rows).AddSingleton<IWorkQueue>(Queue)
            .AddSingleton<ISecretStore>(Secrets)
            .AddSingleton<IRecordStores>(new MemoryRecordStores(
                Stores.ToDictionary(pair => pair.Key, pair => Instead.GetValueOrDefault(pair.Key) ?? pair.Value)))
            .AddSingleton<ILaneStore>(Ledger).AddSingleton<ICommitJournal>(Ledger).AddSingleton<ITileStore>(Ledger)
            .AddSingleton<ICheckpointStore>(Ledger).AddSingleton<ILedgerLease>(Ledger)
            .AddSingleton<ILoggerFactory>(new ListLoggerFactory(Logs))
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddRetentionPipeline(settings)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public void Dispose() => services.Dispose();

    private sealed record SimulatedTimers(PipelineTimers Timers)
    {
        public Task CommandsAndScansAsync() => Timers.ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);

        public Task<int> RequestsAsync() => Timers.RequestsAsync(CancellationToken.None);

        public Task IntegrateAsync() => Timers.IntegrateAsync(CancellationToken.None);

        public Task CloseAsync() => Timers.CloseAsync(CancellationToken.None);

        public Task ReconcileAsync() => Timers.ReconcileAsync(CancellationToken.None);
    }
}
