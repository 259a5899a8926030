using RetentionPipeline.Core.Anonymisation;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Core.Erasure;

/// <summary>
/// The keys of a rule's operators, from the store of secrets: the policy only names them. They are read for each delivery
/// and kept no longer, so that a key that was destroyed is gone with the delivery under way.
/// </summary>
public sealed class RuleKeys(ISecretStore secrets, OperatorKeyTable ends)
{
    /// <summary>
    /// All keys that the operators need; one that is not there yet is made. Null if the destruction of one was decided:
    /// nothing may run under it, and another one of its name and epoch would be taken for it.
    /// </summary>
    public async Task<OperatorKeys?> ReadAsync(IReadOnlyList<OperatorUse> uses, CancellationToken cancel)
    {
        var keys = new Dictionary<KeyUse, byte[]>();
        foreach (var use in RuleOperators.KeysOf(uses))
        {
            // Looked for again behind the secret: where the decision came between, the secret may just have been made anew.
            // Nothing is done with it, and whoever carries the destruction out looks for it once more before the log says so.
            if (await ends.FindAsync(use, cancel) is not null)
            {
                return null;
            }

            keys[use] = await secrets.GetOrCreateAsync(use.SecretName, cancel);
            if (await ends.FindAsync(use, cancel) is not null)
            {
                return null;
            }
        }

        return new OperatorKeys(keys);
    }
}
