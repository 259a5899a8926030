using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RetentionPipeline.EndToEnd.Tests.Browsers;

/// <summary>What the page said of a bundle.</summary>
/// <param name="Verdict">In one line.</param>
/// <param name="Problems">file: rule: message.</param>
/// <param name="Notes">What is unchecked.</param>
/// <param name="Claims">What is proved.</param>
internal sealed record PageVerdict(string Verdict, IReadOnlyList<string> Problems, IReadOnlyList<string> Notes, IReadOnlyList<string> Claims)
{
    public bool IsWell => Verdict.StartsWith("The bundle is well.", StringComparison.Ordinal);

    /// <summary>"file: rule", sorted.</summary>
    public IReadOnlyList<string> Rules => [.. Problems.Select(problem => string.Join(": ", problem.Split(": ")[..2])).Distinct().Order(StringComparer.Ordinal)];
}

/// <summary>A bundle to give to the page, and the keys to type.</summary>
internal sealed record PageCase(byte[] Zip, params string[] Keys);

/// <summary>Playwright's npm package in <c>tools/browser</c>, pinned, which drives the chromium of this machine.</summary>
internal static class BrowserTool
{
    private static readonly JsonSerializerOptions Words = new(JsonSerializerDefaults.Web);

    /// <summary>Null where there is none.</summary>
    public static string? FindChromium() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);

    /// <summary>Opens the page once, offline, and has it check every bundle.</summary>
    public static async Task<IReadOnlyList<PageVerdict>> VerifyAsync(string folder, ReadOnlyMemory<byte> page, IReadOnlyList<PageCase> cases)
    {
        var tool = await InstallAsync();
        File.WriteAllBytes(Path.Combine(folder, "verify.html"), page.ToArray());
        var plan = new JsonArray();
        for (var number = 0; number < cases.Count; number++)
        {
            var zip = Path.Combine(folder, $"{number}.zip");
            File.WriteAllBytes(zip, cases[number].Zip);
            plan.Add(new JsonObject { ["zip"] = zip, ["keys"] = new JsonArray([.. cases[number].Keys.Select(key => (JsonNode)key)]) });
        }

        File.WriteAllText(Path.Combine(folder, "cases.json"), plan.ToJsonString());
        var (code, output, errors) = await RunAsync(
            "node", tool, Path.Combine(tool, "verify.js"), FindChromium()!, Path.Combine(folder, "verify.html"), Path.Combine(folder, "cases.json"));
        Assert.True(code == 0, errors);
        return JsonSerializer.Deserialize<List<PageVerdict>>(output, Words)!;
    }

    private static async Task<string> InstallAsync()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "tools", "browser", "package-lock.json")))
        {
            root = root.Parent!;
        }

        var tool = Path.Combine(root.FullName, "tools", "browser");
        var (installed, locked) = (Path.Combine(tool, "node_modules", ".package-lock.json"), Path.Combine(tool, "package-lock.json"));
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(locked))
        {
            var (code, output, errors) = await RunAsync("npm", tool, "ci", "--no-audit", "--no-fund");
            Assert.True(code == 0, output + errors);
            File.SetLastWriteTimeUtc(installed, DateTime.UtcNow);
        }

        return tool;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await said, await errors);
    }
}
