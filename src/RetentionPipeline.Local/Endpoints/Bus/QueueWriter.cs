using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>A sender's link. A message, or a batch as a whole, is accepted when it is durable.</summary>
internal sealed class QueueWriter(string queue, MessageStore store, Action wake) : LinkEndpoint
{
    /// <summary>How many transfers a sender may have under way.</summary>
    public const int Credit = 500;

    /// <summary>Bytes of a transfer, as on Service Bus's standard tier.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <inheritdoc/>
    public override void OnMessage(MessageContext messageContext) => _ = StoreAsync(messageContext);

    /// <inheritdoc/>
    public override void OnFlow(FlowContext flowContext)
    {
        // A sender tells how many it has left; that changes nothing here.
    }

    /// <inheritdoc/>
    public override void OnDisposition(DispositionContext dispositionContext)
    {
        // What is stored was settled by us.
    }

    private async Task StoreAsync(MessageContext context)
    {
        Error? error = null;
        try
        {
            await store.SendAsync(queue, Read(context.Message), CancellationToken.None);
            wake();
        }
        catch (Exception failure)
        {
            error = BusError.Of(failure);
        }

        try
        {
            if (error is null)
            {
                context.Complete();
            }
            else
            {
                context.Complete(error);
            }
        }
        catch (AmqpException)
        {
            // The link went meanwhile: the client sends again, with the same id if it has one.
        }
    }

    private static IReadOnlyList<MessageToStore> Read(Message message)
    {
        var bytes = ((RawMessage)message).Bytes;
        CheckSize(bytes.Length);
        return [.. WireMessage.Read(bytes, message.Format).Select(wire => wire.ToStore())];
    }

    /// <summary>Refuses what is too large.</summary>
    public static void CheckSize(int bytes)
    {
        if (bytes > MaxBytes)
        {
            throw new BusRefusedException(
                ErrorCode.MessageSizeExceeded, $"The message has {bytes} bytes; {MaxBytes} are allowed.");
        }
    }
}
