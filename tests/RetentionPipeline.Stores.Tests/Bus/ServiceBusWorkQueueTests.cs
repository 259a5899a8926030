using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Adapters.ServiceBus;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Local.Endpoints.Bus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>The adapter on the official SDK, against the local endpoint.</summary>
public sealed class ServiceBusWorkQueueTests : WorkQueueContract, IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("bus-queue-").FullName;
    private readonly List<ServiceBusWorkQueue> open = [];
    private BusEndpoint? endpoint;

    /// <summary>A new link on a busy machine takes a while to open.</summary>
    protected override TimeSpan Patience => TimeSpan.FromSeconds(5);

    public async Task InitializeAsync() => endpoint = await BusEndpoint.StartAsync(
        new BusEndpointOptions(
            Path.Combine(folder, "bus.db"), new Dictionary<string, QueueBehaviour> { ["work"] = QueueBehaviour.Default }, Time: Time),
        CancellationToken.None);

    public async Task DisposeAsync()
    {
        foreach (var queue in open)
        {
            await queue.DisposeAsync();
        }

        await endpoint!.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task What_fits_no_transfer_goes_in_several_and_what_fits_none_is_refused()
    {
        var queue = Open();
        await queue.SendAsync("work", [.. Enumerable.Range(0, 10).Select(number => new OutgoingMessage($"{number}", new byte[60_000], null))], CancellationToken.None);
        var got = new List<ReceivedMessage>();
        for (var attempt = 0; got.Count < 10 && attempt < 10; attempt++)
        {
            got.AddRange(await queue.ReceiveAsync("work", 10, TimeSpan.FromSeconds(20), CancellationToken.None));
        }

        Assert.Equal(10, got.Select(message => message.Id).Distinct().Count());
        Assert.All(got, message => Assert.Equal(60_000, message.Body.Length));
        var large = await Assert.ThrowsAsync<ArgumentException>(() => queue.SendAsync("work", [new("x", new byte[300 * 1024], null)], CancellationToken.None));
        Assert.Contains("262144", large.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => queue.SendAsync("work", [new(new string('x', 129), "x"u8.ToArray(), null)], CancellationToken.None));
    }

    [Fact]
    public async Task What_another_process_took_is_settled_by_its_token()
    {
        var (one, other) = (Open(), Open());
        await SendAsync(one, "1");
        var message = await ReceiveAsync(one);
        Assert.Equal(Time.GetUtcNow().AddSeconds(60), await other.RenewLockAsync(message!, CancellationToken.None));
        await other.CompleteAsync(message!, CancellationToken.None);
        await Assert.ThrowsAsync<MessageLockLostException>(() => one.CompleteAsync(message!, CancellationToken.None));
    }

    protected override IWorkQueue Open()
    {
        var queue = new ServiceBusWorkQueue(endpoint!.ConnectionString);
        open.Add(queue);
        return queue;
    }
}
