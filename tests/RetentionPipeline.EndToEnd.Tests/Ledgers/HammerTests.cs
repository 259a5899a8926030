using System.Diagnostics;
using System.Globalization;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Ledger;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Ledgers;

/// <summary>
/// 64 writers on four processes, and an integrator whose process is killed at random, on files: every acknowledged leaf
/// is in the log exactly once, and what is published only grows.
/// </summary>
[Collection(MachineCollection.Name)]
public sealed class HammerTests(ITestOutputHelper output) : IDisposable
{
    private const int Processes = 4;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hammer-");

    private string Log => Path.Combine(folder.FullName, "log");

    [Fact]
    public Task Some_seconds_and_three_kills() => HammerAsync(seconds: 4, kills: 3, writers: 4);

    [LongFact, Trait("Category", "Long")]
    public Task A_minute_and_twenty_kills() => HammerAsync(
        seconds: 60, writers: 16,
        kills: int.TryParse(Environment.GetEnvironmentVariable("RETENTION_LEDGER_KILLS"), CultureInfo.InvariantCulture, out var kills) ? kills : 20);

    public void Dispose() => folder.Delete(recursive: true);

    private async Task HammerAsync(int seconds, int kills, int writers)
    {
        using var ledger = new FileLedger(Log, 1 << 20, TimeProvider.System);
        var appenders = Enumerable.Range(0, Processes).Select(process => Start(
            "append", "--name", $"p{process}", "--writers", Text(writers), "--seconds", Text(seconds))).ToList();
        using var over = new CancellationTokenSource();
        var watch = WatchAsync(ledger, over.Token);
        var killed = await KillAsync(kills, TimeSpan.FromSeconds(seconds), () => appenders.TrueForAll(appender => appender.HasExited));
        foreach (var appender in appenders)
        {
            await appender.WaitForExitAsync();
            Assert.Equal(0, appender.ExitCode);
            appender.Dispose();
        }

        var covered = await CatchUpAsync(ledger);
        await over.CancelAsync();
        var seen = await watch;
        var acknowledged = Enumerable.Range(0, Processes).SelectMany(process => File.ReadLines($"{Log}.p{process}.acknowledged")).ToList();
        var log = new LogReader(ledger, ledger, ledger);
        var ids = (await log.ReadEntriesAsync(0, (int)covered, None)).Select(entry => Leaf.Parse(entry.Span).Id).ToList();
        Assert.Equal(covered, ids.Count);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Empty(acknowledged.Except(ids));
        Assert.True(killed >= kills, $"{killed} kills");
        Assert.True(acknowledged.Count > 100 * seconds, $"{acknowledged.Count} acknowledged");
        output.WriteLine($"{killed} kills, {acknowledged.Count} leaves acknowledged, {ids.Count} in the log, {seen} published sizes seen");

        var export = Path.Combine(folder.FullName, "export");
        var verifier = Signer().Verifier;
        await new LogExport(log).WriteAsync(export, verifier, None);
        Assert.Empty(new StructuralVerifier(export, verifier).Verify((_, _) => { }, (_, _) => { }).Problems);
    }

    /// <summary>Starts integrators and kills each after a while, until all kills are done and the writers have ended.</summary>
    private async Task<int> KillAsync(int kills, TimeSpan length, Func<bool> isOver)
    {
        var (random, done) = (new Random(kills), 0);
        var pause = length / kills;
        while (done < kills || !isOver())
        {
            using var integrator = Start("integrate");
            await Task.Delay((pause * (0.3 + random.NextDouble())) + TimeSpan.FromMilliseconds(300));
            Assert.False(integrator.HasExited, "The integrator ended by itself: it found a contradiction, or failed.");
            integrator.Kill();
            await integrator.WaitForExitAsync();
            done++;
        }

        return done;
    }

    /// <summary>Reads what is published, all the time: a size that falls fails. Returns how many sizes were seen.</summary>
    private static async Task<int> WatchAsync(FileLedger ledger, CancellationToken cancel)
    {
        var (last, seen) = (0L, 0);
        while (!cancel.IsCancellationRequested)
        {
            if (await ((ICheckpointStore)ledger).ReadAsync(None) is { } head)
            {
                var checkpoint = Checkpoint.Open(SignedNote.Parse(head.Note.Span), Signer().Verifier);
                Assert.True(checkpoint.Size >= last, $"{checkpoint.Size} was published after {last}");
                seen += checkpoint.Size > last ? 1 : 0;
                last = checkpoint.Size;
            }

            await Task.Delay(50, None);
        }

        return seen;
    }

    private static async Task<long> CatchUpAsync(FileLedger ledger)
    {
        var integrator = new Integrator(ledger.Stores, Signer(), Signer().Verifier.Name);
        var log = new LogReader(ledger, ledger, ledger);
        var lengths = await ledger.LengthsAsync(None);
        while (true)
        {
            var result = await integrator.RunOnceAsync(None);
            Assert.Empty(result.Conflicts);
            if ((await log.CoveredLanesAsync(None))!.Index().All(lane => lane.Item >= lengths[lane.Index]))
            {
                return result.Size;
            }
        }
    }

    /// <summary>The bench's, whose processes they are.</summary>
    private static NoteSigner Signer() =>
        new("log.example/bench", System.Security.Cryptography.SHA256.HashData("bench"u8));

    private Process Start(string verb, params string[] arguments) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "ledger-bench.dll"), verb, "--dir", Log, .. arguments])
    {
        RedirectStandardInput = true,
    })!;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
