namespace RetentionPipeline.Core.Work;

/// <summary>
/// The pipeline's own objects: plans, batches, openings, results, attempts. Names are ids of work and never hold
/// anything personal; contents that do are encrypted by the caller. Implementations are safe for concurrent use by any
/// number of processes, strongly consistent, and durable when the task ends. Every member may throw for a transient
/// reason; then a write may or may not have happened, and repeating it is always right.
/// </summary>
public interface IObjectStore
{
    /// <summary>
    /// Writes an object that must be the same the second time. Returns what stands under that name afterwards: the
    /// caller's own bytes, or those of whoever came first.
    /// </summary>
    Task<StoredObject> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Null if there is no object of that name.</summary>
    Task<StoredObject?> ReadAsync(string name, CancellationToken cancel);

    /// <summary>
    /// Replaces an object that is still at <paramref name="version"/>. Returns the new version, or null where it was
    /// not (or is gone); nothing was written then.
    /// </summary>
    Task<string?> ReplaceAsync(
        string name, ReadOnlyMemory<byte> content, string version, CancellationToken cancel);

    /// <summary>Deletes an object; one that is gone already is no error.</summary>
    Task DeleteAsync(string name, CancellationToken cancel);

    /// <summary>The names that begin with <paramref name="prefix"/>, in ordinal order.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>
    /// The distinct next segments (up to '/', without it) below <paramref name="prefix"/>, in ordinal order: the scans
    /// below <c>scans/</c> without reading the names of their batches.
    /// </summary>
    IAsyncEnumerable<string> ListSegmentsAsync(string prefix, CancellationToken cancel);
}

/// <summary>An object as it stands.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Version">For <see cref="IObjectStore.ReplaceAsync"/>; opaque.</param>
public sealed record StoredObject(ReadOnlyMemory<byte> Content, string Version);
