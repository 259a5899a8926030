using System.Globalization;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace RetentionPipeline.Adapters.Blobs;

/// <summary>
/// Blobs that a rewrite makes on the way. Their names tell when, by the service's clock, and are nobody's record. One that
/// a killed process left goes with a scan a day later: no rewrite takes so long.
/// </summary>
internal static class TemporaryBlobs
{
    private const string Prefix = ".retention-tmp/";
    private const string TimeForm = "yyyyMMdd'T'HHmmss";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static bool IsOne(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    public static string NewName(DateTimeOffset now) =>
        $"{Prefix}{now.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";

    /// <summary>Removes what no rewrite can still need.</summary>
    public static async Task SweepAsync(BlobContainerClient container, DateTimeOffset now, CancellationToken cancel)
    {
        await foreach (var blob in container.GetBlobsAsync(new GetBlobsOptions { Prefix = Prefix }, cancel))
        {
            var made = blob.Name.AsSpan(Prefix.Length);
            if (made.Length > 15 && DateTime.TryParseExact(
                made[..15], TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
                && now.UtcDateTime - at > Longest)
            {
                await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancel);
            }
        }
    }
}
