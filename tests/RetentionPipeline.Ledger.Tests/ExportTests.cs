using System.Text.Json.Nodes;
using RetentionPipeline.Fakes;
using RetentionPipeline.Fakes.Ledger;

namespace RetentionPipeline.Ledger.Tests;

/// <summary>An exported log is well; changed in any way it is not.</summary>
public sealed class ExportTests : IDisposable
{
    private static readonly NoteSigner Signer = new("log.example/t", new byte[32]);
    private readonly string folder = Directory.CreateTempSubdirectory("export-").FullName;

    [Fact]
    public async Task An_export_holds_exactly_the_files_of_its_size_and_is_well()
    {
        var files = await ExportAsync(300);
        Assert.Equal(
            ["checkpoint", "key", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"], files);
        var leaves = 0;
        var report = new StructuralVerifier(Folder, Signer.Verifier).Verify((_, _) => leaves++, (_, _) => { });
        Assert.Empty(report.Problems);
        Assert.Equal(300, leaves);
    }

    [Fact]
    public async Task Each_of_a_thousand_flipped_bits_is_detected()
    {
        var files = await ExportAsync(40);
        var random = new Random(1);
        var contents = files.ToDictionary(file => file, file => File.ReadAllBytes(Path.Combine(Folder, file)));
        for (var flip = 0; flip < 1_000; flip++)
        {
            var file = files[random.Next(files.Count)];
            var changed = contents[file].ToArray();
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(Path.Combine(Folder, file), changed);

            var problems = new StructuralVerifier(Folder, Signer.Verifier).Verify((_, _) => { }, (_, _) => { }).Problems;

            Assert.True(problems.Count > 0, $"{file} was changed unnoticed");
            File.WriteAllBytes(Path.Combine(Folder, file), contents[file]);
        }
    }

    [Fact]
    public async Task A_removed_a_truncated_and_an_added_file_are_each_detected()
    {
        var files = await ExportAsync(40);
        foreach (var file in files.Where(file => file != "key"))
        {
            var content = File.ReadAllBytes(Path.Combine(Folder, file));
            File.Delete(Path.Combine(Folder, file));
            Assert.NotEmpty(Verify());
            File.WriteAllBytes(Path.Combine(Folder, file), content[..^1]);
            Assert.NotEmpty(Verify());
            File.WriteAllBytes(Path.Combine(Folder, file), content);
            Assert.Empty(Verify());
        }

        File.WriteAllText(Path.Combine(Folder, "tile", "note.txt"), "x");
        Assert.Equal("extra-file", Assert.Single(Verify()).Rule);
    }

    [Fact]
    public async Task A_log_signed_anew_by_another_key_is_refused()
    {
        await ExportAsync(10);
        var note = SignedNote.Parse(File.ReadAllBytes(Path.Combine(Folder, "checkpoint")));
        var other = new NoteSigner("log.example/t", [.. Enumerable.Repeat((byte)7, 32)]);
        File.WriteAllBytes(Path.Combine(Folder, "checkpoint"), new SignedNote(note.Text, [other.Sign(note.Text)]).Encode());
        Assert.Equal("checkpoint", Assert.Single(Verify()).Rule);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Folder => Path.Combine(folder, "log");

    private IReadOnlyList<LogProblem> Verify() =>
        new StructuralVerifier(Folder, Signer.Verifier).Verify((_, _) => { }, (_, _) => { }).Problems;

    private async Task<List<string>> ExportAsync(int count)
    {
        var ledger = new MemoryLedger(new Faults());
        var writer = new LaneWriter(ledger);
        for (var number = 0; number < count; number++)
        {
            await writer.AppendAsync(
                [Leaf.Encode("t", $"id{number}", "", DateTimeOffset.UnixEpoch, new JsonObject { ["n"] = number })], CancellationToken.None);
        }

        await new Integrator(ledger.Stores, Signer, "log.example/t").RunOnceAsync(CancellationToken.None);
        await new LogExport(new LogReader(ledger, ledger, ledger)).WriteAsync(Folder, Signer.Verifier, CancellationToken.None);
        return [.. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];
    }
}
