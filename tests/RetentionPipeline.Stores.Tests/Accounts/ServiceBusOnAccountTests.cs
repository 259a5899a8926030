using Azure.Messaging.ServiceBus.Administration;
using RetentionPipeline.Adapters.ServiceBus;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Stores.Tests.Accounts;

/// <summary>
/// Queues of a real Service Bus, made with short locks and windows, and removed afterwards. A stand-in
/// (<c>UseDevelopmentEmulator=true</c>) has no management of queues: there <c>contract-1</c>, <c>contract-2</c> … must be.
/// </summary>
public sealed class AccountQueues : IAsyncLifetime
{
    public static readonly TimeSpan Lock = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(20);
    private readonly string run = $"retention-test-{Guid.NewGuid():N}";
    private int names;

    private static bool IsStandIn =>
        TestAccounts.Get(TestAccounts.ServiceBus).Contains("UseDevelopmentEmulator=true", StringComparison.OrdinalIgnoreCase);

    public async Task<string> NewQueueAsync()
    {
        var number = Interlocked.Increment(ref names);
        if (IsStandIn)
        {
            return $"contract-{number}";
        }

        await Management().CreateQueueAsync(new CreateQueueOptions(NameOf(number))
        {
            LockDuration = Lock,
            MaxDeliveryCount = 10,
            RequiresDuplicateDetection = true,
            DuplicateDetectionHistoryTimeWindow = Window,
        });
        return NameOf(number);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        for (var number = 1; number <= names && !IsStandIn; number++)
        {
            await Management().DeleteQueueAsync(NameOf(number));
        }
    }

    private static ServiceBusAdministrationClient Management() => new(TestAccounts.Get(TestAccounts.ServiceBus));

    private string NameOf(int number) => $"{run}-{number}";
}

/// <summary>The contract on the service's own clock: it takes minutes.</summary>
[OnAccount(TestAccounts.ServiceBus)]
public sealed class ServiceBusOnAccountTests(AccountQueues queues) : WorkQueueContract, IClassFixture<AccountQueues>, IAsyncLifetime
{
    private readonly List<ServiceBusWorkQueue> open = [];
    private string name = "";

    protected override string Queue => name;

    protected override TimeSpan Patience => TimeSpan.FromSeconds(5);

    protected override TimeSpan LockLength => AccountQueues.Lock;

    protected override TimeSpan DuplicateWindow => AccountQueues.Window;

    protected override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async Task InitializeAsync() => name = await queues.NewQueueAsync();

    public async Task DisposeAsync()
    {
        foreach (var queue in open)
        {
            await queue.DisposeAsync();
        }
    }

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time);

    protected override IWorkQueue Open()
    {
        var queue = new ServiceBusWorkQueue(TestAccounts.Get(TestAccounts.ServiceBus));
        open.Add(queue);
        return queue;
    }
}
