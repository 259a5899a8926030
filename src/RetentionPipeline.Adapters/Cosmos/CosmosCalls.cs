using System.Globalization;
using System.Net;
using Microsoft.Azure.Cosmos;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Adapters.Cosmos;

/// <summary>An answer of the service that is no success.</summary>
internal sealed class CosmosRefusalException(HttpStatusCode status, int subStatus) : Exception("The service refused.")
{
    public HttpStatusCode Status => status;

    public int SubStatus => subStatus;
}

/// <summary>
/// Turns the SDK's failures into the contract's. Its exceptions and diagnostics quote addresses, which hold ids: they never
/// leave this place.
/// </summary>
internal static class CosmosCalls
{
    private const int OwnerMissing = 1003;

    public static async Task<T> ReadAsync<T>(string store, DatasetLocation location, Func<Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call();
        }
        catch (CosmosRefusalException refused)
        {
            throw Wrap(store, location, refused.Status, refused.SubStatus);
        }
        catch (CosmosException failed)
        {
            throw Wrap(store, location, failed.StatusCode, failed.SubStatusCode);
        }
        catch (Exception silent) when (silent is HttpRequestException or NoAnswerException)
        {
            throw Wrap(store, location, 0, 0);
        }
        catch (OperationCanceledException)
        {
            // The SDK's own exception of this kind carries its diagnostics; it also ends calls that took too long.
            cancel.ThrowIfCancellationRequested();
            throw Wrap(store, location, HttpStatusCode.RequestTimeout, 0);
        }
    }

    /// <summary>An answer that says what happened becomes a result; everything else is thrown: nothing is known then.</summary>
    public static Task<ActResult> ActAsync(
        string store, DatasetLocation location, Func<Task<ResponseMessage>> act, CancellationToken cancel) =>
        ReadAsync<ActResult>(store, location, async () =>
        {
            try
            {
                using var response = await act();
                return Result(response);
            }
            catch (ThrottledAttemptException throttled)
            {
                return new ActResult.Throttled(throttled.RetryAfter);
            }
        }, cancel);

    public static void Check(ResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw Refusal(response);
        }
    }

    /// <summary>The record itself is missing, as against its container or the session's copy of it.</summary>
    public static bool IsMissing(ResponseMessage response) => response.StatusCode == HttpStatusCode.NotFound && SubStatus(response) == 0;

    private static ActResult Result(ResponseMessage response) => (response.StatusCode, SubStatus(response)) switch
    {
        (HttpStatusCode.OK or HttpStatusCode.NoContent, _) =>
            new ActResult.Done(response.StatusCode == HttpStatusCode.OK ? response.Headers.ETag : null),
        (HttpStatusCode.NotFound, 0) => new ActResult.NotFound(),
        (HttpStatusCode.PreconditionFailed, _) => new ActResult.VersionMismatch(),
        (HttpStatusCode.RequestEntityTooLarge, _) => new ActResult.Refused(RefusalReasons.TooLarge),
        (HttpStatusCode.Unauthorized, _) => new ActResult.Refused(RefusalReasons.Forbidden),

        // 3 and 1008: the region takes no writes now, the account is being moved.
        (HttpStatusCode.Forbidden, not (3 or 1008)) => new ActResult.Refused(RefusalReasons.Forbidden),
        _ => throw Refusal(response),
    };

    private static CosmosRefusalException Refusal(ResponseMessage response) => new(response.StatusCode, SubStatus(response));

    private static int SubStatus(ResponseMessage response) =>
        int.TryParse(response.Headers["x-ms-substatus"], NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static Exception Wrap(string store, DatasetLocation location, HttpStatusCode status, int subStatus) => status switch
    {
        0 or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Unavailable(store, location, status, subStatus),
        HttpStatusCode.NotFound when subStatus is 0 or OwnerMissing => Unavailable(store, location, status, subStatus),
        _ => new StoreCallException(
            store, location.Dataset, (int)status, "sub-status " + subStatus.ToString(CultureInfo.InvariantCulture)),
    };

    private static StoreUnavailableException Unavailable(string store, DatasetLocation location, HttpStatusCode status, int subStatus) =>
        new(store, $"dataset '{location.Dataset}' answered with status {(int)status}, {(status == 0 ? "no answer" : FormattableString.Invariant($"sub-status {subStatus}"))}.");
}
