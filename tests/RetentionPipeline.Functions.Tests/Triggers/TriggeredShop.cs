using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging.Abstractions;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Functions.Triggers;

namespace RetentionPipeline.Functions.Tests.Triggers;

/// <summary>A function under a trigger, as the worker calls it.</summary>
internal delegate Task TriggeredFunction(ServiceBusReceivedMessage message, ServiceBusMessageActions actions, CancellationToken cancel);

/// <summary>The whole pipeline over stores in memory, its own queues emptied by the functions of the flavour with triggers.</summary>
internal sealed class TriggeredShop : IDisposable
{
    private const int Visits = 60;

    private TriggeredShop() => Pipeline = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);

    public SimulatedPipeline Pipeline { get; }

    /// <summary>A scan of everything has been asked for and planned; its slices wait.</summary>
    public static async Task<TriggeredShop> StartAsync()
    {
        var shop = new TriggeredShop();
        Shop.Seed(shop.Pipeline, Visits);
        await shop.Pipeline.StorePolicyAsync(Shop.Policy());
        await shop.Pipeline.AskForAllAsync("once");
        await shop.Pipeline.Get<PipelineTimers>().ScanAsync(ScheduleUse.CommandsOnly, CancellationToken.None);
        return shop;
    }

    /// <summary>Until messages wait in the queue: operations wait when slices have been handled.</summary>
    public async Task BringToAsync(string queue)
    {
        while (queue == QueueNames.Operations && Pipeline.Queue.Count(QueueNames.Slices) > 0)
        {
            await DeliverAsync(QueueNames.Slices);
        }

        Assert.True(Pipeline.Queue.Count(queue) > 0);
    }

    /// <summary>The function of a queue. Its clock is this machine's: only the renewal of locks asks it.</summary>
    public TriggeredFunction FunctionOf(string queue)
    {
        var deliveries = new PushedDeliveries(
            Pipeline.Get<MessageRouter>(), Pipeline.Get<StopSwitch>(), TimeProvider.System, NullLogger<PushedDeliveries>.Instance);
        return queue == QueueNames.Slices
            ? new SlicesFunction(deliveries, TimeProvider.System).RunAsync
            : new OperationsFunction(deliveries, TimeProvider.System).RunAsync;
    }

    /// <summary>Takes the next message of a queue, as the host does.</summary>
    public async Task<QueueActions> ReceiveAsync(string queue)
    {
        var received = Assert.Single(await Pipeline.Queue.ReceiveAsync(queue, 1, TimeSpan.Zero, CancellationToken.None));
        return new QueueActions(Pipeline.Queue, received);
    }

    /// <summary>Takes the next message and calls its function; returns the settlements.</summary>
    public Task<IReadOnlyList<string>> DeliverAsync(string queue) => DeliverAsync(queue, CancellationToken.None);

    /// <summary>The same, in a host that ends.</summary>
    public async Task<IReadOnlyList<string>> DeliverAsync(string queue, CancellationToken cancel)
    {
        var actions = await ReceiveAsync(queue);
        await FunctionOf(queue)(actions.Message, actions, cancel);
        return actions.Settled;
    }

    public void Dispose() => Pipeline.Dispose();
}
