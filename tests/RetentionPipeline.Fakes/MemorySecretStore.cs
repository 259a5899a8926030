using System.Collections.Concurrent;
using System.Security.Cryptography;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Secrets in memory, under the fault switch.</summary>
public sealed class MemorySecretStore(Faults faults) : ISecretStore
{
    private readonly ConcurrentDictionary<string, byte[]> secrets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> kept = new(StringComparer.Ordinal);

    /// <summary>Until when what is destroyed now can be recovered; null: it is gone at once.</summary>
    public DateTimeOffset? Keeps { get; set; }

    /// <summary>Whether it says no more until when a kept one can be recovered.</summary>
    public bool HidesUntil { get; set; }

    /// <summary>Names of what is there, deleted or not.</summary>
    public IReadOnlyList<string> Names => [.. secrets.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The secret goes for good.</summary>
    public void Destroy(string name)
    {
        secrets.TryRemove(name, out _);
        kept.TryRemove(name, out _);
    }

    /// <inheritdoc/>
    public Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel) => Task.FromResult(
        faults.Run("secrets.get", () => Given(name, secrets.GetOrAdd(name, _ => RandomNumberGenerator.GetBytes(32)))!));

    /// <inheritdoc/>
    public Task<byte[]?> FindAsync(string name, CancellationToken cancel) =>
        Task.FromResult(faults.Run("secrets.get", () => Given(name, secrets.GetValueOrDefault(name))));

    /// <inheritdoc/>
    public Task<SecretEnd> DestroyAsync(string name, CancellationToken cancel) => Task.FromResult(faults.Run<SecretEnd>("secrets.destroy", () =>
    {
        if (secrets.ContainsKey(name) && Keeps is { } until)
        {
            return new SecretEnd.Recoverable(HidesUntil ? null : kept.GetOrAdd(name, until));
        }

        Destroy(name);
        return new SecretEnd.Gone();
    }));

    private byte[]? Given(string name, byte[]? secret) =>
        kept.ContainsKey(name) ? throw new SecretRefusedException(name, "it was deleted") : secret;
}
