using Azure;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters;

/// <summary>A call to a store failed for a reason that may pass. Names the store and the service's code, nothing else.</summary>
public sealed class StoreCallException(string store, string dataset, int status, string? code)
    : Exception($"A call to store '{store}' for dataset '{dataset}' failed: status {status}, {code ?? "no code"}.");

/// <summary>
/// Turns the SDKs' failures into the contract's. Their exceptions quote requests and responses, which hold keys: they
/// never leave this place.
/// </summary>
internal static class StoreCalls
{
    public static async Task<T> ReadAsync<T>(string store, DatasetLocation location, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RequestFailedException failed)
        {
            throw Wrap(store, location, failed);
        }
        catch (AggregateException failed) when (failed.InnerExceptions.OfType<RequestFailedException>().FirstOrDefault() is { } last)
        {
            throw Wrap(store, location, last);
        }
    }

    /// <summary>An answer that says what happened becomes a result; everything else is thrown: nothing is known then.</summary>
    public static async Task<ActResult> ActAsync(string store, DatasetLocation location, Func<Task<ActResult>> act)
    {
        try
        {
            return await act();
        }
        catch (RequestFailedException failed)
        {
            return Result(failed) ?? throw Wrap(store, location, failed);
        }
    }

    public static ActResult? Result(RequestFailedException failed) => (failed.Status, failed.ErrorCode) switch
    {
        (404, "TableNotFound" or "ContainerNotFound") => null,
        (404, _) => new ActResult.NotFound(),
        (412, "LeaseIdMissing" or "LeaseIdMismatchWithBlobOperation") => new ActResult.Refused(RefusalReasons.Leased),
        (412, _) => new ActResult.VersionMismatch(),
        (409, "BlobArchived" or "BlobBeingRehydrated") => new ActResult.Refused(RefusalReasons.Archived),
        (409, "BlobImmutableDueToPolicy") => new ActResult.Refused(RefusalReasons.Immutable),
        (409, "SnapshotsPresent") => new ActResult.Refused(RefusalReasons.HasSnapshots),
        (409, "InvalidBlobType") => new ActResult.Refused(RefusalReasons.AppendBlob),
        (413, _) => new ActResult.Refused(RefusalReasons.TooLarge),
        (401 or 403, _) => new ActResult.Refused(RefusalReasons.Forbidden),
        (429, _) or (503, "ServerBusy") => new ActResult.Throttled(RetryAfter(failed)),
        _ => null,
    };

    private static TimeSpan? RetryAfter(RequestFailedException failed) =>
        failed.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var text) == true
        && int.TryParse(text, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static Exception Wrap(string store, DatasetLocation location, RequestFailedException failed) =>
        failed.Status is 0 or 401 or 403 or 404
            ? new StoreUnavailableException(store, $"dataset '{location.Dataset}' answered with status {failed.Status}, {failed.ErrorCode ?? "no answer"}.")
            : new StoreCallException(store, location.Dataset, failed.Status, failed.ErrorCode);
}
