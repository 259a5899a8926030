using System.CommandLine;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Cli.Policies;

/// <summary><c>retention policy lint FILE</c>.</summary>
internal static class PolicyVerb
{
    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "Policy document." };
        var lint = new Command("lint", "Reports everything that is wrong with a policy, with its place and what to do.") { file };
        lint.SetAction(result => Lint(result.GetValue(file)!));
        return new Command("policy", "Works on policy documents.") { lint };
    }

    private static int Lint(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The policy '{file}' cannot be read. Check its name and its permissions.");
            return ExitCodes.Usage;
        }

        var result = PolicyDocument.Load(text, file);
        foreach (var problem in result.Problems)
        {
            var severity = problem.Severity.ToString().ToLowerInvariant();
            Console.WriteLine($"{file}:{problem.Line}:{problem.Column}: {severity} {problem.Code}: {problem.Message} {problem.Remedy}");
        }

        if (result.Policy is not { } policy)
        {
            return ExitCodes.Usage;
        }

        Console.WriteLine(
            $"{file}: {policy.Stores.Count} stores, {policy.Datasets.Count} datasets, {policy.Rules.Count} rules; version {policy.Hash}");
        return ExitCodes.Done;
    }
}
