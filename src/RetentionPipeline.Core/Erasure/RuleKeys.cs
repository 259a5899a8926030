using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The keys of a rule's operators, from the store of secrets: the policy only names them. They are read for each delivery
/// and kept no longer, so that a key that was destroyed is gone with the delivery under way.
/// </summary>
public sealed class RuleKeys(ISecretStore secrets)
{
    /// <summary>All keys that the operators need; one that is not there yet is made.</summary>
    public async Task<OperatorKeys> ReadAsync(IEnumerable<OperatorUse> uses, CancellationToken cancel)
    {
        var keys = new Dictionary<KeyUse, byte[]>();
        foreach (var use in RuleOperators.KeysOf(uses))
        {
            keys[use] = await secrets.GetOrCreateAsync(use.SecretName, cancel);
        }

        return new OperatorKeys(keys);
    }
}
