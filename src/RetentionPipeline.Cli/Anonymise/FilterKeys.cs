using System.Runtime.CompilerServices;
using RetentionPipeline.Adapters.Files;
using RetentionPipeline.Core.Anonymisation;

namespace RetentionPipeline.Cli.Anonymise;

/// <summary>The keys of keyed operators, from a folder of secrets.</summary>
internal static class FilterKeys
{
    /// <summary>
    /// The keys, or why there are none. A key that is not there yet is made, since a pipeline's first value makes it too.
    /// </summary>
    public static (OperatorKeys Keys, string? Refusal) Read(string? folder, IReadOnlyCollection<KeyUse> uses) =>
        uses.Count == 0 ? (OperatorKeys.None, null)
        : folder is null ? (OperatorKeys.None, $"The key '{uses.First().Key}' is needed. Name the folder of keys with --keys.")
        : (ReadFolder(folder, uses), null);

    /// <summary>Apart, so that a filter without keys loads nothing that reads them.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static OperatorKeys ReadFolder(string folder, IReadOnlyCollection<KeyUse> uses)
    {
        var store = new FileSecretStore(folder);
        return new OperatorKeys(uses.ToDictionary(
            use => use, use => store.GetOrCreateAsync(use.SecretName, CancellationToken.None).GetAwaiter().GetResult()));
    }
}
