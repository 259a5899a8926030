namespace RetentionPipeline.Local.Endpoints.Cosmos;

/// <summary>What can be made to go wrong.</summary>
public enum GatewayFaultKind
{
    /// <summary>429 with the wait as time to come back; nothing was done.</summary>
    Throttled,

    /// <summary>503; nothing was done.</summary>
    Unavailable,

    /// <summary>The wait passes before the request is carried out.</summary>
    Slow,

    /// <summary>The request is carried out, then the connection is cut instead of answered.</summary>
    AnswerLost,
}

/// <summary>A fault for the next requests for items.</summary>
/// <param name="Times">For so many requests.</param>
/// <param name="Wait">How long to wait, by kind.</param>
/// <param name="Method">Only for this method (GET, POST, PUT, PATCH, DELETE); null for any.</param>
/// <param name="Percent">Of the requests that it is for it hits so many of a hundred, by chance.</param>
public sealed record GatewayFault(GatewayFaultKind Kind, int Times, TimeSpan Wait, string? Method, int Percent = 100);
