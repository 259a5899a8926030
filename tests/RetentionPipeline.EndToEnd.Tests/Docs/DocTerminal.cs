using System.Diagnostics;
using System.Text;

namespace RetentionPipeline.EndToEnd.Tests.Docs;

/// <summary>
/// Where a document's commands are run: a folder of its own with the samples in it, and in front of the path a
/// <c>dotnet</c> and a <c>retention</c> that start what was built for these tests instead of building it again below them.
/// </summary>
internal sealed class DocTerminal : IAsyncDisposable
{
    private const string Dotnet = """
        #!/usr/bin/env bash
        export PATH="$REAL_PATH"
        case "$*" in
          "run --project src/RetentionPipeline.Local -- "*--records*) shift 4; exec dotnet "$BUILT/RetentionPipeline.Local.dll" "$@" ;;
          "run --project src/RetentionPipeline.Local -- "*) shift 4; exec dotnet "$BUILT/RetentionPipeline.Local.dll" --records 200 --log-mb 1 "$@" ;;
          "run --project src/RetentionPipeline.Local") exec dotnet "$BUILT/RetentionPipeline.Local.dll" --records 200 --log-mb 1 ;;
          "run --project src/RetentionPipeline.Cli -- "*) shift 4; exec dotnet "$BUILT/retention.dll" "$@" ;;
          "run --project samples/senders/csharp -- "*) shift 4; exec dotnet "$BUILT/RetentionPipeline.Samples.Sender.dll" "$@" ;;
          test) exit 0 ;; # is what runs this
          *) exec dotnet "$@" ;;
        esac

        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly string folder = Directory.CreateTempSubdirectory("docs-").FullName;
    private readonly Dictionary<string, Process> kept = [];

    public DocTerminal(string root)
    {
        CopySources(Path.Combine(root, "samples"), Path.Combine(folder, "samples"));
        Directory.CreateDirectory(Path.Combine(folder, "bin"));
        Install("dotnet", Dotnet);
        Install("retention", Dotnet.Split('\n')[0] + "\nexec dotnet run --project src/RetentionPipeline.Cli -- \"$@\"\n");
    }

    /// <summary>The exit code and all that was said.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(string commands)
    {
        using var shell = Start(commands);
        var output = new StringBuilder();
        Listen(shell, output, _ => { });
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await shell.WaitForExitAsync(patience.Token);
            return (shell.ExitCode, output.ToString());
        }
        catch (OperationCanceledException)
        {
            shell.Kill(entireProcessTree: true);
            return (-1, output + "\nDid not end.");
        }
    }

    /// <summary>Starts one command, unless it is up already, and waits until it says that it stays up. Exit code 0 stands for that.</summary>
    public async Task<(int ExitCode, string Output)> KeepAsync(string command)
    {
        if (kept.TryGetValue(command, out var before) && !before.HasExited)
        {
            return (0, "");
        }

        var shell = Start("exec " + command);
        kept[command] = shell;
        var output = new StringBuilder();
        var up = new TaskCompletionSource();
        Listen(shell, output, line =>
        {
            if (line.Contains("stays up", StringComparison.Ordinal))
            {
                up.TrySetResult();
            }
        });
        await Task.WhenAny(up.Task, shell.WaitForExitAsync(), Task.Delay(Patience));
        return (up.Task.IsCompleted ? 0 : -1, output.ToString());
    }

    /// <summary>Ends what was kept as Ctrl+C does.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var shell in kept.Values)
        {
            using var interrupt = Process.Start("kill", ["-INT", $"{shell.Id}"]);
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            try
            {
                await shell.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                shell.Kill(entireProcessTree: true);
            }

            shell.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private Process Start(string commands)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", commands])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var path = Environment.GetEnvironmentVariable("PATH");
        start.Environment["REAL_PATH"] = path;
        start.Environment["PATH"] = Path.Combine(folder, "bin") + Path.PathSeparator + path;
        start.Environment["BUILT"] = AppContext.BaseDirectory;
        return Process.Start(start)!;
    }

    private static void Listen(Process shell, StringBuilder output, Action<string> each)
    {
        void Take(object sender, DataReceivedEventArgs said)
        {
            if (said.Data is { } line)
            {
                lock (output)
                {
                    output.AppendLine(line);
                }

                each(line);
            }
        }

        shell.OutputDataReceived += Take;
        shell.ErrorDataReceived += Take;
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
        shell.StandardInput.Close();
    }

    /// <summary>A copy, since npm installs nothing through a link; without what was built or installed there.</summary>
    private static void CopySources(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var inner in Directory.EnumerateDirectories(from).Where(inner => Path.GetFileName(inner) is not ("node_modules" or "bin" or "obj")))
        {
            CopySources(inner, Path.Combine(to, Path.GetFileName(inner)));
        }
    }

    private void Install(string name, string script)
    {
        var file = Path.Combine(folder, "bin", name);
        File.WriteAllText(file, script);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
