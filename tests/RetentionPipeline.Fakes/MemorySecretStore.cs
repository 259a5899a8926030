using System.Collections.Concurrent;
using System.Security.Cryptography;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Secrets in memory, under the fault switch.</summary>
public sealed class MemorySecretStore(Faults faults) : ISecretStore
{
    private readonly ConcurrentDictionary<string, byte[]> secrets = new(StringComparer.Ordinal);

    /// <summary>The secret goes for good.</summary>
    public void Destroy(string name) => secrets.TryRemove(name, out _);

    /// <inheritdoc/>
    public Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel) =>
        Task.FromResult(faults.Run("secrets.get", () => secrets.GetOrAdd(name, _ => RandomNumberGenerator.GetBytes(32))));

    /// <inheritdoc/>
    public Task<byte[]?> FindAsync(string name, CancellationToken cancel) =>
        Task.FromResult(faults.Run("secrets.get", () => secrets.GetValueOrDefault(name)));
}
