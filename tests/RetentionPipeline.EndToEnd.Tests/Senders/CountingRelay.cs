using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>Stands before a service on loopback, hands everything on, and counts the bytes that the service sends.</summary>
internal sealed class CountingRelay : IAsyncDisposable
{
    private const int Piece = 64 * 1024;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> sides = [];
    private readonly int to;
    private readonly Task accepting;
    private long answered;

    public CountingRelay(int to)
    {
        this.to = to;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Bytes that the service has sent, with all that goes around its answers.</summary>
    public long Answered => Volatile.Read(ref answered);

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        foreach (var side in sides)
        {
            side.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync();
                var service = new TcpClient { NoDelay = true };
                sides.Add(client);
                sides.Add(service);
                client.NoDelay = true;
                await service.ConnectAsync(IPAddress.Loopback, to);
                _ = PassAsync(client, service, _ => { });
                _ = PassAsync(service, client, count => Interlocked.Add(ref answered, count));
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private static async Task PassAsync(TcpClient from, TcpClient to, Action<int> count)
    {
        var buffer = new byte[Piece];
        try
        {
            int length;
            while ((length = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                count(length);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, length));
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side has gone; so goes the other.
        }

        from.Close();
        to.Close();
    }
}
