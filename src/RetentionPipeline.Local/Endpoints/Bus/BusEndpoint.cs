using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Amqp;
using Amqp.Listener;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>What to start.</summary>
/// <param name="File">The SQLite file that keeps the messages; made where it is missing. Not shared with a queue that
/// stores bare bodies.</param>
/// <param name="Queues">The queues, by name; their dead-letter queues come by themselves.</param>
/// <param name="Port">0 for a free one.</param>
/// <param name="Key">The shared access key that clients need; null for a new one.</param>
/// <param name="Time">The clock of locks, schedules and windows; null for the machine's.</param>
public sealed record BusEndpointOptions(
    string File, IReadOnlyDictionary<string, QueueBehaviour> Queues, int Port = 0, string? Key = null,
    TimeProvider? Time = null);

/// <summary>The endpoint cannot be started; the message says what to do.</summary>
public sealed class BusStartException(string message) : Exception(message);

/// <summary>
/// Service Bus on this machine, for development and tests, not for production: it listens on loopback without encryption,
/// has one key for everything, and no sessions, topics, transactions or deferred messages (each is refused by name); a
/// time to live is kept and not acted on. The official SDKs send to it and receive from it over AMQP 1.0. What it
/// confirmed is durable.
/// </summary>
public sealed class BusEndpoint : IAsyncDisposable
{
    /// <summary>The name of the one key.</summary>
    public const string KeyName = "RootManageSharedAccessKey";

    /// <summary>The key of a local run: the same each time, so that settings that name it stay right. It opens nothing else.</summary>
    public const string DevelopmentKey = "cmV0ZW50aW9uLWxvY2FsLWRldmVsb3BtZW50LWtleSE=";

    private const int Tries = 10;
    private const ushort MostSessions = 4096;
    private readonly MessageStore store;
    private readonly ClientConnections connections = new();
    private readonly LinkRouter router;
    private readonly List<ConnectionListener> listeners = [];
    private Socket? reserved;

    private BusEndpoint(BusEndpointOptions options, string key)
    {
        store = new MessageStore(options.File, BehaviourOf(options.Queues), options.Time ?? TimeProvider.System);
        router = new LinkRouter(store, options, new SasTokens(KeyName, key, TimeProvider.System), connections);
        ConnectionString = string.Empty;
    }

    /// <summary>For the official SDKs.</summary>
    public string ConnectionString { get; private set; }

    /// <summary>Opens the store and listens.</summary>
    public static async Task<BusEndpoint> StartAsync(BusEndpointOptions options, CancellationToken cancel)
    {
        var key = options.Key ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var endpoint = new BusEndpoint(options, key);
        try
        {
            for (var attempt = 1; !endpoint.TryListen(options.Port); attempt++)
            {
                cancel.ThrowIfCancellationRequested();
                if (options.Port != 0 || attempt == Tries)
                {
                    throw new BusStartException(
                        $"Port {options.Port} for Service Bus is in use. End what uses it, or leave the port out: a free one "
                        + "is taken.");
                }
            }

            var port = ((IPEndPoint)endpoint.reserved!.LocalEndPoint!).Port;
            endpoint.ConnectionString = string.Create(
                CultureInfo.InvariantCulture,
                $"Endpoint=sb://localhost:{port};SharedAccessKeyName={KeyName};SharedAccessKey={key};UseDevelopmentEmulator=true;");
            return endpoint;
        }
        catch
        {
            await endpoint.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        StopListening();
        await router.DisposeAsync();
        store.Dispose();
    }

    private static Func<string, QueueBehaviour> BehaviourOf(IReadOnlyDictionary<string, QueueBehaviour> queues) =>
        name => queues[name.EndsWith(BusAddress.DeadLetters, StringComparison.Ordinal)
            ? name[..^BusAddress.DeadLetters.Length]
            : name];

    /// <summary>
    /// Listens on both loopback addresses, so that "localhost" is this endpoint whatever a client resolves it to. False
    /// if the port is taken. The library's listener lets others share its port; holding the port bound keeps it from
    /// being given to anybody who asks for a free one.
    /// </summary>
    private bool TryListen(int port)
    {
        try
        {
            if (port != 0)
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
            }

            reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            reserved.Bind(new IPEndPoint(IPAddress.Loopback, port));
            var bound = ((IPEndPoint)reserved.LocalEndPoint!).Port;
            Listen("127.0.0.1", bound);
            ListenIfThere("::1", bound);
            return true;
        }
        catch (SocketException)
        {
            StopListening();
            return false;
        }
    }

    private void ListenIfThere(string host, int port)
    {
        try
        {
            Listen(host, port);
        }
        catch (SocketException missing) when (
            missing.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            // A machine without IPv6: nobody resolves localhost to it.
        }
    }

    private void Listen(string host, int port)
    {
        var listener = new ConnectionListener(new Address(host, port, null, null, "/", "amqp"), router.Container)
        {
            HandlerFactory = _ => DeliveryTags.Handler,
        };
        listener.AMQP.ContainerId = "retention-pipeline-local-bus";
        listener.AMQP.MaxSessionsPerConnection = MostSessions;
        foreach (var mechanism in OpenSasl.Mechanisms)
        {
            listener.SASL.EnableMechanism(mechanism, new OpenSasl(mechanism, connections));
        }

        listener.Open();
        listeners.Add(listener);
    }

    private void StopListening()
    {
        listeners.ForEach(listener => listener.Close());
        listeners.Clear();
        reserved?.Dispose();
        reserved = null;
    }
}
