using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;
using RetentionPipeline.Ledger;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.Ledgers;

/// <summary>
/// An exported log of two levels of tiles, and everything that somebody might do to its files: each change is detected by
/// our verifier, and each that Go's own packages can see by those.
/// </summary>
public sealed class FlipTests : IAsyncLifetime
{
    private const int Size = 300;
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly NoteSigner Signer = new("log.example/flips", new byte[32]);
    private readonly ITestOutputHelper output;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("flips-");
    private Dictionary<string, byte[]> files = [];

    public FlipTests(ITestOutputHelper output) => this.output = output;

    public async Task InitializeAsync()
    {
        var ledger = new MemoryLedger(new Faults());
        await new LaneWriter(ledger).AppendAsync([.. Enumerable.Range(0, Size).Select(Make)], None);
        await new Integrator(ledger.Stores, Signer, Signer.Verifier.Name).RunOnceAsync(None);
        await new LogExport(new LogReader(ledger, ledger, ledger)).WriteAsync(PathOf("0", ""), Signer.Verifier, None);
        files = Directory.EnumerateFiles(PathOf("0", ""), "*", SearchOption.AllDirectories).ToDictionary(
            file => Path.GetRelativePath(PathOf("0", ""), file).Replace('\\', '/'), File.ReadAllBytes);
        Assert.Equal(7, files.Count);
        Write("1");
    }

    public Task DisposeAsync()
    {
        folder.Delete(recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public void A_thousand_flipped_bits_are_each_detected() => Flip(1_000);

    [LongFact, Trait("Category", "Long")]
    public void Ten_thousand_flipped_bits_are_each_detected() => Flip(10_000);

    [GoFact]
    public Task Ten_thousand_flipped_bits_are_each_detected_by_Go() => JudgeByGoAsync(10_000);

    [Fact]
    public void A_file_that_is_cut_removed_added_swapped_or_written_twice_is_detected()
    {
        var names = files.Keys.Order(StringComparer.Ordinal).ToList();
        var changes = 0;
        foreach (var name in names)
        {
            var whole = files[name];
            foreach (var length in new[] { 0, 1, whole.Length / 2, whole.Length - 1 })
            {
                AssertDetected($"{name} cut to {length}", name, whole[..length]);
                changes++;
            }

            AssertDetected($"{name} with a byte more", name, [.. whole, 0]);
            AssertDetected($"{name} twice in one", name, [.. whole, .. whole]);
            AssertDetected($"{name} removed", name, null);
            AssertDetected($"{name} copied", name + "1", whole);
            changes += 4;
            foreach (var other in names.Where(other => string.CompareOrdinal(name, other) < 0))
            {
                File.WriteAllBytes(PathOf("0", name), files[other]);
                AssertDetected($"{name} and {other} swapped", other, whole);
                File.WriteAllBytes(PathOf("0", name), whole);
                changes++;
            }
        }

        foreach (var name in new[] { "tile/0/002", "tile/2/000.p/1", "tile/entries/001.p/43", "tile/0/001", "checkpoint.old", ".x" })
        {
            AssertDetected($"{name} added", name, [1]);
            changes++;
        }

        output.WriteLine($"{changes} changes");
    }

    [Fact]
    public void Entries_that_are_removed_repeated_reordered_or_added_are_detected()
    {
        const string name = "tile/entries/000";
        var entries = EntryBundle.Decode(files[name]).ToList();
        for (var at = 0; at < entries.Count; at += 15)
        {
            AssertDetected($"entry {at} removed", name, EntryBundle.Encode([.. entries[..at], .. entries[(at + 1)..]]));
            AssertDetected($"entry {at} repeated", name, EntryBundle.Encode([.. entries[..at], entries[at], .. entries[at..]]));
            AssertDetected($"entry {at} replaced", name, EntryBundle.Encode([.. entries[..at], Make(Size), .. entries[(at + 1)..]]));
            var other = (at + 100) % entries.Count;
            var swapped = entries.ToList();
            (swapped[at], swapped[other]) = (swapped[other], swapped[at]);
            AssertDetected($"entries {at} and {other} swapped", name, EntryBundle.Encode(swapped));
        }
    }

    [Fact]
    public void A_checkpoint_that_is_signed_anew_is_detected_whoever_signs_it()
    {
        var text = SignedNote.Parse(files["checkpoint"]).Text;
        var checkpoint = Checkpoint.Parse(text);
        var stranger = new NoteSigner(Signer.Verifier.Name, [.. Enumerable.Repeat((byte)7, 32)]);
        AssertDetected("another key of the name", "checkpoint", new SignedNote(text, [stranger.Sign(text)]).Encode());
        var other = (checkpoint with { Root = new byte[32] }).Text;
        AssertDetected("another root", "checkpoint", new SignedNote(other, [Signer.Sign(other)]).Encode());
        other = (checkpoint with { Size = Size - 1 }).Text;
        AssertDetected("another size", "checkpoint", new SignedNote(other, [Signer.Sign(other)]).Encode());
        other = (checkpoint with { Origin = "log.example/other" }).Text;
        AssertDetected("another origin", "checkpoint", new SignedNote(other, [Signer.Sign(other)]).Encode());
        AssertDetected("one line right, one wrong", "checkpoint", new SignedNote(text, [Signer.Sign(text), Signer.Sign(other)]).Encode());

        // The one thing that is not detected, but listed: a line of a key that was not given.
        File.WriteAllBytes(PathOf("0", "checkpoint"), new SignedNote(text, [Signer.Sign(text), new NoteSigner("witness", new byte[32]).Sign(other)]).Encode());
        var report = Verify("0");
        Assert.Empty(report.Problems);
        Assert.Single(report.Unchecked);
    }

    /// <summary>Two workers, each with a folder of its own.</summary>
    private void Flip(int count)
    {
        var names = files.Keys.Order(StringComparer.Ordinal).ToList();
        Parallel.For(0, 2, worker =>
        {
            var random = new Random(worker);
            for (var flip = worker; flip < count; flip += 2)
            {
                var name = names[random.Next(names.Count)];
                var changed = files[name].ToArray();
                var (at, bit) = (random.Next(changed.Length), random.Next(8));
                changed[at] ^= (byte)(1 << bit);
                var place = PathOf(worker.ToString(CultureInfo.InvariantCulture), name);
                File.WriteAllBytes(place, changed);
                Assert.True(Verify(worker.ToString(CultureInfo.InvariantCulture)).Problems.Count > 0, $"{name}, byte {at}, bit {bit}");
                File.WriteAllBytes(place, files[name]);
            }
        });
        Assert.Empty(Verify("0").Problems);
        output.WriteLine($"{count} flips, each detected");
    }

    private void AssertDetected(string what, string name, byte[]? content)
    {
        if (content is null)
        {
            File.Delete(PathOf("0", name));
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf("0", name))!);
            File.WriteAllBytes(PathOf("0", name), content);
        }

        Assert.True(Verify("0").Problems.Count > 0, what);
        if (files.TryGetValue(name, out var whole))
        {
            File.WriteAllBytes(PathOf("0", name), whole);
        }
        else
        {
            File.Delete(PathOf("0", name));
        }
    }

