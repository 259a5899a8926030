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

    /// <summary>
    /// Destroys a secret, all versions of it: deletes it and purges it from wherever deleted ones are kept. Says what is
    /// left: <see cref="SecretEnd.Gone"/> only where it was looked for afterwards, and nobody can recover it. One that is
    /// gone, or was never there, is gone. To be repeated until then; while it can be recovered nobody is given it.
    /// </summary>
    Task<SecretEnd> DestroyAsync(string name, CancellationToken cancel);
}

/// <summary>What is left of a secret that was destroyed.</summary>
public abstract record SecretEnd
{
    private SecretEnd()
    {
    }

    /// <summary>Nothing, anywhere.</summary>
    public sealed record Gone : SecretEnd;

    /// <summary>It is deleted, and its keeper lets nobody purge it before its time.</summary>
    /// <param name="Until">Until when it can be recovered; null where its keeper does not say.</param>
    public sealed record Recoverable(DateTimeOffset? Until) : SecretEnd;
}

/// <summary>
/// A secret that is there and cannot be used. It is not made anew: what was sealed under it would stay shut for ever.
/// </summary>
public sealed class SecretRefusedException(string name, string why)
    : Exception($"The secret '{name}' cannot be used: {why}. Recover, enable or restore it; a new one would open nothing.")
{
    /// <summary>Why, in a few words.</summary>
    public string Why { get; } = why;
}
