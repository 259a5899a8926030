namespace RetentionPipeline.Core.Work;

/// <summary>
/// Named secrets: data keys, pseudonym keys by epoch. Key Vault on Azure, files of mode 0600 on one machine.
/// </summary>
public interface ISecretStore
{
    /// <summary>
    /// Returns the secret, making 32 random bytes the first time. Of several processes that make it at once one wins,
    /// and all get the same bytes. Throws <see cref="SecretRefusedException"/> for one that is there and cannot be used.
    /// </summary>
    Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel);

    /// <summary>Null if it was never made or has been destroyed. Throws as <see cref="GetOrCreateAsync"/> does.</summary>
    Task<byte[]?> FindAsync(string name, CancellationToken cancel);
}

/// <summary>
/// A secret that is there and cannot be used. It is not made anew: what was sealed under it would stay shut for ever.
/// </summary>
public sealed class SecretRefusedException(string name, string why)
    : Exception($"The secret '{name}' cannot be used: {why}. Recover, enable or restore it; a new one would open nothing.");
