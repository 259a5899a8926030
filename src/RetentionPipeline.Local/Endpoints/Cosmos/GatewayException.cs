namespace RetentionPipeline.Local.Endpoints.Cosmos;

/// <summary>An answer that is no success: its status and sub-status, as the service gives them.</summary>
internal sealed class GatewayException(int status, int subStatus, string message) : Exception(message)
{
    /// <summary>The owner (database, container) is missing, as against the item.</summary>
    public const int OwnerMissing = 1003;

    /// <summary>The partition was split.</summary>
    public const int RangeGone = 1002;

    public int Status => status;

    public int SubStatus => subStatus;

    /// <summary>When to come back; null if the answer does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public string Code => status switch
    {
        400 => "BadRequest",
        401 => "Unauthorized",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "Conflict",
        410 => "Gone",
        412 => "PreconditionFailed",
        413 => "RequestEntityTooLarge",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalServerError",
    };

    public static GatewayException BadRequest(string message) => new(400, 0, message);

    public static GatewayException NotHere(string what) => new(400, 0, $"This local gateway has no {what}.");

    public static GatewayException NotFound() => new(404, 0, "Resource Not Found.");

    public static GatewayException NoOwner() => new(404, OwnerMissing, "Owner resource does not exist.");

    public static GatewayException Conflict(string message) => new(409, 0, message);

    public static GatewayException Moved() => new(412, 0, "One of the specified pre-condition is not met.");

    public static GatewayException TooLarge() => new(413, 0, "Request size is too large.");

    public static GatewayException Gone() => new(410, RangeGone, "The partition key range is gone.");
}
