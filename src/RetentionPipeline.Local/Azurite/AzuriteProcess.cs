using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

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
public sealed class AzuriteProcess : IAsyncDisposable
{
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private const int LeastNode = 20;
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
        var (blob, table, queue) = (PortOf(options.BlobPort, "blob"), PortOf(options.TablePort, "table"), FreePort());
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
            "--queueHost", "127.0.0.1", "--blobPort", Text(blob), "--tablePort", Text(table), "--queuePort", Text(queue),
            "--skipApiVersionCheck", "--disableTelemetry", "--silent",
        })
        {
            start.ArgumentList.Add(argument);
        }

        var child = Process.Start(start) ?? throw new AzuriteStartException("Node.js did not start Azurite.");
        var errors = child.StandardError.ReadToEndAsync(cancel);
        _ = child.StandardOutput.ReadToEndAsync(cancel);
        var started = new AzuriteProcess(child, blob, table);
        try
        {
            await WaitForPortAsync(child, blob, errors, cancel);
            await WaitForPortAsync(child, table, errors, cancel);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await process.WaitForExitAsync(patience.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or InvalidOperationException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
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
            return FreePort();
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

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task WaitForPortAsync(Process child, int port, Task<string> errors, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (child.HasExited)
            {
                throw new AzuriteStartException($"Azurite ended at its start: {(await errors).Trim()}");
            }

            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port, cancel);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancel);
            }
        }

        throw new AzuriteStartException($"Azurite did not answer on port {port} within 30 seconds.");
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
