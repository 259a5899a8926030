using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>The texts of all policies that a bundle's leaves name.</summary>
internal static class PolicyTexts
{
    public static async Task<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> ReadAsync(
        BundleLog read, IObjectStore objects, CancellationToken cancel)
    {
        var texts = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var hash in read.NamedPolicies)
        {
            texts[hash] = (await objects.ReadAsync(ObjectNames.Policy(hash), cancel)
                ?? throw new LedgerCorruptException($"The text of policy {hash}, which the log names, is not in the store any more.")).Content;
        }

        return texts;
    }
}