    private async Task JudgeByGoAsync(int flips)
    {
        var start = new ProcessStartInfo(
            "go",
            [
                "run", Path.Combine(AppContext.BaseDirectory, "Ledgers", "check_export.go"), PathOf("0", ""), Signer.Verifier.ToString(),
                flips.ToString(CultureInfo.InvariantCulture),
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GO111MODULE"] = "off";
        start.Environment["GOPATH"] = GoFactAttribute.Packages;
        start.Environment["GOCACHE"] = Path.Combine(folder.FullName, "go");
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync(patience.Token);
        output.WriteLine(await said + await errors);
        Assert.True(process.ExitCode == 0, await said + await errors);
        Assert.Contains($"the log is well; {flips} flips, 0 unnoticed", await said, StringComparison.Ordinal);
    }

    private StructureReport Verify(string copy) =>
        new StructuralVerifier(PathOf(copy, ""), Signer.Verifier).Verify((_, _) => { }, (_, _) => { });

    private void Write(string copy)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(copy, name))!);
            File.WriteAllBytes(PathOf(copy, name), content);
        }
    }

    private string PathOf(string copy, string name) => Path.Combine(folder.FullName, copy, name.Replace('/', Path.DirectorySeparatorChar));

    private static ReadOnlyMemory<byte> Make(int number) => Leaf.Encode(
        "intent", $"op-{number}", "", DateTimeOffset.UnixEpoch.AddSeconds(number), new JsonObject { ["count"] = number, ["dataset"] = "visits" });
}
