using Amqp;
using Amqp.Framing;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// <c>$cbs</c>: a connection that puts a good token may use all queues until it ends (AMQP claims-based security, draft).
/// </summary>
internal static class TokenNode
{
    private const int Accepted = 202;
    private const int BadRequest = 400;
    private const int Unauthorised = 401;

    /// <summary>Answers a request.</summary>
    public static Message Answer(Message request, ClientConnection connection, SasTokens tokens)
    {
        if (request.ApplicationProperties?["operation"] as string != "put-token")
        {
            return Status(BadRequest, "Only put-token is known here.");
        }

        if (!tokens.Accepts(request.Body as string))
        {
            return Status(Unauthorised, "The token is not a shared access signature by this endpoint's key, or it has ended.");
        }

        connection.MayUseQueues = true;
        return Status(Accepted, "Accepted");
    }

    private static Message Status(int code, string description) => new()
    {
        ApplicationProperties = new ApplicationProperties
        {
            ["status-code"] = code,
            ["status-description"] = description,
        },
    };
}
