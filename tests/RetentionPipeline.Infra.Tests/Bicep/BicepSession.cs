using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Infra.Tests.Bicep;

/// <summary>
/// One run of the Bicep command, asked over JSON-RPC on its pipes (<c>bicep jsonrpc</c>): starting it takes seconds, asking
/// it less than one. It ends with its input, however the tests end.
/// </summary>
public sealed class BicepSession : IAsyncLifetime
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private Process? process;
    private int asked;

    /// <summary>Object ids of the sources' identities, which the parameter file reads from the environment.</summary>
    public static IReadOnlyDictionary<string, string> Principals { get; } = new Dictionary<string, string>
    {
        ["web-shop"] = "11111111-1111-4111-8111-111111111111",
        ["help-desk"] = "22222222-2222-4222-8222-222222222222",
        ["consent"] = "33333333-3333-4333-8333-333333333333",
    };

    /// <inheritdoc/>
    public Task InitializeAsync()
    {
        var command = typeof(BicepSession).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "Bicep").Value!;
        var start = new ProcessStartInfo(command, ["jsonrpc", "--stdio"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (source, id) in Principals)
        {
            start.Environment[$"{source.ToUpperInvariant().Replace('-', '_')}_PRINCIPAL_ID"] = id;
        }

        process = Process.Start(start)!;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        process!.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
        gate.Dispose();
    }

    /// <summary>Compiles a file and checks it by the linter's rules: what is wrong, and the result.</summary>
    public async Task<Compilation> CompileAsync(string file)
    {
        var answer = file.EndsWith(".bicepparam", StringComparison.Ordinal)
            ? await AskAsync("bicep/compileParams", new JsonObject { ["path"] = file, ["parameterOverrides"] = new JsonObject() })
            : await AskAsync("bicep/compile", new JsonObject { ["path"] = file });
        return new Compilation(
            [.. answer["diagnostics"]!.AsArray().Select(found => $"{Path.GetFileName((string)found!["source"]!)}: {found["level"]} {found["code"]}: {found["message"]}")],
            (string?)(answer["contents"] ?? answer["template"]));
    }

    /// <summary>The file as it is formatted.</summary>
    public async Task<string> FormatAsync(string file) =>
        (string)(await AskAsync("bicep/format", new JsonObject { ["path"] = file }))["contents"]!;

    /// <summary>What a deployment with a parameter file would make, expressions resolved as far as nothing exists yet.</summary>
    public async Task<JsonNode> SnapshotAsync(string file)
    {
        var place = new JsonObject
        {
            ["tenantId"] = "88888888-8888-4888-8888-888888888888",
            ["subscriptionId"] = "99999999-9999-4999-8999-999999999999",
            ["resourceGroup"] = "retention",
            ["location"] = "westeurope",
        };
        var answer = await AskAsync("bicep/getSnapshot", new JsonObject { ["path"] = file, ["metadata"] = place });
        return JsonNode.Parse((string)answer["snapshot"]!)!;
    }

    private async Task<JsonNode> AskAsync(string method, JsonObject parameters)
    {
        await gate.WaitAsync();
        try
        {
            var question = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = ++asked, ["method"] = method, ["params"] = new JsonArray(parameters) };
            await SendAsync(question.ToJsonString());
            var answer = JsonNode.Parse((await ReceiveAsync()).Span)!;
            return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]?.ToJsonString()}");
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task SendAsync(string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var input = process!.StandardInput.BaseStream;
        await input.WriteAsync(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"));
        await input.WriteAsync(body);
        await input.FlushAsync();
    }

    private async Task<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        var output = process!.StandardOutput.BaseStream;
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await output.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        var length = head.ToString().Split("\r\n").Select(line => line.Split(':'))
            .Single(line => line[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase))[1];
        var body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
        await output.ReadExactlyAsync(body);
        return body;
    }
}

/// <summary>What came of a file.</summary>
/// <param name="Diagnostics">Everything that the compiler and the linter have to say, of any level.</param>
/// <param name="Template">The compiled template; null where there is none.</param>
public sealed record Compilation(IReadOnlyList<string> Diagnostics, string? Template);
