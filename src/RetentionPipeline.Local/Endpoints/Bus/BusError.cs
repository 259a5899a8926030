using Amqp;
using Amqp.Framing;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>A request that is refused.</summary>
/// <param name="condition">The AMQP condition that SDKs map to their reasons.</param>
/// <param name="message">For people.</param>
internal sealed class BusRefusedException(string condition, string message) : Exception(message)
{
    /// <summary>The AMQP condition.</summary>
    public string Condition { get; } = condition;
}

/// <summary>Failures as Service Bus words them.</summary>
internal static class BusError
{
    /// <summary>The lock is gone.</summary>
    public const string LockLost = "com.microsoft:message-lock-lost";

    /// <summary>There is no such message.</summary>
    public const string MessageNotFound = "com.microsoft:message-not-found";

    /// <summary>The request lacks something.</summary>
    public const string Argument = "com.microsoft:argument-error";

    /// <summary>The error to send.</summary>
    public static Error Of(Exception failure)
    {
        var condition = failure switch
        {
            MessageLockLostException => LockLost,
            BusRefusedException refused => refused.Condition,
            InvalidOperationException => ErrorCode.NotAllowed,
            AmqpException amqp => (string)amqp.Error.Condition,
            _ => ErrorCode.InternalError,
        };
        return new Error(condition) { Description = failure.Message };
    }

    /// <summary>The status of a response on <c>$management</c>, in the numbers of HTTP.</summary>
    public static int StatusOf(Error error) => (string)error.Condition switch
    {
        LockLost => 410,
        MessageNotFound or ErrorCode.NotFound => 404,
        Argument => 400,
        ErrorCode.NotAllowed => 403,
        ErrorCode.MessageSizeExceeded => 413,
        ErrorCode.NotImplemented => 501,
        _ => 500,
    };
}
