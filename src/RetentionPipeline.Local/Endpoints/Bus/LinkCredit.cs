using Amqp;
using Amqp.Listener;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// What a receiver still takes on a link that we send on. The library keeps a count too, but sets it to zero on each flow
/// that grants nothing new, a drain above all; so this is the count, and the library's is put right after each such flow.
/// To look whether there is credit and to send is one step.
/// </summary>
internal sealed class LinkCredit
{
    private readonly Lock gate;
    private readonly ListenerLink link;
    private int left;
    private bool draining;
    private int flows;
    private volatile bool closed;

    /// <summary>Starts at none; ends with the link.</summary>
    /// <param name="link">The link.</param>
    /// <param name="sending">Its connection's.</param>
    public LinkCredit(ListenerLink link, Lock sending)
    {
        (this.link, gate) = (link, sending);
        link.Closed += (_, _) => closed = true;
    }

    /// <summary>Whether the link is gone.</summary>
    public bool Closed => closed;

    /// <summary>
    /// How many may be sent, whether the receiver waits to hear that there are no more, and the flow that said so.
    /// </summary>
    public (int Left, bool Draining, int Flow) Read()
    {
        lock (gate)
        {
            return closed ? (0, false, flows) : (left, draining, flows);
        }
    }

    /// <summary>Takes note of a flow.</summary>
    public void OnFlow(FlowContext flow)
    {
        lock (gate)
        {
            flows++;
            left = Math.Max(0, left + flow.Messages);
            draining = link.IsDraining;
            if (flow.Messages <= 0)
            {
                Set(left, drained: false);
            }
        }
    }

    /// <summary>Sends, if there is credit. False if there is none, or no longer a link.</summary>
    public bool TrySend(Message message, ByteBuffer encoded)
    {
        lock (gate)
        {
            if (closed || left == 0)
            {
                return false;
            }

            try
            {
                link.SendMessage(message, encoded);
                left--;
                return true;
            }
            catch (AmqpException)
            {
                // It is being closed.
                return false;
            }
        }
    }

    /// <summary>
    /// Ends a drain: what credit is left is void, and the receiver hears so by a flow that says drain and zero (the
    /// library's own answer leaves the word out, and the JavaScript SDK waits for it). Does nothing if another flow came
    /// after that one: what it asks for was not looked for yet.
    /// </summary>
    public void EndDrain(int flow)
    {
        lock (gate)
        {
            if (draining && flow == flows)
            {
                (left, draining) = (0, false);
                Set(0, drained: true);
            }
        }
    }

    private void Set(int credit, bool drained)
    {
        if (!closed)
        {
            try
            {
                link.SetCredit(credit, drained, autoRestore: false);
            }
            catch (AmqpException)
            {
                // It is being closed.
            }
        }
    }
}
