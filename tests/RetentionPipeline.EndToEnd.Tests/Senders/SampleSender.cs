using System.Diagnostics;
using RetentionPipeline.EndToEnd.Tests.Oracle;

namespace RetentionPipeline.EndToEnd.Tests.Senders;

/// <summary>A sender of <c>samples/senders</c>, in a process of its own.</summary>
internal static class SampleSender
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly string Script = Path.Combine(Repository.Root, "samples", "senders", "javascript");

    /// <summary>The one in JavaScript. Its packages are installed if they are not.</summary>
    public static async Task<(int ExitCode, string Output)> JavaScriptAsync(string bus, string identifiers, params string[] arguments)
    {
        var installed = Path.Combine(Script, "node_modules", ".package-lock.json");
        var wanted = Path.Combine(Script, "package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(wanted))
        {
            var (code, output) = await RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--prefix", Script], "", "");
            Assert.True(code == 0, output);
            File.SetLastWriteTimeUtc(installed, TimeProvider.System.GetUtcNow().UtcDateTime);
        }

        return await RunAsync("node", [Path.Combine(Script, "send.js"), .. arguments], bus, identifiers);
    }

    /// <summary>The one in C#.</summary>
    public static Task<(int ExitCode, string Output)> CSharpAsync(string bus, string identifiers, params string[] arguments) =>
        RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "RetentionPipeline.Samples.Sender.dll"), .. arguments], bus, identifiers);

    private static async Task<(int ExitCode, string Output)> RunAsync(string command, string[] arguments, string bus, string input)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SERVICE_BUS_CONNECTION_STRING"] = bus;
        using var sender = Process.Start(start)!;
        var said = sender.StandardOutput.ReadToEndAsync();
        var errors = sender.StandardError.ReadToEndAsync();
        await sender.StandardInput.WriteAsync(input);
        sender.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await sender.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            sender.Kill(entireProcessTree: true);
        }

        return (sender.HasExited ? sender.ExitCode : -1, await said + await errors);
    }
}
