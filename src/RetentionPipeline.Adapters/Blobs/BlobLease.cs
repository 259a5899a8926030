using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>The integrator's turn as a lease on a blob: 15 seconds, the shortest there is, taken again every 5.</summary>
public sealed class BlobLease(BlobContainerClient edge, TimeProvider time) : ILedgerLease
{
    private const string Name = "integrator";
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(5);

    private readonly string id = new Guid(RandomNumberGenerator.GetBytes(16)).ToString();
    private long? takenAt;

    /// <inheritdoc/>
    public async Task<bool> TryHoldAsync(CancellationToken cancel)
    {
        if (takenAt is { } taken && time.GetElapsedTime(taken) < RenewAfter)
        {
            return true;
        }

        var blob = edge.GetBlobClient(Name);
        while (true)
        {
            var asked = time.GetTimestamp();
            try
            {
                // Under the id that has it already this is a renewal.
                await blob.GetBlobLeaseClient(id).AcquireAsync(Length, cancellationToken: cancel);
                takenAt = asked;
                return true;
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
            {
                await CreateAsync(blob, cancel);
            }
            catch (RequestFailedException others) when (others.Status == 409)
            {
                takenAt = null;
                return false;
            }
        }
    }

    private static async Task CreateAsync(BlobClient blob, CancellationToken cancel)
    {
        try
        {
            var options = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };
            await blob.UploadAsync(BinaryData.Empty, options, cancel);
        }
        catch (RequestFailedException exists) when (exists.Status is 409 or 412)
        {
            // Somebody else made it.
        }
    }
}
