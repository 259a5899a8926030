using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Fakes;

/// <summary>Objects in memory, under the fault switch.</summary>
public sealed class MemoryObjectStore(Faults faults) : IObjectStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, StoredObject> objects = new(StringComparer.Ordinal);
    private long versions;

    /// <summary>What stands, for assertions.</summary>
    public IReadOnlyDictionary<string, byte[]> Snapshot()
    {
        lock (gate)
        {
            return objects.ToDictionary(pair => pair.Key, pair => pair.Value.Content.ToArray());
        }
    }

    /// <inheritdoc/>
    public Task<StoredObject> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) =>
        Call("objects.write-once", cancel, () =>
        {
            if (!objects.TryGetValue(name, out var stands))
            {
                objects[name] = stands = Make(content);
            }

            return stands;
        });

    /// <inheritdoc/>
    public Task<StoredObject?> ReadAsync(string name, CancellationToken cancel) =>
        Call("objects.read", cancel, () => objects.GetValueOrDefault(name));

    /// <inheritdoc/>
    public Task<string?> ReplaceAsync(
        string name, ReadOnlyMemory<byte> content, string version, CancellationToken cancel) =>
        Call("objects.replace", cancel, () =>
        {
            if (!objects.TryGetValue(name, out var stands) || stands.Version != version)
            {
                return null;
            }

            objects[name] = Make(content);
            return objects[name].Version;
        });

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancel) =>
        Call("objects.delete", cancel, () => objects.Remove(name));

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var names = await Call("objects.list", cancel, () => Names(prefix));
        foreach (var name in names)
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListSegmentsAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var names = await Call("objects.list", cancel, () => Names(prefix));
        foreach (var segment in names.Select(name => name[prefix.Length..].Split('/')[0]).Distinct())
        {
            yield return segment;
        }
    }

    private List<string> Names(string prefix) =>
        [.. objects.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];

    private StoredObject Make(ReadOnlyMemory<byte> content) =>
        new(content.ToArray(), (++versions).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private Task<T> Call<T>(string call, CancellationToken cancel, Func<T> effect)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult(faults.Run(call, () =>
        {
            lock (gate)
            {
                return effect();
            }
        }));
    }
}
