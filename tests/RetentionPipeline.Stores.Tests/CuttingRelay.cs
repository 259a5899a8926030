using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RetentionPipeline.Stores.Tests;

/// <summary>Stands before a service, hands everything on, and closes a connection in good order instead of answering a delete.</summary>
internal sealed class CuttingRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> sockets = [];
    private readonly int to;
    private readonly Task accepting;
    private int deletes;

    public CuttingRelay(int to)
    {
        this.to = to;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Deletes that came through.</summary>
    public int Deletes => Volatile.Read(ref deletes);

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        foreach (var socket in sockets)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync();
                var service = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await service.ConnectAsync(IPAddress.Loopback, to);
                sockets.Add(client);
                sockets.Add(service);
                _ = RelayAsync(client, service);
            }
        }
        catch (SocketException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(Socket client, Socket service)
    {
        var cut = new StrongBox<bool>();
        await Task.WhenAll(
            CopyAsync(client, service, bytes =>
            {
                if (bytes.StartsWith("DELETE "u8))
                {
                    Interlocked.Increment(ref deletes);
                    cut.Value = true;
                }

                return true;
            }),
            CopyAsync(service, client, _ => !cut.Value));
    }

    private static async Task CopyAsync(Socket from, Socket to, Func<ReadOnlySpan<byte>, bool> goesOn)
    {
        var block = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(block)) > 0 && goesOn(block.AsSpan(0, read));)
            {
                await to.SendAsync(block.AsMemory(0, read));
            }

            to.Shutdown(SocketShutdown.Both);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The other side is gone.
        }
    }
}
