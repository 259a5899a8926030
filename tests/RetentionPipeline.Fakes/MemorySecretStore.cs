using System.Collections.Concurrent;
using System.Security.Cryptography;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Secrets in memory, under the fault switch.</summary>
public sealed class MemorySecretStore(Faults faults) : ISecretStore
{
    private readonly ConcurrentDictionary<string, byte[]> secrets = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<byte[]> GetOrCreateAsync(string name, CancellationToken cancel) =>
        Task.FromResult(faults.Run("secrets.get", () => secrets.GetOrAdd(name, _ => RandomNumberGenerator.GetBytes(32))));

    /// <inheritdoc/>
    public Task<byte[]?> FindAsync(string name, CancellationToken cancel) =>
        Task.FromResult(faults.Run("secrets.get", () => secrets.GetValueOrDefault(name)));
}
