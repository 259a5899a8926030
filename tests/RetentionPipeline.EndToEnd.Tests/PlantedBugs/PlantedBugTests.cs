using System.Diagnostics;
using System.Text.RegularExpressions;
using RetentionPipeline.EndToEnd.Tests.Instances;
using Xunit.Abstractions;

namespace RetentionPipeline.EndToEnd.Tests.PlantedBugs;

/// <summary>A check that has not been seen to fail does not exist: each planted bug is caught by the test that it names.</summary>
[Collection(MachineCollection.Name)]
public sealed partial class PlantedBugTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    [Fact]
    public void Each_bug_has_its_place_in_the_sources_and_a_test_that_is_there()
    {
        var root = FindRoot();
        foreach (var bug in PlantedBug.All)
        {
            var text = File.ReadAllText(Path.Combine(root, bug.File));
            Assert.True(text.Split(bug.Right).Length == 2, $"{bug.Name}: its place is not there once");
            Assert.Contains(PlantedBug.Switch, bug.Wrong, StringComparison.Ordinal);
            var (type, method) = (bug.CaughtBy.Split('.')[0], bug.CaughtBy.Split('.')[1]);
            var tests = Directory.EnumerateFiles(Path.Combine(root, "tests", bug.Project), "*.cs", SearchOption.AllDirectories)
                .Select(File.ReadAllText).ToList();
            Assert.Contains(tests, source => source.Contains($"class {type}", StringComparison.Ordinal));
            Assert.Contains(tests, source => source.Contains($"{method}(", StringComparison.Ordinal));
        }
    }

    /// <summary>All are built into one copy of the sources; one at a time is switched on.</summary>
    [LongFact, Trait("Category", "Soak")]
    public async Task Each_bug_is_caught_by_the_test_that_it_names()
    {
        var folder = Directory.CreateTempSubdirectory("planted-");
        try
        {
            await CopyAsync(FindRoot(), folder.FullName);
            foreach (var file in PlantedBug.All.GroupBy(bug => bug.File))
            {
                Plant(Path.Combine(folder.FullName, file.Key), file);
            }

            foreach (var project in PlantedBug.All.Select(bug => bug.Project).Distinct())
            {
                var (built, said) = await RunAsync(
                    folder.FullName, null, "build", $"tests/{project}", "-v", "q", "--nologo", "-p:RunAnalyzers=false",
                    "-p:TreatWarningsAsErrors=false", "-p:UseSharedCompilation=false", "-nodeReuse:false");
                Assert.True(built == 0, said);
            }

            foreach (var bug in PlantedBug.All)
            {
                var (right, without) = await TestAsync(folder.FullName, bug, isOn: false);
                Assert.True(right == 0 && Passed().IsMatch(without), $"{bug.Name}, switched off:\n{without}");
                var (wrong, with) = await TestAsync(folder.FullName, bug, isOn: true);
                Assert.True(wrong != 0 && Failed().IsMatch(with), $"{bug.Name} was not caught:\n{with}");
                output.WriteLine($"{bug.Name}: caught by {bug.CaughtBy}");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Plant(string path, IEnumerable<PlantedBug> bugs)
    {
        var text = File.ReadAllText(path);
        foreach (var bug in bugs)
        {
            var isOn = $"(System.Environment.GetEnvironmentVariable(\"{PlantedBug.Variable}\") == \"{bug.Name}\")";
            text = text.Replace(bug.Right, bug.Wrong.Replace(PlantedBug.Switch, isOn, StringComparison.Ordinal), StringComparison.Ordinal);
        }

        File.WriteAllText(path, text);
    }

    /// <summary>What a build needs of the sources.</summary>
    private static async Task CopyAsync(string root, string folder)
    {
        var (code, listed) = await RunProcessAsync("git", root, null, ["ls-files", "--cached", "--others", "--exclude-standard"]);
        Assert.Equal(0, code);
        foreach (var name in listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(name => File.Exists(Path.Combine(root, name))))
        {
            var copy = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(root, name), copy);
        }
    }

    private static Task<(int Code, string Output)> TestAsync(string folder, PlantedBug bug, bool isOn) => RunAsync(
        folder, isOn ? bug.Name : null, "test", $"tests/{bug.Project}", "--no-build", "--nologo", "--filter",
        $"FullyQualifiedName~{bug.CaughtBy}");

    private static Task<(int Code, string Output)> RunAsync(string folder, string? bug, params string[] arguments) =>
        RunProcessAsync("dotnet", folder, bug, arguments);

    private static async Task<(int Code, string Output)> RunProcessAsync(
        string program, string folder, string? bug, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment.Remove("RETENTION_LONG");
        start.Environment[PlantedBug.Variable] = bug ?? "";
        using var process = Process.Start(start)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await said + await errors);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not lie in the repository.");
        }

        return folder.FullName;
    }

    [GeneratedRegex("Failed: +0, Passed: +[1-9]")]
    private static partial Regex Passed();

    [GeneratedRegex("Failed: +[1-9]")]
    private static partial Regex Failed();
}
