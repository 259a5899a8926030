using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Local.Endpoints.Bus;
using RetentionPipeline.Local.Endpoints.Cosmos;

namespace RetentionPipeline.Local.Children;

/// <summary>What to serve.</summary>
/// <param name="Folder">Where the state lies, durable.</param>
/// <param name="CosmosPort">0 for a free one; null: no Cosmos DB account.</param>
/// <param name="BusPort">0 for a free one; null: no Service Bus.</param>
/// <param name="Queues">Queues of the bus; their dead-letter queues come by themselves.</param>
public sealed record EndpointsOptions(string Folder, int? CosmosPort, int? BusPort, IReadOnlyList<string> Queues);

/// <summary>Where a child serves, for the official SDKs.</summary>
/// <param name="Cosmos">Connection string; null where it is not served.</param>
/// <param name="Bus">Connection string, likewise.</param>
public sealed record EndpointAddresses(string? Cosmos, string? Bus);

/// <summary>
/// The services on this machine that are ours, in a child process: the pipeline can be killed and measured apart from its
/// stores. The child holds our pipe and ends when the pipe does, so that it never outlives us; Ctrl+C in the terminal, which
/// reaches it too, it leaves to us. It prints its addresses in one line when it answers.
/// </summary>
public sealed class EndpointsChild : IAsyncDisposable
{
    /// <summary>File of the Cosmos DB gateway in the data folder.</summary>
    public const string CosmosFile = "cosmos.db";

    private const string BusFile = "bus.db";
    private const string NotServed = "none";
    private const string Verb = "child-endpoints";
    private const int Partitions = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process process;

    private EndpointsChild(Process process, EndpointAddresses addresses) => (this.process, Addresses) = (process, addresses);

    /// <summary>Where it serves.</summary>
    public EndpointAddresses Addresses { get; }

    /// <summary>Starts the child and waits until it answers. Throws <see cref="ChildFailedException"/>.</summary>
    public static async Task<EndpointsChild> StartAsync(EndpointsOptions options, CancellationToken cancel)
    {
        var child = OwnExecutable.Start(Verb, [options.Folder, Text(options.CosmosPort), Text(options.BusPort), .. options.Queues]);
        try
        {
            var errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(Patience);
            var said = await child.StandardOutput.ReadLineAsync(patience.Token) ?? throw new ChildFailedException(Verb, (await errors).Trim());
            return new(child, JsonSerializer.Deserialize(said, EndpointsJson.Default.EndpointAddresses)!);
        }
        catch (Exception failure)
        {
            await OwnExecutable.EndAsync(child);
            child.Dispose();
            if (failure is OperationCanceledException && !cancel.IsCancellationRequested)
            {
                throw new ChildFailedException(Verb, "it did not answer within a minute.");
            }

            throw;
        }
    }

    /// <summary>Throws <see cref="ChildFailedException"/> where the child has ended: without it a run would wait for ever.</summary>
    public void EnsureServing()
    {
        if (process.HasExited)
        {
            throw new ChildFailedException(
                Verb,
                $"it ended with {process.ExitCode} while it was needed. The run ends; nothing that was acknowledged is lost. "
                + "Start it again: it goes on where it stopped.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await OwnExecutable.EndAsync(process);
        process.Dispose();
    }

    /// <summary>The exit code if the command line is that of this child; null for everybody else's.</summary>
    public static async Task<int?> ServeAsync(string[] arguments, TimeProvider time)
    {
        if (arguments is not [Verb, var folder, var cosmosPort, var busPort, .. var queues])
        {
            return null;
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var ended = OwnExecutable.EndOfParent();
        try
        {
            using var alone = await TakeAsync(folder, time, ended.Token);
            await using var cosmos = cosmosPort == NotServed ? null : await CosmosGateway.StartAsync(
                new CosmosGatewayOptions(Path.Combine(folder, CosmosFile), Port(cosmosPort), Partitions, time), ended.Token);
            await using var bus = busPort == NotServed ? null : await BusEndpoint.StartAsync(
                new BusEndpointOptions(Path.Combine(folder, BusFile), queues.ToDictionary(name => name, _ => DeployedPorts.OnOneMachine), Port(busPort), BusEndpoint.DevelopmentKey, time), ended.Token);
            Console.WriteLine(JsonSerializer.Serialize(
                new EndpointAddresses(cosmos?.ConnectionString, bus?.ConnectionString), EndpointsJson.Default.EndpointAddresses));
            await Task.Delay(Timeout.InfiniteTimeSpan, time, ended.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync(
                $"Port {cosmosPort} for the Cosmos DB account is in use. End what uses it, or leave the port out: a free one is taken.");
            return 1;
        }
        catch (Exception failure) when (failure is BusStartException or IOException or Microsoft.Data.Sqlite.SqliteException or System.Net.Sockets.SocketException)
        {
            // None of these quotes a record.
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static string Text(int? port) => port?.ToString(CultureInfo.InvariantCulture) ?? NotServed;

    private static int Port(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>
    /// The state is one process's at a time. One whose parent was killed may still be ending: it is waited for.
    /// </summary>
    private static async Task<FileStream> TakeAsync(string folder, TimeProvider time, CancellationToken cancel)
    {
        var startedAt = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, "endpoints.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(startedAt) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel);
            }
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EndpointAddresses))]
internal sealed partial class EndpointsJson : JsonSerializerContext;
