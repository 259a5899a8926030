using System.Security.Cryptography.X509Certificates;
using Amqp;
using Amqp.Framing;
using Amqp.Handler;
using Amqp.Listener;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>A message that came in, as its bytes.</summary>
internal sealed class RawMessage(byte[] bytes) : Message
{
    /// <summary>All its sections.</summary>
    public byte[] Bytes { get; } = bytes;
}

/// <summary>A message that goes out under a lock.</summary>
internal sealed class LockedOutMessage(Guid token) : Message
{
    private bool settling;

    /// <summary>The lock; its 16 bytes are the delivery's tag, by which SDKs settle.</summary>
    public Guid Token { get; } = token;

    /// <summary>True once: a client may name a delivery again while its first outcome is being written.</summary>
    public bool BeginToSettle() => !Interlocked.Exchange(ref settling, true);
}

/// <summary>The library's container, which hands links to the router; but messages stay bytes, so that none changes.</summary>
internal sealed class RawContainer(IContainer inner) : IContainer
{
    /// <inheritdoc/>
    public X509Certificate2 ServiceCertificate => inner.ServiceCertificate;

    /// <inheritdoc/>
    public IDictionary<string, TransportProvider> CustomTransports => inner.CustomTransports;

    /// <inheritdoc/>
    public Message CreateMessage(ByteBuffer buffer) =>
        new RawMessage(buffer.Buffer.AsSpan(buffer.Offset, buffer.Length).ToArray());

    /// <inheritdoc/>
    public Link CreateLink(ListenerConnection connection, ListenerSession session, Attach attach) =>
        inner.CreateLink(connection, session, attach);

    /// <inheritdoc/>
    public bool AttachLink(ListenerConnection connection, ListenerSession session, Link link, Attach attach) =>
        inner.AttachLink(connection, session, link, attach);
}

/// <summary>Gives deliveries the tag of their lock; the library counts them otherwise.</summary>
internal sealed class DeliveryTags : IHandler
{
    /// <summary>It keeps nothing.</summary>
    public static IHandler Handler => new DeliveryTags();

    /// <inheritdoc/>
    public bool CanHandle(EventId id) => id == EventId.SendDelivery;

    /// <inheritdoc/>
    public void Handle(Event protocolEvent)
    {
        if (protocolEvent.Context is IDelivery { Message: LockedOutMessage locked } delivery)
        {
            delivery.Tag = locked.Token.ToByteArray();
        }
    }
}
