namespace RetentionPipeline.Core.Work;

/// <summary>
/// Named secrets: data keys, pseudonym keys by epoch. Key Vault on Azure, files of mode 0600 on one machine.
/// </summary>
public interface ISecretStore
{
    /// <summary>
    /// Returns the secret, making 32 random bytes the first time. Of several processes that make it at once one wins,
    /// and all get the same bytes.
    /// </summary>
    Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel);

    /// <summary>Null if it was never made or has been destroyed.</summary>
    Task<byte[]?> FindAsync(string name, CancellationToken cancel);
}
