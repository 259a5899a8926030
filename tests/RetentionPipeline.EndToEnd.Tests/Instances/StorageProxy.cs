using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RetentionPipeline.EndToEnd.Tests.Instances;

/// <summary>A request that passed.</summary>
/// <param name="At">Time since the proxy started.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path of the URL.</param>
/// <param name="Status">Of the answer.</param>
internal sealed record PassedRequest(TimeSpan At, string Method, string Path, int Status);

/// <summary>
/// Stands between a pipeline and a storage on loopback: notes each request with its time, and can be closed, so that the
/// storage behind it is lost for whoever came this way.
/// </summary>
internal sealed class StorageProxy : IAsyncDisposable
{
    private static readonly string[] HopByHop = ["Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Host"];
    private const int MostStarts = 5;
    private readonly HttpListener listener;
    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly Uri target;
    private readonly long startedAt = Stopwatch.GetTimestamp();
    private readonly Task serving;
    private volatile bool closed;

    public StorageProxy(Uri target)
    {
        this.target = target;
        (listener, Port) = Listen();
        serving = ServeAsync();
    }

    public int Port { get; }

    public ConcurrentQueue<PassedRequest> Requests { get; } = new();

    public TimeSpan Now => Stopwatch.GetElapsedTime(startedAt);

    /// <summary>From now on every request is answered with 503 and goes no further.</summary>
    public void Close() => closed = true;

    /// <summary>Lets requests through again.</summary>
    public void Open() => closed = false;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
        listener.Close();
        client.Dispose();
    }

    /// <summary>The listener takes no port 0; one that looked free may be taken by the time that it binds.</summary>
    private static (HttpListener Listener, int Port) Listen()
    {
        for (var attempt = 1; ; attempt++)
        {
            int port;
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                port = ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException) when (attempt < MostStarts)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync();
                _ = Task.Run(() => PassAsync(context));
            }
            catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task PassAsync(HttpListenerContext context)
    {
        try
        {
            var status = closed ? Refuse(context.Response) : await ForwardAsync(context);
            Requests.Enqueue(new(Now, context.Request.HttpMethod, context.Request.Url!.AbsolutePath, status));
            context.Response.Close();
        }
        catch (Exception broken) when (broken is HttpListenerException or HttpRequestException or IOException or ObjectDisposedException)
        {
            context.Response.Abort();
        }
    }

    private static int Refuse(HttpListenerResponse response) => response.StatusCode = 503;

    private async Task<int> ForwardAsync(HttpListenerContext context)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.HttpMethod), new Uri(target, context.Request.RawUrl));
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        if (context.Request.HasEntityBody || context.Request.HttpMethod is "PUT" or "POST" or "MERGE" or "PATCH")
        {
            request.Content = new ByteArrayContent(body.ToArray());
        }

        foreach (var name in context.Request.Headers.AllKeys.Where(name => !HopByHop.Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            if (!request.Headers.TryAddWithoutValidation(name!, context.Request.Headers[name]))
            {
                request.Content?.Headers.TryAddWithoutValidation(name!, context.Request.Headers[name]);
            }
        }

        using var answer = await client.SendAsync(request);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (!HopByHop.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                context.Response.Headers[name] = string.Join(", ", values);
            }
        }

        var bytes = await answer.Content.ReadAsByteArrayAsync();
        context.Response.ContentLength64 = bytes.Length;
        await context.Response.OutputStream.WriteAsync(bytes);
        return (int)answer.StatusCode;
    }
}
