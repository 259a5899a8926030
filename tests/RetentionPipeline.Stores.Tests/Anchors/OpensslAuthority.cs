using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace RetentionPipeline.Stores.Tests.Anchors;

/// <summary>
/// A time stamp authority that the test runs: <c>openssl ts -reply</c> behind HTTP on loopback, with a root of its own.
/// </summary>
internal sealed class OpensslAuthority : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("tsa-");
    private readonly HttpListener listener = new();
    private readonly Task serving;

    private OpensslAuthority(int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}/stamp");
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        serving = ServeAsync();
    }

    public Uri Address { get; }

    public string Folder => folder.FullName;

    public X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Folder, "root.pem"))];

    /// <summary>What is done to an answer before it is sent.</summary>
    public Func<byte[], byte[]> Change { get; set; } = answer => answer;

    /// <summary>Status of the answer.</summary>
    public int Status { get; set; } = 200;

    public static async Task<OpensslAuthority> StartAsync()
    {
        // A port that was free a moment ago; of the few tests that do this none runs beside another.
        using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var authority = new OpensslAuthority(port);
        File.WriteAllText(Path.Combine(authority.Folder, "tsa.cnf"), """
            [tsa]
            default_tsa = main
            [main]
            serial = serial
            crypto_device = builtin
            signer_cert = tsa.pem
            certs = root.pem
            signer_key = tsa.key
            signer_digest = sha256
            default_policy = 1.2.3.4.1
            digests = sha256
            accuracy = secs:1
            ess_cert_id_alg = sha256
            [usage]
            extendedKeyUsage = critical,timeStamping
            keyUsage = critical,digitalSignature
            [plain]
            keyUsage = critical,digitalSignature
            """);
        await authority.OpensslAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test root", "-keyout", "root.key", "-out", "root.pem");
        await authority.OpensslAsync("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test authority", "-keyout", "tsa.key", "-out", "tsa.csr");
        await authority.OpensslAsync("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30", "-extfile", "tsa.cnf", "-extensions", "usage", "-out", "tsa.pem");
        return authority;
    }

    /// <summary>Runs openssl in the authority's folder; its exit code and what it said.</summary>
    public async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await said + await errors);
    }

    public void Dispose()
    {
        listener.Close();
        serving.Wait();
        folder.Delete(recursive: true);
    }

    private async Task OpensslAsync(params string[] arguments)
    {
        var (code, output) = await RunAsync(arguments);
        Assert.True(code == 0, output);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var context = await listener.GetContextAsync();
                using var asked = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(asked);
                await File.WriteAllBytesAsync(Path.Combine(Folder, "asked.tsq"), asked.ToArray());
                await OpensslAsync("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "answer.tsr");
                var answer = Change(await File.ReadAllBytesAsync(Path.Combine(Folder, "answer.tsr")));
                context.Response.StatusCode = Status;
                context.Response.ContentType = "application/timestamp-reply";
                context.Response.Close(answer, willBlock: false);
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
