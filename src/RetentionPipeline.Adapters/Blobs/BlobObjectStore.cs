using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>The pipeline's objects as blobs of one container.</summary>
public sealed class BlobObjectStore(BlobContainerClient container) : IObjectStore
{
    /// <inheritdoc/>
    public async Task<StoredObject> WriteOnceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        var blob = container.GetBlobClient(name);
        while (true)
        {
            try
            {
                var options = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };
                var written = await blob.UploadAsync(BinaryData.FromBytes(content), options, cancel);
                return new StoredObject(content, written.Value.ETag.ToString());
            }
            catch (RequestFailedException taken) when (taken.Status is 409 or 412)
            {
                // Whatever code says it: what counts is what stands there. Deleted in between: write again.
                if (await ReadAsync(name, cancel) is { } stands)
                {
                    return stands;
                }
            }
        }
    }

    /// <inheritdoc/>
    public async Task<StoredObject?> ReadAsync(string name, CancellationToken cancel)
    {
        try
        {
            var read = await container.GetBlobClient(name).DownloadContentAsync(cancel);
            return new StoredObject(read.Value.Content.ToMemory(), read.Value.Details.ETag.ToString());
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<string?> ReplaceAsync(
        string name, ReadOnlyMemory<byte> content, string version, CancellationToken cancel)
    {
        try
        {
            var options = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfMatch = new ETag(version) } };
            var written = await container.GetBlobClient(name).UploadAsync(BinaryData.FromBytes(content), options, cancel);
            return written.Value.ETag.ToString();
        }
        catch (RequestFailedException moved) when (moved.Status is 404 or 409 or 412)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancel) =>
        container.GetBlobClient(name).DeleteIfExistsAsync(cancellationToken: cancel);

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var options = new GetBlobsOptions { Prefix = prefix };
        await foreach (var blob in container.GetBlobsAsync(options, cancel))
        {
            yield return blob.Name;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListSegmentsAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var options = new GetBlobsByHierarchyOptions { Prefix = prefix, Delimiter = "/" };
        await foreach (var item in container.GetBlobsByHierarchyAsync(options, cancel))
        {
            yield return (item.IsPrefix ? item.Prefix.TrimEnd('/') : item.Blob.Name)[prefix.Length..];
        }
    }
}
