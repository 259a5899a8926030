using System.Diagnostics;
using System.Text.Json.Nodes;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Ledgers;

/// <summary>What an auditor types, over the log of a whole run: the tool as a process of its own.</summary>
public sealed class LedgerVerbTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("verbs-").FullName;
    private SimulatedPipeline simulation = null!;
    private string key = null!;

    public async Task InitializeAsync()
    {
        simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.SeedSmall(simulation, 20);
        await simulation.StorePolicyAsync(Shop.Policy());
        await simulation.RunOnceAsync();
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        key = (await simulation.Get<LedgerIntegrator>().VerifierAsync(CancellationToken.None)).ToString();
        await ExportAsync("log");
    }

    public Task DisposeAsync()
    {
        simulation.Dispose();
        Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Verify_tells_a_well_log_and_says_it_as_JSON_too()
    {
        var (code, output, errors) = await ToolAsync("ledger", "verify", "log", "--key", key);
        Assert.True(code == 0, output + errors);
        Assert.EndsWith("The log is well.\n", output, StringComparison.Ordinal);
        Assert.Equal("", errors);

        (code, output, errors) = await ToolAsync("ledger", "verify", "log", "--key", key, "--json");
        Assert.True(code == 0, output + errors);
        var report = JsonNode.Parse(output)!;
        Assert.True((bool)report["isWell"]!);
        Assert.True((long)report["size"]! > 5);
        Assert.Equal(0, (long)report["checkedFrom"]!);
    }

    [Fact]
    public async Task Verify_says_what_is_wrong_at_which_leaf_and_what_it_means()
    {
        var file = Directory.GetFiles(Path.Combine(folder, "log", "tile", "entries"), "*", SearchOption.AllDirectories).Single();
        var bytes = File.ReadAllBytes(file);
        bytes[^3] ^= 1;
        File.WriteAllBytes(file, bytes);
        var last = (await simulation.Get<LogReader>().CheckpointAsync(CancellationToken.None))!.Size - 1;

        var (code, output, _) = await ToolAsync("ledger", "verify", "log", "--key", key);
        Assert.Equal(1, code);
        Assert.Contains($"leaf {last}: tile: ", output, StringComparison.Ordinal);
        Assert.Contains("tile means: What the log says now is not what was signed.", output, StringComparison.Ordinal);
        Assert.EndsWith("The log is NOT well.\n", output, StringComparison.Ordinal);

        (code, output, _) = await ToolAsync("ledger", "verify", "log", "--key", key, "--json");
        Assert.Equal(1, code);
        Assert.Contains(JsonNode.Parse(output)!["problems"]!.AsArray(), problem => (string)problem!["rule"]! == "tile" && (long?)problem["index"] == last);
    }

    [Fact]
    public async Task A_remembered_checkpoint_spares_what_was_checked_and_shows_a_fork()
    {
        var remembered = Path.Combine(folder, "remembered");
        Assert.Equal(0, (await ToolAsync("ledger", "verify", "log", "--key", key, "--remember", remembered)).Code);
        var size = Checkpoint.Parse(SignedNote.Parse(File.ReadAllBytes(remembered)).Text).Size;

        await simulation.Get<LaneWriter>().AppendAsync(
            [Leaf.Encode(LeafTypes.Forgotten, "later", "test", Shop.Now.AddDays(1), new() { ["count"] = 1, ["olderThan"] = "2026-01-01T00:00:00.000Z" })],
            CancellationToken.None);
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        await ExportAsync("later");
        var (code, output, errors) = await ToolAsync("ledger", "verify", "later", "--key", key, "--remember", remembered);
        Assert.True(code == 0, output + errors);
        Assert.Contains($"Its first {size} leaves were checked then", output, StringComparison.Ordinal);
        Assert.Equal(size + 1, Checkpoint.Parse(SignedNote.Parse(File.ReadAllBytes(remembered)).Text).Size);

        // Now the older one is shown again.
        (code, output, _) = await ToolAsync("ledger", "verify", "log", "--key", key, "--remember", remembered);
        Assert.Equal(1, code);
        Assert.Contains("shrunk", output, StringComparison.Ordinal);
        Assert.Equal(size + 1, Checkpoint.Parse(SignedNote.Parse(File.ReadAllBytes(remembered)).Text).Size);
        File.WriteAllText(remembered, "none");
        Assert.Equal(2, (await ToolAsync("ledger", "verify", "log", "--key", key, "--remember", remembered)).Code);
    }

    [Fact]
    public async Task Inspect_shows_a_leaf_and_proves_it()
    {
        var (code, output, errors) = await ToolAsync("ledger", "inspect", "0", "--log", "log", "--key", key);
        Assert.True(code == 0, output + errors);
        Assert.StartsWith("leaf 0: ", output, StringComparison.Ordinal);
        Assert.Contains("It is in the signed log of ", output, StringComparison.Ordinal);
        Assert.Equal(2, (await ToolAsync("ledger", "inspect", "99999", "--log", "log", "--key", key)).Code);
        Assert.Equal(2, (await ToolAsync("ledger", "inspect", "0", "--log", "log")).Code);
        Assert.Equal(2, (await ToolAsync("ledger", "inspect", "0")).Code);

        var file = Directory.GetFiles(Path.Combine(folder, "log", "tile", "entries"), "*", SearchOption.AllDirectories).Single();
        var bytes = File.ReadAllBytes(file);
        bytes[40] ^= 1;
        File.WriteAllBytes(file, bytes);
        (code, output, _) = await ToolAsync("ledger", "inspect", "0", "--log", "log", "--key", key);
        Assert.Equal(1, code);
        Assert.Contains("It is NOT in the signed log", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_doctor_finds_nothing_wrong_with_a_quiet_ledger_and_tells_what_is()
    {
        var health = await ExamineAsync();
        Assert.Empty(health.Troubles());
        Assert.Empty(health.OpenIntents);
        Assert.Equal(0, health.Lanes.Waiting.Sum());
        Assert.Equal(TrustGrade.C, health.Grade);

        var operation = DerivedId.Of(Guid.Empty, "begun").ToString("D");
        await simulation.Get<LaneWriter>().AppendAsync(
            [
                Leaf.Encode(LeafTypes.Intent, operation, "", simulation.Time.GetUtcNow(), new()
                {
                    ["count"] = 1, ["dataset"] = "visits", ["holds"] = 0, ["policy"] = "none", ["root"] = "00", ["scan"] = "s",
                }),
            ],
            CancellationToken.None);
        Assert.True((await ExamineAsync()).Lanes.Waiting.Sum() > 0);
        simulation.Time.Advance(TimeSpan.FromHours(3));
        Assert.Contains((await ExamineAsync()).Troubles(), trouble => trouble.Contains("integrator", StringComparison.Ordinal));
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        health = await ExamineAsync();
        Assert.Contains(health.Troubles(), trouble => trouble.Contains(operation, StringComparison.Ordinal));
        Assert.Contains("policy-unknown", health.BrokenRules);
    }

    private async Task<LedgerHealth> ExamineAsync() => await new LedgerDoctor(
        simulation.Get<LogReader>(), simulation.Ledger, simulation.Get<LedgerLag>(), new NoLocks(), simulation.Time).ExamineAsync(CancellationToken.None);

    private async Task ExportAsync(string name) => await simulation.Get<LogExport>().WriteAsync(
        Path.Combine(folder, name), NoteVerifier.Parse(key), CancellationToken.None);

    private async Task<(int Code, string Output, string Errors)> ToolAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await said, await errors);
    }

    private sealed class NoLocks : ILedgerLocks
    {
        public Task<IReadOnlyList<ContainerLock>> ReadAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyList<ContainerLock>>([]);
    }
}
