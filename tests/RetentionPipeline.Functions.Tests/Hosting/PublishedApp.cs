using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RetentionPipeline.Functions.Tests.Hosting.Protocol;

namespace RetentionPipeline.Functions.Tests.Hosting;

/// <summary>What became of an invocation.</summary>
/// <param name="Id">Its id, as the worker's logs name it.</param>
/// <param name="Response">The worker's answer.</param>
internal sealed record Invocation(string Id, Task<InvocationResponse> Response);

/// <summary>What the app answered over HTTP.</summary>
internal sealed record HttpAnswer(HttpStatusCode Status, byte[] Body, StatusResult Result);

/// <summary>The app as it is deployed, in a process of its own, with this process as its Functions host.</summary>
internal sealed class PublishedApp : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly WebApplication server;
    private readonly WorkerStream stream;
    private readonly GuardedWorker process;
    private readonly string home;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(1) };
    private Uri? httpAddress;

    private PublishedApp(WebApplication server, WorkerStream stream, GuardedWorker process, string home) =>
        (this.server, this.stream, this.process, this.home) = (server, stream, process, home);

    /// <summary>Where the tests' build publishes it.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "app");

    /// <summary>Its functions, by name.</summary>
    public IReadOnlyDictionary<string, RpcFunctionMetadata> Functions { get; private set; } = new Dictionary<string, RpcFunctionMetadata>();

    /// <summary>Everything that it logged.</summary>
    public IReadOnlyCollection<RpcLog> Logs => stream.Logs;

    /// <summary>What it wrote to stderr.</summary>
    public string Errors => process.Errors;

    /// <summary>Starts it and loads its functions, as the host does.</summary>
    public static async Task<PublishedApp> StartAsync(IReadOnlyDictionary<string, string> settings, string? folder = null)
    {
        var app = await BeginAsync(settings, folder ?? Folder);
        try
        {
            var ready = app.LoadAsync(folder ?? Folder);
            var ended = app.process.ExitAsync();
            if (await Task.WhenAny(ready, ended, Task.Delay(Patience)) != ready)
            {
                Assert.Fail($"The app did not start but said:\n{app.Errors}");
            }

            await ready;
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it with settings that it refuses; returns its exit code and what it wrote to stderr.</summary>
    public static async Task<(int ExitCode, string Errors)> RefuseAsync(IReadOnlyDictionary<string, string> settings)
    {
        await using var app = await BeginAsync(settings, Folder);
        var ended = app.process.ExitAsync();
        Assert.True(await Task.WhenAny(ended, app.stream.Connected, Task.Delay(Patience)) == ended, "The app started, or hangs.");
        return (await ended, app.Errors);
    }

    /// <summary>Invokes a function by its timer and waits for its end.</summary>
    public async Task<StatusResult> RunTimerAsync(string name) => (await (await BeginTimerAsync(name)).Response).Result;

    /// <summary>Invokes a function by its timer.</summary>
    public Task<Invocation> BeginTimerAsync(string name) => BeginAsync(name, new TypedData
    {
        Json = """{"ScheduleStatus":{"Last":"2026-01-01T00:00:00Z","Next":"2026-01-01T00:01:00Z","LastUpdated":"2026-01-01T00:00:00Z"},"IsPastDue":false}""",
    });

    /// <summary>Asks the running function to end, as the host does at its time-out.</summary>
    public Task CancelAsync(Invocation invocation) =>
        stream.SendAsync(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = invocation.Id } });

    /// <summary>Sends a request as the host forwards it.</summary>
    public async Task<HttpAnswer> GetAsync(string path)
    {
        var invocation = await BeginAsync("portal", new TypedData { Http = new RpcHttp() });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(httpAddress!, path));
        request.Headers.Add("x-ms-invocation-id", invocation.Id);
        using var answer = await http.SendAsync(request);
        return new(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(), (await invocation.Response).Result);
    }

    /// <summary>Ends the worker as the host does when it scales in; returns the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        await stream.SendAsync(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });
        return await process.ExitAsync().WaitAsync(Patience);
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync() => process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        stream.End();
        http.Dispose();
        await server.DisposeAsync();
        Directory.Delete(home, recursive: true);
    }

    private static async Task<PublishedApp> BeginAsync(IReadOnlyDictionary<string, string> settings, string folder)
    {
        var stream = new WorkerStream();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(stream).AddGrpc(grpc => grpc.MaxReceiveMessageSize = grpc.MaxSendMessageSize = null);
        var server = builder.Build();
        server.MapGrpcService<WorkerStream>();
        await server.StartAsync();
        var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var home = Directory.CreateTempSubdirectory("worker-").FullName;
        var environment = new Dictionary<string, string>(settings)
        {
            ["FUNCTIONS_APPLICATION_DIRECTORY"] = folder,
            ["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated",
            ["HOME"] = home,
        };
        var process = new GuardedWorker(
            folder,
            [
                Path.Combine(folder, "RetentionPipeline.Functions.dll"), "--functions-uri", address, "--functions-worker-id", $"{Guid.NewGuid()}",
                "--functions-request-id", $"{Guid.NewGuid()}", "--functions-grpc-max-message-length", "2147483647",
            ],
            environment);
        return new PublishedApp(server, stream, process, home);
    }

    private async Task LoadAsync(string folder)
    {
        await stream.Connected;
        var initialised = await AskAsync(new StreamingMessage
        {
            WorkerInitRequest = new WorkerInitRequest { HostVersion = "4.1042.100", WorkerDirectory = folder, FunctionAppDirectory = folder },
        });
        Assert.Equal(StatusResult.Types.Status.Success, initialised.WorkerInitResponse.Result.Status);
        httpAddress = new Uri(initialised.WorkerInitResponse.Capabilities["HttpUri"]);
        var listed = await AskAsync(new StreamingMessage { FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = folder } });
        Functions = listed.FunctionMetadataResponse.Metadata.ToDictionary(function => function.Name);
        foreach (var function in Functions.Values)
        {
            var loaded = await AskAsync(new StreamingMessage
            {
                FunctionLoadRequest = new FunctionLoadRequest { FunctionId = function.FunctionId, Metadata = function },
            });
            Assert.Equal(StatusResult.Types.Status.Success, loaded.FunctionLoadResponse.Result.Status);
        }
    }

    private async Task<Invocation> BeginAsync(string name, TypedData input)
    {
        var function = Functions[name];
        var trigger = function.RawBindings.Select(binding => JsonDocument.Parse(binding).RootElement)
            .Single(binding => binding.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
        var id = Guid.NewGuid().ToString();
        var request = new InvocationRequest { InvocationId = id, FunctionId = function.FunctionId, TraceContext = new TraceContext() };
        request.InputData.Add(new ParameterBinding { Name = trigger.GetProperty("name").GetString(), Data = input });
        var answer = stream.AskAsync(id, new StreamingMessage { RequestId = id, InvocationRequest = request });
        if (answer.IsFaulted)
        {
            await answer;
        }

        return new Invocation(id, ResponseAsync(answer));
    }

    private static async Task<InvocationResponse> ResponseAsync(Task<StreamingMessage> answer) => (await answer).InvocationResponse;

    private Task<StreamingMessage> AskAsync(StreamingMessage message)
    {
        message.RequestId = Guid.NewGuid().ToString();
        return stream.AskAsync(message.RequestId, message);
    }
}
