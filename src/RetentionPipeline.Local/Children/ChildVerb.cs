using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using RetentionPipeline.Local.Runs;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.Local.Children;

/// <summary>A child ended badly; the message says which and what it said.</summary>
public sealed class ChildFailedException(string verb, string said)
    : Exception($"The child process for '{verb}' failed: {said}");

/// <summary>
/// Work that is none of the pipeline's, in a process of its own (the same executable with a verb), so that the pipeline's
/// process can be measured by itself: seeding the sample company, and measuring what the SDK alone reaches. A child holds
/// our pipe and ends when the pipe does. The address, which may hold a key, goes through that pipe, not the command line.
/// </summary>
public sealed class ChildVerb(string address)
{
    private const string SeedVerb = "child-seed";
    private const string RawVerb = "child-bare-deletes";

    /// <summary>Writes the company if it does not stand there; returns the entities written, 0 if it did.</summary>
    public async Task<int> SeedAsync(SampleSize size, CancellationToken cancel) => int.Parse(
        await RunAsync(
            SeedVerb,
            [
                Text(size.Seed), size.Now.ToString("O", CultureInfo.InvariantCulture), Text(size.Entities), Text(size.LogMegabytes),
                size.Faults.ToString(),
            ],
            cancel),
        CultureInfo.InvariantCulture);

    /// <summary>Bare deletes a second.</summary>
    public async Task<double> MeasureDeletesAsync(CancellationToken cancel) =>
        double.Parse(await RunAsync(RawVerb, [], cancel), CultureInfo.InvariantCulture);

    /// <summary>The exit code if the command line is that of a child; null for everybody else's.</summary>
    public static async Task<int?> ServeAsync(string[] arguments, TimeProvider time)
    {
        if (arguments is not [SeedVerb or RawVerb, ..])
        {
            return null;
        }

        var address = await Console.In.ReadLineAsync() ?? "";
        using var ended = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            // The parent writes nothing more: the end of its pipe is its own end.
            await Console.In.ReadToEndAsync();
            await ended.CancelAsync();
        });
        try
        {
            Console.WriteLine(arguments is [SeedVerb, var seed, var now, var entities, var logs, var faults]
                ? Text(await SeedHereAsync(address, seed, now, entities, logs, faults, ended.Token))
                : (await new RawDeletes(address, time).MeasureAsync(ended.Token)).ToString("R", CultureInfo.InvariantCulture));
            return 0;
        }
        catch (OperationCanceledException)
        {
            return 1;
        }
        catch (Exception failure)
        {
            // The SDK's texts quote requests; the sample is made up, so its type and first line may be told.
            await Console.Error.WriteLineAsync($"{failure.GetType().Name}: {failure.Message.Split('\n')[0]}");
            return 1;
        }
    }

    private static async Task<int> SeedHereAsync(
        string address, string seed, string now, string entities, string logs, string faults, CancellationToken cancel)
    {
        var size = new SampleSize(
            int.Parse(seed, CultureInfo.InvariantCulture), DateTimeOffset.Parse(now, CultureInfo.InvariantCulture),
            int.Parse(entities, CultureInfo.InvariantCulture), int.Parse(logs, CultureInfo.InvariantCulture),
            Enum.Parse<SampleFaults>(faults));
        var seeder = new Seeder(address);
        return await seeder.IsSeededAsync(cancel) ? 0 : await seeder.SeedAsync(size, cancel);
    }

    private async Task<string> RunAsync(string verb, string[] arguments, CancellationToken cancel)
    {
        using var child = Process.Start(Describe(verb, arguments)) ?? throw new ChildFailedException(verb, "it did not start.");
        try
        {
            await child.StandardInput.WriteLineAsync(address.AsMemory(), cancel);
            await child.StandardInput.FlushAsync(cancel);
            var said = child.StandardOutput.ReadToEndAsync(cancel);
            var errors = child.StandardError.ReadToEndAsync(cancel);
            await child.WaitForExitAsync(cancel);
            return child.ExitCode == 0 ? (await said).Trim() : throw new ChildFailedException(verb, (await errors).Trim());
        }
        finally
        {
            // Closes its pipe: it ends by itself, also where we were stopped.
            child.StandardInput.Close();
            if (!child.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                child.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Ourselves once more: by the host where we were started as a library.</summary>
    private static ProcessStartInfo Describe(string verb, string[] arguments)
    {
        var self = Environment.ProcessPath!;
        string[] through = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Assembly.GetExecutingAssembly().Location] : [];
        return new ProcessStartInfo(self, [.. through, verb, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
