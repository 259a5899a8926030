using System.Diagnostics;
using System.Text.Json.Nodes;
using RetentionPipeline.EndToEnd.Tests.Oracle;

namespace RetentionPipeline.EndToEnd.Tests.Checks;

/// <summary><c>retention anonymise check</c>, as a process.</summary>
public sealed class CheckVerbTests
{
    private static readonly string Policy = Path.Combine(Repository.Root, "samples", "policies", "contoso-outdoor.yaml");

    [Fact]
    public async Task The_sample_policy_is_checked()
    {
        var (code, said, _) = await RunAsync("", "--policy", Policy, "--json");
        Assert.Equal(0, code);
        var findings = JsonNode.Parse(said)!["findings"]!.AsArray();
        Assert.NotEmpty(findings);
        Assert.DoesNotContain(findings, finding => (string?)finding!["code"] == "location-fine");
    }

    [Theory]
    [InlineData("1", 0)]
    [InlineData("2", 0)]
    [InlineData("3", 1)]
    public async Task It_ends_with_one_where_a_group_is_smaller_than_k(string k, int expected)
    {
        const string sample = """
            {"Browser": "a", "ip": "203.0.113.7"}
            {"Browser": "a", "ip": "203.0.113.8"}
            {"Browser": "a", "ip": "203.0.113.250"}
            {"Browser": "b", "ip": "203.0.113.7"}
            {"Browser": "b", "ip": "203.0.113.99"}
            """;
        var rule = await RuleOnAsync("ip");
        var (code, said, _) = await RunAsync(sample, "--policy", Policy, "--rule", rule, "--sample", "-", "--quasi", "Browser", "ip", "--k", k);
        Assert.Equal(expected, code);
        Assert.Contains("sample: 5 records in 2 groups; k = 2", said, StringComparison.Ordinal);
        Assert.DoesNotContain("203.0", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--policy", "no-such-file")]
    [InlineData("--rule", "page-views-end", "--sample", "-")]
    [InlineData("--sample", "-")]
    [InlineData("--nonsense")]
    public async Task Bad_input_is_told_with_two(params string[] arguments)
    {
        var (code, _, complaint) = await RunAsync("", arguments[0] == "--policy" ? arguments : ["--policy", Policy, .. arguments]);
        Assert.Equal(2, code);
        Assert.NotEmpty(complaint);
    }

    /// <summary>A rule of the sample policy that cuts addresses in a field of that name.</summary>
    private static async Task<string> RuleOnAsync(string field)
    {
        var loaded = Core.Policies.PolicyDocument.Load(await File.ReadAllTextAsync(Policy), "sample").Policy!;
        return loaded.Rules.First(rule => rule.Operators.Any(use => use.Field == field && use.Operator == "truncate-ip")).Name;
    }

    private static async Task<(int Code, string Said, string Complaint)> RunAsync(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "retention.dll"), "anonymise", "check", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var tool = Process.Start(start)!;
        await tool.StandardInput.WriteAsync(input);
        tool.StandardInput.Close();
        var (said, complaint) = (tool.StandardOutput.ReadToEndAsync(), tool.StandardError.ReadToEndAsync());
        await tool.WaitForExitAsync();
        return (tool.ExitCode, await said, await complaint);
    }
}
