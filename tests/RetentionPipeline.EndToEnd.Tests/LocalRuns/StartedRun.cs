using System.Diagnostics;
using System.Text;

namespace RetentionPipeline.EndToEnd.Tests.LocalRuns;

/// <summary>The local run as people start it, in a process of its own.</summary>
internal sealed class StartedRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly List<(string Text, TaskCompletionSource Said)> awaited = [];

    public StartedRun(params string[] arguments)
        : this("RetentionPipeline.Local.dll", arguments)
    {
    }

    private StartedRun(string program, string[] arguments)
    {
        // Who starts the tests in the background has SIGINT ignored, and children inherit that.
        var start = new ProcessStartInfo(
            "env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, said) => Take(said.Data);
        process.ErrorDataReceived += (_, said) => Take(said.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Runs to the end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        await using var run = new StartedRun(arguments);
        var code = await run.WaitForExitAsync();
        return (code, run.Output);
    }

    /// <summary>Runs the tool, <c>retention</c>, to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunToolAsync(params string[] arguments)
    {
        await using var run = new StartedRun("retention.dll", arguments);
        var code = await run.WaitForExitAsync();
        return (code, run.Output);
    }

    public async Task SaysAsync(string text)
    {
        var said = new TaskCompletionSource();
        lock (output)
        {
            if (output.ToString().Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            awaited.Add((text, said));
        }

        await Task.WhenAny(said.Task, process.WaitForExitAsync(), Task.Delay(Patience));
        Assert.True(said.Task.IsCompleted, $"It never said '{text}' but:\n{Output}");
    }

    public async Task<int> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"It did not end:\n{Output}");
        }

        return process.ExitCode;
    }

    /// <summary>Sends a signal: INT, TERM or KILL.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Processes that have the text in their command line, this one and its children included.</summary>
    public static IReadOnlyList<string> ProcessesOf(string text) => [.. FoldersOf(text).Select(ReadCommandLine)];

    /// <summary>Their ids.</summary>
    public static IReadOnlyList<string> IdsOf(string text) => [.. FoldersOf(text).Select(folder => Path.GetFileName(folder)!)];

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static IEnumerable<string> FoldersOf(string text) =>
        Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]))
            .Where(folder => ReadCommandLine(folder).Contains(text, StringComparison.Ordinal));

    private static string ReadCommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void Take(string? line)
    {
        lock (output)
        {
            output.AppendLine(line);
            foreach (var (_, said) in awaited.Where(one => line?.Contains(one.Text, StringComparison.Ordinal) ?? false))
            {
                said.TrySetResult();
            }
        }
    }
}
