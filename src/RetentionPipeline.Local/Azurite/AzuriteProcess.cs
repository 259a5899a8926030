using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace RetentionPipeline.Local.Azurite;

/// <summary>What to start.</summary>
/// <param name="Folder">Where it keeps its data.</param>
/// <param name="BlobPort">0 for a free one.</param>
/// <param name="TablePort">0 for a free one.</param>
/// <param name="Node">The Node.js command.</param>
public sealed record AzuriteOptions(string Folder, int BlobPort = 0, int TablePort = 0, string Node = "node");

/// <summary>Azurite cannot be started; the message says what to do.</summary>
public sealed class AzuriteStartException(string message) : Exception(message);

/// <summary>
/// Storage on this machine: Azurite 3.35.0 from npm, on loopback. It is a child that holds our pipe and ends when the pipe
/// does, so that it never outlives us, however we end.
/// </summary>
public sealed partial class AzuriteProcess : IAsyncDisposable
{
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private const int LeastNode = 20;

    /// <summary>Node takes seconds to load it, and minutes where a machine is loaded.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);
    private readonly Process process;

    private AzuriteProcess(Process process, int blobPort, int tablePort)
    {
        this.process = process;
        ConnectionString = string.Create(
            CultureInfo.InvariantCulture,
            $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={Key};BlobEndpoint=http://127.0.0.1:{blobPort}/devstoreaccount1;TableEndpoint=http://127.0.0.1:{tablePort}/devstoreaccount1;");
    }

    /// <summary>For the official SDKs.</summary>
    public string ConnectionString { get; }

    /// <summary>The child's id.</summary>
    public int ProcessId => process.Id;

    /// <summary>Installs it if need be, starts it, and waits until it answers.</summary>
    public static async Task<AzuriteProcess> StartAsync(AzuriteOptions options, CancellationToken cancel)
    {
        await CheckNodeAsync(options.Node, cancel);
        var tool = await AzuriteTool.InstallAsync(cancel);
        var (blob, table) = (PortOf(options.BlobPort, "blob"), PortOf(options.TablePort, "table"));
        Directory.CreateDirectory(options.Folder);
        var start = new ProcessStartInfo(options.Node)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in new[]
        {
            Path.Combine(tool, "run.js"), "--location", options.Folder, "--blobHost", "127.0.0.1", "--tableHost", "127.0.0.1",
            "--queueHost", "127.0.0.1", "--blobPort", Text(blob), "--tablePort", Text(table), "--queuePort", "0",
            "--skipApiVersionCheck", "--disableTelemetry", "--silent",
        })
        {
            start.ArgumentList.Add(argument);
        }

        var child = Process.Start(start) ?? throw new AzuriteStartException("Node.js did not start Azurite.");
        try
        {
            return await ListeningAsync(child, cancel);
        }
        catch
        {
            await EndAsync(child);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndAsync(process);

    private static async Task EndAsync(Process child)
    {
        try
        {
            child.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await child.WaitForExitAsync(patience.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or InvalidOperationException)
        {
            child.Kill(entireProcessTree: true);
        }

        child.Dispose();
    }

    private static async Task CheckNodeAsync(string node, CancellationToken cancel)
    {
        string version;
        try
        {
            using var asked = Process.Start(new ProcessStartInfo(node, "--version") { RedirectStandardOutput = true })!;
            version = (await asked.StandardOutput.ReadToEndAsync(cancel)).Trim();
            await asked.WaitForExitAsync(cancel);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new AzuriteStartException(
                $"Node.js was not found ('{node}'). The local storage needs Node.js {LeastNode} or newer: install it, or name a "
                + "real storage account with --storage.");
        }

        if (!int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major) || major < LeastNode)
        {
            throw new AzuriteStartException(
                $"Node.js {version} is too old. The local storage needs Node.js {LeastNode} or newer: update it, or name a real "
                + "storage account with --storage.");
        }
    }

    private static int PortOf(int wanted, string service)
    {
        if (wanted == 0)
        {
            return 0;
        }

        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, wanted);
            probe.Start();
            return wanted;
        }
        catch (SocketException)
        {
            throw new AzuriteStartException(
                $"Port {wanted} for the {service} service is in use. End what uses it, or leave the port out: a free one is taken.");
        }
    }

    /// <summary>
    /// Waits until the child says where each service listens. It takes its free ports itself: one that we had looked for
    /// could be another's by the time that the child binds it.
    /// </summary>
    private static async Task<AzuriteProcess> ListeningAsync(Process child, CancellationToken cancel)
    {
        var errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(StartPatience);
        try
        {
            var ports = new Dictionary<string, int>();
            while (!(ports.ContainsKey("Blob") && ports.ContainsKey("Table")))
            {
                var line = await child.StandardOutput.ReadLineAsync(patience.Token)
                    ?? throw new AzuriteStartException($"Azurite ended at its start: {(await errors).Trim()}");
                if (ListeningLine().Match(line) is { Success: true } said)
                {
                    ports[said.Groups["service"].Value] = int.Parse(said.Groups["port"].Value, CultureInfo.InvariantCulture);
                }
            }

            _ = child.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return new AzuriteProcess(child, ports["Blob"], ports["Table"]);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new AzuriteStartException($"Azurite did not listen within {StartPatience.TotalSeconds:F0} seconds.");
        }
    }

    [GeneratedRegex(@"^Azurite (?<service>\w+) service is successfully listening at \w+://[\d.]+:(?<port>\d+)")]
    private static partial Regex ListeningLine();

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
