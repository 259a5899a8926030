using System.Diagnostics;
using System.Reflection;

namespace RetentionPipeline.Local.Children;

/// <summary>A child ended badly; the message says which and what it said.</summary>
public sealed class ChildFailedException(string verb, string said)
    : Exception($"The child process for '{verb}' failed: {said}");

/// <summary>Ourselves once more, with a verb: by the host where we were started as a library.</summary>
internal static class OwnExecutable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Starts a child with pipes for all that it hears and says.</summary>
    public static Process Start(string verb, IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath!;
        string[] through = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Assembly.GetExecutingAssembly().Location] : [];
        return Process.Start(new ProcessStartInfo(self, [.. through, verb, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new ChildFailedException(verb, "it did not start.");
    }

    /// <summary>Closes the pipe that a child holds: it ends by itself then, and is ended if it does not.</summary>
    public static async Task EndAsync(Process child)
    {
        try
        {
            child.StandardInput.Close();
            using var patience = new CancellationTokenSource(Patience);
            await child.WaitForExitAsync(patience.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or InvalidOperationException)
        {
            child.Kill(entireProcessTree: true);
        }
    }

    /// <summary>In a child: cancelled when the parent's pipe ends, however the parent did.</summary>
    public static CancellationTokenSource EndOfParent()
    {
        var ended = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            // The parent writes nothing more. Reading the console blocks its thread until then.
            await Console.In.ReadToEndAsync();
            await ended.CancelAsync();
        });
        return ended;
    }
}
