using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using RetentionPipeline.EndToEnd.Tests.Docs;
using RetentionPipeline.EndToEnd.Tests.Simulation;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>What an outsider types: the tool as a process of its own, and the commands of VERIFY.md.</summary>
public sealed partial class OutsiderTests : IAsyncLifetime
{
    private const string DebianPackages = "/usr/share/gocode";
    private readonly string folder = Directory.CreateTempSubdirectory("bundle-").FullName;
    private SimulatedPipeline simulation = null!;
    private string key = null!;

    public async Task InitializeAsync()
    {
        simulation = await BundleShop.CompletedAsync(("r-1", 2));
        key = (await BundleShop.KeyAsync(simulation)).ToString();
        var zip = await BundleShop.GetAsync(simulation, "r-1");
        File.WriteAllBytes(Path.Combine(folder, "bundle.zip"), zip);
        zip[zip.Length / 2] ^= 1;
        File.WriteAllBytes(Path.Combine(folder, "changed.zip"), zip);
        File.WriteAllText(Path.Combine(folder, "none.zip"), "none");
    }

    public Task DisposeAsync()
    {
        simulation.Dispose();
        Directory.Delete(folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_tool_tells_by_its_exit_code_what_a_bundle_is()
    {
        var (code, output) = await RunAsync("dotnet", Tool("evidence", "verify", "bundle.zip", "--key", key));
        Assert.True(code == 0, output);
        Assert.Contains("visits: done, 2 erased", output, StringComparison.Ordinal);
        Assert.Contains("The bundle is well. Grade C: its operator could rewrite this.", output, StringComparison.Ordinal);

        (code, output) = await RunAsync("dotnet", Tool("evidence", "verify", "changed.zip", "--key", key));
        Assert.True(code == 1, output);
        Assert.EndsWith("The bundle is NOT well.\n", output, StringComparison.Ordinal);

        (code, output) = await RunAsync("dotnet", Tool("evidence", "verify", "none.zip", "--key", key));
        Assert.True(code == 1, output);
        Assert.Contains("zip: zip: The file holds no bundle.", output, StringComparison.Ordinal);

        Assert.Equal(2, (await RunAsync("dotnet", Tool("evidence", "verify", "missing.zip", "--key", key))).Code);
        Assert.Equal(2, (await RunAsync("dotnet", Tool("evidence", "verify", "bundle.zip", "--key", "no-key"))).Code);
        Assert.Equal(2, (await RunAsync("dotnet", Tool("evidence", "get", "no-id", "--data", folder))).Code);
    }

    /// <summary>Where there is no openssl, its inputs are looked at instead: the note's lines and lengths.</summary>
    [Fact]
    public async Task The_commands_of_VERIFY_md_for_openssl_say_what_they_should()
    {
        var texts = Unpack();
        var blocks = DocBlock.Parse("VERIFY.md", texts["VERIFY.md"]).Where(block => block.Mark == "sh").Select(block => block.Text).ToList();
        Assert.Equal(5, blocks.Count);
        Assert.Contains("retention evidence verify", blocks[0], StringComparison.Ordinal);
        var note = texts["checkpoint"].Split('\n');
        Assert.Equal(["log.example/test", ""], [note[0], note[3]]);
        Assert.Equal(4 + 64, Convert.FromBase64String(note[4].Split(' ')[2]).Length);
        Assert.Equal(1 + 32, Convert.FromBase64String(key.Split('+', 3)[2]).Length);
        if (!HasTool("openssl"))
        {
            return;
        }

        var (code, output) = await RunAsync("bash", ["-euo", "pipefail", "-c", "cd unpacked\n" + blocks[1]]);
        Assert.True(code == 0, output);
        Assert.Contains("Signature Verified Successfully", output, StringComparison.Ordinal);

        var leaf = LeafFile().Match(blocks[2]).Value;
        (code, output) = await RunAsync("bash", ["-euo", "pipefail", "-c", "cd unpacked\n" + blocks[2]]);
        Assert.True(code == 0, output);
        Assert.Contains(Convert.ToHexStringLower(Ledger.Rfc6962.LeafHash(Encoding.UTF8.GetBytes(texts[leaf]))), output, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(folder, "unpacked", "checkpoint"), texts["checkpoint"].Replace("log.example/test\n", "log.example/lie\n", StringComparison.Ordinal));
        (code, output) = await RunAsync("bash", ["-euo", "pipefail", "-c", "cd unpacked\n" + blocks[1]]);
        Assert.True(code != 0, output);
    }

    /// <summary>Where Go and its packages are not there, the program is looked at instead.</summary>
    [Fact]
    public async Task The_program_of_VERIFY_md_for_Go_proves_a_leaf_and_refuses_another()
    {
        var texts = Unpack();
        var blocks = DocBlock.Parse("VERIFY.md", texts["VERIFY.md"]);
        var program = Assert.Single(blocks, block => block.Mark == "go").Text;
        Assert.Contains("tlog.CheckRecord(path, size, hash(head[2]), index, leaf)", program, StringComparison.Ordinal);
        var packages = Environment.GetEnvironmentVariable("GOPATH") ?? DebianPackages;
        if (!HasTool("go") || !Directory.Exists(Path.Combine(packages, "src", "golang.org", "x", "mod")))
        {
            return;
        }

        File.WriteAllText(Path.Combine(folder, "unpacked", "check.go"), program);
        var command = Assert.Single(blocks, block => block.Text.Contains("go run", StringComparison.Ordinal)).Text
            .Replace(DebianPackages, packages, StringComparison.Ordinal);
        Assert.Contains(packages, command, StringComparison.Ordinal);
        var (code, output) = await RunAsync("bash", ["-euo", "pipefail", "-c", "cd unpacked\n" + command]);
        Assert.True(code == 0, output);
        Assert.Contains("is in log.example/test", output, StringComparison.Ordinal);

        File.AppendAllText(Path.Combine(folder, "unpacked", LeafFile().Match(texts["VERIFY.md"]).Value), " ");
        (code, output) = await RunAsync("bash", ["-euo", "pipefail", "-c", "cd unpacked\n" + command]);
        Assert.True(code != 0, output);
    }

    private IReadOnlyDictionary<string, string> Unpack()
    {
        var texts = BundleShop.Texts(File.ReadAllBytes(Path.Combine(folder, "bundle.zip")));
        foreach (var (name, text) in texts)
        {
            var file = Path.Combine(folder, "unpacked", name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }

        return texts;
    }

    [GeneratedRegex("entries/[0-9]+\\.json")]
    private static partial Regex LeafFile();

    private static bool HasTool(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, name)));

    private static string[] Tool(params string[] arguments) => [Path.Combine(AppContext.BaseDirectory, "retention.dll"), .. arguments];

    private async Task<(int Code, string Output)> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KEY"] = key;
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await said + await errors);
    }
}
