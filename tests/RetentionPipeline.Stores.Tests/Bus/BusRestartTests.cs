using Azure.Messaging.ServiceBus;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Local.Endpoints.Bus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>What the endpoint keeps when it ends and begins again, and how it refuses to begin.</summary>
public sealed class BusRestartTests : IDisposable
{
    private const string Queue = "work";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private readonly string folder = Directory.CreateTempSubdirectory("bus-restart-").FullName;

    [Fact]
    public async Task A_client_goes_on_after_a_restart_and_finds_what_was_confirmed_and_what_is_locked()
    {
        var first = await StartAsync(0, null);
        var (port, key) = Read(first.ConnectionString);
        await using var client = new ServiceBusClient(first.ConnectionString);
        await using var sender = client.CreateSender(Queue);
        await using var receiver = client.CreateReceiver(Queue);
        await sender.SendMessagesAsync([new ServiceBusMessage("1"), new ServiceBusMessage("2")]);
        var locked = await receiver.ReceiveMessageAsync(Soon);
        await first.DisposeAsync();

        await using var second = await StartAsync(port, key);
        await sender.SendMessageAsync(new ServiceBusMessage("3"));
        Assert.Equal(["1", "2", "3"], (await receiver.PeekMessagesAsync(10)).Select(message => message.Body.ToString()));
        await receiver.CompleteMessageAsync(locked);
        var next = await receiver.ReceiveMessageAsync(Soon);
        Assert.Equal(("2", 1), (next.Body.ToString(), next.DeliveryCount));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_so_and_two_endpoints_never_share_one()
    {
        await using var first = await StartAsync(0, null);
        var (port, _) = Read(first.ConnectionString);
        var refused = await Assert.ThrowsAsync<BusStartException>(() => StartAsync(port, null));
        Assert.Contains($"Port {port}", refused.Message, StringComparison.Ordinal);
        await using var other = await StartAsync(0, null);
        Assert.NotEqual(port, Read(other.ConnectionString).Port);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<BusEndpoint> StartAsync(int port, string? key) => BusEndpoint.StartAsync(
        new BusEndpointOptions(
            Path.Combine(folder, "bus.db"), new Dictionary<string, QueueBehaviour> { [Queue] = QueueBehaviour.Default }, port, key),
        CancellationToken.None);

    private static (int Port, string Key) Read(string connectionString)
    {
        var parsed = ServiceBusConnectionStringProperties.Parse(connectionString);
        return (parsed.Endpoint.Port, parsed.SharedAccessKey);
    }
}
