using System.Net;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RetentionPipeline.Local.Endpoints.Cosmos.Files;
using RetentionPipeline.Local.Endpoints.Cosmos.Routes;
using RetentionPipeline.Local.Endpoints.Cosmos.Serving;

namespace RetentionPipeline.Local.Endpoints.Cosmos;

/// <summary>
/// A Cosmos DB account on this machine, for development and tests alone: it answers the official .NET SDK in gateway mode
/// over plain HTTP on loopback. It wants a key but checks no signature. What it does not know it refuses with status 400.
/// Clients set the environment variable COSMOS_DISABLE_IMDS_ACCESS=true, or the SDK asks the cloud where it runs.
/// </summary>
public sealed class CosmosGateway : IAsyncDisposable
{
    /// <summary>The well-known key of development accounts. Not a secret: it opens nothing but gateways like this one.</summary>
    public const string DevelopmentKey = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==";

    private static readonly TimeSpan PurgeEvery = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource stopping;
    private readonly FaultSwitch faults;
    private readonly GatewayFile file;
    private readonly KestrelServer server;
    private readonly Task purging;

    private CosmosGateway(GatewayFile file, KestrelServer server, Uri endpoint, FaultSwitch faults, Task purging, CancellationTokenSource stopping) =>
        (this.file, this.server, Endpoint, this.faults, this.purging, this.stopping) = (file, server, endpoint, faults, purging, stopping);

    /// <summary>Address of the account, for example <c>http://127.0.0.1:8081/</c>.</summary>
    public Uri Endpoint { get; }

    /// <summary>For the SDK.</summary>
    public string ConnectionString => $"AccountEndpoint={Endpoint};AccountKey={DevelopmentKey};";

    /// <summary>Opens the file, binds the port and serves until it is disposed.</summary>
    public static async Task<CosmosGateway> StartAsync(CosmosGatewayOptions options, CancellationToken cancel)
    {
        var file = GatewayFile.Open(options.File);
        KestrelServer? server = null;
        var stopping = new CancellationTokenSource();
        try
        {
            var versions = new VersionCounter(BitConverter.ToUInt32(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4)));
            var catalog = new Catalog(versions, options.Time);
            await file.WriteAsync(statements =>
            {
                versions.Next(statements);
                catalog.Load(statements);
                return true;
            });
            var faults = new FaultSwitch();
            var items = new ItemRoutes(file, catalog, versions);
            var routes = new GatewayRoutes(new OwnerRoutes(file, catalog, options.Partitions), items, new FeedRoutes(file, catalog, versions), faults);
            server = NewServer(options.Port);
            await server.StartAsync(new GatewayApplication(routes, faults, options.Time), cancel);
            var bound = new Uri(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
            return new(file, server, bound, faults, PurgeAsync(file, catalog, options.Time, stopping.Token), stopping);
        }
        catch
        {
            server?.Dispose();
            stopping.Dispose();
            await file.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the next requests for items go wrong, as the route <c>POST /_gateway/faults</c> does.</summary>
    public void Inject(GatewayFault fault) => faults.Add(fault);

    /// <summary>From here on nothing goes wrong any more, as <c>DELETE /_gateway/faults</c> says it.</summary>
    public void EndFaults() => faults.Clear();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await purging;
        using (var soon = new CancellationTokenSource(TimeSpan.Zero))
        {
            await server.StopAsync(soon.Token);
        }

        server.Dispose();
        stopping.Dispose();
        await file.DisposeAsync();
    }

    private static KestrelServer NewServer(int port)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxRequestHeadersTotalSize = 256 * 1024;
        options.Listen(IPAddress.Loopback, port);
        return new KestrelServer(
            Options.Create(options),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
    }

    private static async Task PurgeAsync(GatewayFile file, Catalog catalog, TimeProvider time, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(PurgeEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                if (catalog.AnyExpires)
                {
                    await file.WriteAsync(statements => ItemTable.Purge(statements, catalog.Now));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
