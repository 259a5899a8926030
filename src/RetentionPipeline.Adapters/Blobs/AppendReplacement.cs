using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>
/// Puts a block blob in the place of a closed append blob, which takes no block list: the result is built under a temporary
/// name, and one Put Blob From URL under the ETag that was read copies it over, on the service's side. The blob is never
/// missing, and never half of one.
/// </summary>
internal sealed class AppendReplacement(BlobClients clients, BlobContainerClient reads, BlockBlobClient temporary)
{
    /// <summary>The most that one Put Blob From URL takes: 5,000 MiB.</summary>
    public const long Largest = 5_000L * 1024 * 1024;

    private static readonly TimeSpan Grant = TimeSpan.FromHours(1);
    private static readonly TimeSpan Closed = TimeSpan.FromDays(1);

    /// <summary>Sealed, or not appended to for a day by the service's clock: who appends still would lose lines.</summary>
    public static bool IsClosed(BlobProperties properties, DateTimeOffset now) =>
        properties.IsSealed || now - properties.LastModified >= Closed;

    /// <summary>The temporary blob, whole; false if it is too large for its way.</summary>
    public async Task<bool> BuildAsync(IReadOnlyList<string> blocks, CancellationToken cancel)
    {
        var onlyNew = new CommitBlockListOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };
        await temporary.CommitBlockListAsync(blocks, onlyNew, cancel);
        var made = await temporary.GetPropertiesAsync(cancellationToken: cancel);
        if (made.Value.ContentLength <= Largest)
        {
            return true;
        }

        await DropAsync(cancel);
        return false;
    }

    /// <summary>The act. What is left of the temporary blob after a failure goes with a later scan.</summary>
    public async Task<ETag> ReplaceAsync(
        BlockBlobClient acts, CommitBlockListOptions like, DateTimeOffset now, CancellationToken cancel)
    {
        var options = new BlobSyncUploadFromUriOptions
        {
            CopySourceBlobProperties = false,
            HttpHeaders = like.HttpHeaders,
            Metadata = like.Metadata,
            Tags = like.Tags,
            AccessTier = like.AccessTier,
            DestinationConditions = like.Conditions,
        };
        var source = await GrantAsync(now, cancel);
        try
        {
            return (await acts.SyncUploadFromUriAsync(source, options, cancel)).Value.ETag;
        }
        finally
        {
            await DropAsync(cancel);
        }
    }

    private async Task DropAsync(CancellationToken cancel)
    {
        try
        {
            await temporary.DeleteIfExistsAsync(cancellationToken: cancel);
        }
        catch (RequestFailedException)
        {
            // It goes with a later scan; what happened to the record must be told now.
        }
    }

    /// <summary>Reading the one blob for an hour: by the account's key, or by a key that the service gives the identity.</summary>
    private async Task<Uri> GrantAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var until = now + Grant;
        if (temporary.CanGenerateSasUri)
        {
            return temporary.GenerateSasUri(BlobSasPermissions.Read, until);
        }

        var key = await clients.Reads.GetUserDelegationKeyAsync(new BlobGetUserDelegationKeyOptions(until), cancel);
        var grant = new BlobSasBuilder(BlobSasPermissions.Read, until)
        {
            BlobContainerName = reads.Name,
            BlobName = temporary.Name,
            Resource = "b",
        };
        return temporary.GenerateUserDelegationSasUri(grant, key.Value);
    }
}
