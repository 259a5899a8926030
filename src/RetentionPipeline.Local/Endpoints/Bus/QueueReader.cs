using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>A receiver's link: messages go out on it, and what became of them comes back.</summary>
internal sealed class QueueReader(ListenerLink link, LinkCredit credit, string queue, MessageStore store, Action wake)
    : LinkEndpoint
{

    /// <summary>Whether the link is gone.</summary>
    public bool Closed => credit.Closed;

    /// <summary>How many it takes, whether it waits to hear that there are no more, and the flow that said so.</summary>
    public (int Left, bool Draining, int Flow) Wants() => credit.Read();

    /// <summary>Tells it that there are no more, as of that flow.</summary>
    public void EndDrain(int flow) => credit.EndDrain(flow);

    /// <summary>
    /// Sends a message that was taken for it. One that cannot be sent any more is given back, uncounted. A receiver that
    /// deletes as it receives gets it settled: it is gone as soon as it was sent.
    /// </summary>
    public async Task SendAsync(LockedMessage locked, DateTimeOffset now, CancellationToken cancel)
    {
        var encoded = WireMessage.Compose(locked.Message, locked.LockedUntil, now);
        if (!credit.TrySend(new LockedOutMessage(locked.Token), encoded))
        {
            await store.ReleaseAsync(queue, locked.Token, cancel);
        }
        else if (link.SettleOnSend)
        {
            await store.CompleteAsync(queue, locked.Token, cancel);
        }
    }

    /// <summary>Ends the link for a failure of ours.</summary>
    public Task FailAsync(Exception failure) => link.CloseAsync(TimeSpan.Zero, BusError.Of(failure));

    /// <inheritdoc/>
    public override void OnFlow(FlowContext flowContext)
    {
        credit.OnFlow(flowContext);
        wake();
    }

    /// <inheritdoc/>
    public override void OnDisposition(DispositionContext dispositionContext)
    {
        // When a link goes, the library calls each delivery released. Service Bus does not: a lock outlives the link.
        if (!Closed && dispositionContext.Message is LockedOutMessage locked && locked.BeginToSettle())
        {
            _ = SettleAsync(dispositionContext, locked.Token);
        }
    }

    /// <inheritdoc/>
    public override void OnLinkClosed(ListenerLink link, Error error) => wake();

    private async Task SettleAsync(DispositionContext context, Guid token)
    {
        Error? error = null;
        try
        {
            await SettleAsync(context.DeliveryState, token);
        }
        catch (Exception failure)
        {
            error = BusError.Of(failure);
        }

        wake();
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
            // The link went meanwhile: the client asks again and finds the lock gone.
        }
    }

    private Task SettleAsync(DeliveryState? outcome, Guid token) => outcome switch
    {
        Accepted => store.CompleteAsync(queue, token, CancellationToken.None),
        Released => store.ReleaseAsync(queue, token, CancellationToken.None),
        Modified { UndeliverableHere: true } => throw new BusRefusedException(
            ErrorCode.NotImplemented, "Messages cannot be deferred here."),
        Modified { MessageAnnotations.Count: > 0 } => throw new BusRefusedException(
            ErrorCode.NotImplemented, "The properties of a message cannot be changed here."),
        Modified => store.AbandonAsync(queue, token, CancellationToken.None),
        Rejected rejected => store.DeadLetterAsync(queue, token, DeadLetters.CauseOf(rejected.Error), CancellationToken.None),
        _ => throw new BusRefusedException(ErrorCode.NotImplemented, "This outcome is not known here."),
    };
}
