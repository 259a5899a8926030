using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>A key that an operator needs: its name and its epoch, as the policy writes them. Never the key itself.</summary>
/// <param name="Key">Name of the key: letters, digits and hyphens.</param>
/// <param name="Epoch">1 to 9,999. Once an epoch's key is destroyed, what was made with it links to nobody.</param>
public sealed record KeyUse(string Key, int Epoch)
{
    /// <summary>The last epoch that a key can have.</summary>
    public const int MostEpochs = 9999;

    private const int LongestName = 60;

    /// <summary>The secret's name in the store of secrets.</summary>
    public string SecretName => $"anonymise-{Key}-epoch-{Epoch:D4}";

    /// <summary>Whether a key can have that name.</summary>
    public static bool IsName(string key) =>
        key.Length is > 0 and <= LongestName && key.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}

/// <summary>The keys of keyed operators, 32 bytes each. They come from the store of secrets.</summary>
public sealed class OperatorKeys
{
    private readonly Func<KeyUse, byte[]> find;

    /// <summary>Takes keys that were read.</summary>
    public OperatorKeys(IReadOnlyDictionary<KeyUse, byte[]> keys)
        : this(use => keys.TryGetValue(use, out var key)
            ? key
            : throw new InvalidOperationException($"The key '{use.Key}' of epoch {use.Epoch} was not read."))
    {
    }

    private OperatorKeys(Func<KeyUse, byte[]> find) => this.find = find;

    /// <summary>No keys: operators can be made and judged, and a keyed one fails where it runs.</summary>
    public static OperatorKeys None => new(new Dictionary<KeyUse, byte[]>());

    /// <summary>Random keys, for measuring what a policy leaves: equal values stay equal under any key.</summary>
    public static OperatorKeys Throwaway()
    {
        var made = new ConcurrentDictionary<KeyUse, byte[]>();
        return new OperatorKeys(use => made.GetOrAdd(use, _ => RandomNumberGenerator.GetBytes(32)));
    }

    internal byte[] Get(KeyUse use) => find(use);
}
