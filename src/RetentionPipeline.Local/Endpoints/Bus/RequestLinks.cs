using Amqp;
using Amqp.Framing;
using Amqp.Listener;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>A link on which requests come in.</summary>
/// <param name="connection">Whose it is.</param>
/// <param name="answer">Makes the response; it does not throw.</param>
internal sealed class RequestLink(ClientConnection connection, Func<Message, Task<Message>> answer) : LinkEndpoint
{
    /// <summary>How many requests may be under way.</summary>
    public const int Credit = 100;

    /// <inheritdoc/>
    public override void OnMessage(MessageContext messageContext)
    {
        var bytes = ((RawMessage)messageContext.Message).Bytes;
        var request = Message.Decode(new ByteBuffer(bytes, 0, bytes.Length, bytes.Length));
        if (request.Properties?.ReplyTo is { } replyTo && connection.Responses.TryGetValue(replyTo, out var responses))
        {
            messageContext.Complete();
            _ = AnswerAsync(request, responses);
        }
        else
        {
            messageContext.Complete(new Error(ErrorCode.NotFound) { Description = "No link awaits the answer." });
        }
    }

    /// <inheritdoc/>
    public override void OnFlow(FlowContext flowContext)
    {
        // A sender tells how many it has left; that changes nothing here.
    }

    /// <inheritdoc/>
    public override void OnDisposition(DispositionContext dispositionContext)
    {
        // Requests were settled by us.
    }

    private async Task AnswerAsync(Message request, ResponseLink responses)
    {
        var response = await answer(request);
        response.Properties = new Properties();
        response.Properties.SetCorrelationId(request.Properties.GetMessageId());
        responses.Send(response);
    }
}

/// <summary>A link on which answers go out, as fast as its receiver takes them.</summary>
internal sealed class ResponseLink(ListenerLink link, ClientConnection connection) : LinkEndpoint
{
    private readonly LinkCredit credit = new(link, connection.Sending);
    private readonly Lock gate = new();
    private readonly Queue<Message> waiting = new();

    /// <summary>Sends it now or when there is credit.</summary>
    public void Send(Message response)
    {
        lock (gate)
        {
            waiting.Enqueue(response);
            SendWaiting();
        }
    }

    /// <inheritdoc/>
    public override void OnFlow(FlowContext flowContext)
    {
        credit.OnFlow(flowContext);
        lock (gate)
        {
            SendWaiting();
        }
    }

    /// <inheritdoc/>
    public override void OnDisposition(DispositionContext dispositionContext)
    {
        if (!credit.Closed)
        {
            dispositionContext.Complete();
        }
    }

    private void SendWaiting()
    {
        while (waiting.TryPeek(out var next) && credit.TrySend(next, next.Encode()))
        {
            waiting.Dequeue();
        }

        var (_, draining, flow) = credit.Read();
        if (draining && waiting.Count == 0)
        {
            credit.EndDrain(flow);
        }
    }
}
