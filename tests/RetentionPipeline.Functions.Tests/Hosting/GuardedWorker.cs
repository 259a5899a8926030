using System.Diagnostics;
using System.Text;

namespace RetentionPipeline.Functions.Tests.Hosting;

/// <summary>
/// The worker's process, under a shell that holds this process's pipe and kills it when the pipe ends: a worker does not end
/// when its host is killed.
/// </summary>
internal sealed class GuardedWorker : IAsyncDisposable
{
    private const string Guard = """
        exec 3<&0
        "$@" </dev/null 3<&- &
        worker=$!
        (while read -r line <&3; do :; done; kill -9 $worker 2>/dev/null) &
        guard=$!
        wait $worker
        code=$?
        kill -9 $guard 2>/dev/null
        exit $code
        """;

    private readonly Process process;
    private readonly StringBuilder errors = new();

    public GuardedWorker(string folder, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("sh", ["-c", Guard, "sh", "dotnet", .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, said) => Take(said.Data);
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>What it wrote to stderr.</summary>
    public string Errors
    {
        get
        {
            lock (errors)
            {
                return errors.ToString();
            }
        }
    }

    /// <summary>Ends with the exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }

    private void Take(string? line)
    {
        lock (errors)
        {
            errors.AppendLine(line);
        }
    }
}
