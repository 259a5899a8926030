using System.Diagnostics;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Local.Endpoints.Bus;

namespace RetentionPipeline.Stores.Tests.Bus;

/// <summary>The official JavaScript SDK as judge of the local endpoint: <c>tools/service-bus-judge</c>.</summary>
public sealed class JavaScriptJudgeTests
{
    private const int Queues = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly QueueBehaviour Short = new(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(2), 3);

    [Fact]
    public async Task The_JavaScript_SDK_finds_Service_Bus()
    {
        var judge = Find();
        await InstallAsync(judge);
        var folder = Directory.CreateTempSubdirectory("bus-js-").FullName;
        try
        {
            var queues = Enumerable.Range(1, Queues).ToDictionary(number => $"js-{number}", _ => QueueBehaviour.Default);
            queues.Add("short", Short);
            await using var endpoint = await BusEndpoint.StartAsync(
                new BusEndpointOptions(Path.Combine(folder, "bus.db"), queues), CancellationToken.None);
            var start = new ProcessStartInfo("node", "--test --test-reporter=tap") { WorkingDirectory = judge };
            start.Environment["BUS_CONNECTION_STRING"] = endpoint.ConnectionString;
            var (exit, output) = await RunAsync(start);
            Assert.True(exit == 0, output);
            Assert.Contains("# pass 16", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Installs once; two runs at once wait for each other.</summary>
    private static async Task InstallAsync(string judge)
    {
        var installed = Path.Combine(judge, "node_modules", ".package-lock.json");
        await using var alone = await LockAsync(Path.Combine(judge, ".install-lock"));
        if (File.Exists(installed)
            && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(judge, "package-lock.json")))
        {
            return;
        }

        var (exit, output) = await RunAsync(new ProcessStartInfo("npm", "ci --no-audit --no-fund") { WorkingDirectory = judge });
        Assert.True(exit == 0, output);
        File.SetLastWriteTimeUtc(installed, TimeProvider.System.GetUtcNow().UtcDateTime);
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private static async Task<(int Exit, string Output)> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var child = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        var output = child.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await child.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
        }

        return (child.HasExited ? child.ExitCode : -1, await output + await errors);
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var judge = Path.Combine(folder.FullName, "tools", "service-bus-judge");
            if (File.Exists(Path.Combine(judge, "package-lock.json")))
            {
                return judge;
            }
        }

        throw new DirectoryNotFoundException("tools/service-bus-judge was not found above the tests.");
    }
}
