using Amqp;
using Amqp.Framing;
using Amqp.Types;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>Why a receiver declared a message dead.</summary>
internal static class DeadLetters
{
    private const string Reason = "DeadLetterReason";
    private const string Description = "DeadLetterErrorDescription";

    /// <summary>Reads the error of a rejection.</summary>
    public static DeadLetterCause CauseOf(Error? error)
    {
        if (error?.Info?.Keys.Any(key => key.ToString() is not (Reason or Description)) is true)
        {
            throw new BusRefusedException(
                ErrorCode.NotImplemented, "The properties of a message cannot be changed here.");
        }

        return Cause(Field(error?.Info, Reason), Field(error?.Info, Description) ?? error?.Description);
    }

    /// <summary>With a reason, as a dead letter always has one here.</summary>
    public static DeadLetterCause Cause(string? reason, string? description) =>
        new(reason ?? "Rejected", string.IsNullOrEmpty(description) ? null : description);

    /// <summary>AMQP wants symbols for keys; the JavaScript SDK writes strings, which the library's indexer refuses.</summary>
    private static string? Field(Fields? info, string name) =>
        info?.FirstOrDefault(field => field.Key.ToString() == name).Value as string;
}
