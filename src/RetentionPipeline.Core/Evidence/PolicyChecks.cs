using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Evidence;

/// <summary>The texts of a bundle's policies are all that its leaves name, and say what the policies' leaves say of them.</summary>
internal sealed class PolicyChecks(BundleFacts facts, List<BundleProblem> problems)
{
    public void Check(BundleLog log)
    {
        foreach (var hash in log.NamedPolicies.Where(hash => !facts.PolicyTexts.ContainsKey(hash) || !log.PolicyLeaves.ContainsKey(hash)))
        {
            Add(BundleNames.PolicyText(hash), "policy", "Something was decided under this policy; its text or its leaf is missing.");
        }

        foreach (var hash in facts.PolicyTexts.Keys.Where(hash => !log.NamedPolicies.Contains(hash)))
        {
            Add(BundleNames.PolicyText(hash), "extra-file", "Nothing in the bundle was decided under this policy.");
        }

        foreach (var (index, leaf) in log.Leaves.Where(leaf => leaf.Leaf.Type == LeafTypes.Policy))
        {
            if (leaf.Body["facts"] is { } stated && facts.PolicyTexts.ContainsKey(leaf.Id) && (!log.ReadPolicies.TryGetValue(leaf.Id, out var policy) || (string?)stated != PolicyFacts.HashOf(policy)))
            {
                Add(BundleNames.Entry(index), "policy-facts", "The leaf states other datasets than the policy's text has.");
            }
        }
    }

    private void Add(string file, string rule, string message) => problems.Add(new BundleProblem(file, rule, message));
}
