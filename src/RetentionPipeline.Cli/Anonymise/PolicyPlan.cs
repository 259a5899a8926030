using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>What the rules of a policy do to the logs of a dataset, all stages in their order.</summary>
internal static class PolicyPlan
{
    /// <summary>The plan, or why there is none.</summary>
    public static (StreamPlan Plan, string? Refusal) Read(FilterArguments asked)
    {
        var (file, datasetName, plan) = (asked.PolicyFile!, asked.Dataset!, asked.Plan);
        var loaded = PolicyDocument.Load(File.ReadAllText(file), file);
        if (loaded.Policy is not { } policy)
        {
            return (plan, $"The policy has problems. See them all with: retention policy lint {file}");
        }

        if (policy.Datasets.GetValueOrDefault(datasetName) is not { Format: not null } dataset)
        {
            return (plan, $"The policy has no dataset '{datasetName}' with a 'format'.");
        }

        var rules = policy.Rules.Where(rule => rule.Dataset == datasetName && rule.Action is RuleAction.Anonymise).ToList();
        plan = plan with { Format = RuleOperators.FormatOf(dataset) };
        var uses = rules.SelectMany(rule => rule.Operators).ToList();
        var (keys, refusal) = FilterKeys.Read(asked.KeysFolder, RuleOperators.KeysOf(uses));
        foreach (var use in uses)
        {
            OperatorCatalogue.AddToStream(use.Operator, use.Field, use.Parameters, keys, ref plan);
        }

        return (plan, rules.Count > 0 ? refusal : $"No rule of the policy anonymises dataset '{datasetName}'.");
    }
}
