using System.Collections.Concurrent;
using System.Security.Cryptography;
using Azure.Messaging.ServiceBus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>The long-lived endpoint while the machine is busy with something else.</summary>
[Collection(BusCollection.Name)]
public sealed class BusLoadTests(BusFixture bus)
{
    private const int Messages = 1_000;
    private const int Senders = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_thousand_messages_are_each_handled_once_though_all_processors_are_busy()
    {
        var queue = bus.NewQueue();
        var handled = new ConcurrentBag<(string Id, int Delivery)>();
        var failures = new ConcurrentBag<Exception>();
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var busy = new CancellationTokenSource(Patience);
        var load = Enumerable.Range(0, Environment.ProcessorCount)
            .Select(_ => Task.Factory.StartNew(() => Burn(busy.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToArray();

        // On the endpoint's clock each lock ended long ago, so that the SDK would renew it at once.
        await using var processor = bus.Client.CreateProcessor(queue, new ServiceBusProcessorOptions
        {
            MaxConcurrentCalls = 8,
            AutoCompleteMessages = false,
            MaxAutoLockRenewalDuration = TimeSpan.Zero,
        });
        processor.ProcessErrorAsync += failure =>
        {
            failures.Add(failure.Exception);
            return Task.CompletedTask;
        };
        processor.ProcessMessageAsync += async delivery =>
        {
            await delivery.CompleteMessageAsync(delivery.Message);
            handled.Add((delivery.Message.MessageId, delivery.Message.DeliveryCount));
            if (handled.Count == Messages)
            {
                all.TrySetResult();
            }
        };

        await processor.StartProcessingAsync();
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(number => SendAsync(queue, number)));
        await all.Task.WaitAsync(Patience);
        await processor.StopProcessingAsync();
        await busy.CancelAsync();
        await Task.WhenAll(load);

        Assert.Empty(failures);
        Assert.Equal(Messages, handled.Select(one => one.Id).Distinct().Count());
        Assert.Equal(Messages, handled.Count);
        Assert.All(handled, one => Assert.Equal(1, one.Delivery));
        await using var receiver = bus.Client.CreateReceiver(queue);
        Assert.Null(await receiver.PeekMessageAsync());
    }

    private async Task SendAsync(string queue, int sender)
    {
        await using var link = bus.Client.CreateSender(queue);
        for (var number = 0; number < Messages / Senders; number++)
        {
            await link.SendMessageAsync(new ServiceBusMessage("x") { MessageId = $"{sender}-{number}" });
        }
    }

    private static void Burn(CancellationToken cancel)
    {
        Span<byte> block = stackalloc byte[1024];
        while (!cancel.IsCancellationRequested)
        {
            SHA256.HashData(block, block);
        }
    }
}
