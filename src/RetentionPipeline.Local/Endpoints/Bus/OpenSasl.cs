using Amqp;
using Amqp.Sasl;
using Amqp.Types;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// Lets everybody through, as Service Bus does: who may do what is decided by the token on <c>$cbs</c>.
/// </summary>
internal sealed class OpenSasl(string mechanism, ClientConnections connections) : SaslProfile(new Symbol(mechanism))
{
    /// <summary>What the SDKs ask for.</summary>
    public static readonly IReadOnlyList<string> Mechanisms = ["MSSBCBS", "ANONYMOUS"];

    /// <inheritdoc/>
    protected override ITransport UpgradeTransport(ITransport transport) =>
        new PatientTransport((IAsyncTransport)transport, connections);

    /// <inheritdoc/>
    protected override DescribedList GetStartCommand(string hostname) =>
        throw new InvalidOperationException("It is the server's side alone.");

    /// <inheritdoc/>
    protected override DescribedList OnCommand(DescribedList command) => new SaslOutcome { Code = SaslCode.Ok };
}

/// <summary>
/// Waits with what we send for two things. For the client's AMQP header: the library sends ours right behind the SASL
/// outcome, and where both arrive in one read, the JavaScript SDK takes the header for another SASL frame and waits for
/// ever. And for <see cref="ClientConnection.Sending"/>.
/// </summary>
internal sealed class PatientTransport(IAsyncTransport inner, ClientConnections connections) : IAsyncTransport
{
    private readonly TaskCompletionSource clientSpoke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClientConnection? client;

    /// <inheritdoc/>
    public void SetConnection(Connection connection)
    {
        client = connections.Of(connection);
        inner.SetConnection(connection);
    }

    /// <inheritdoc/>
    public async Task SendAsync(IList<ByteBuffer> bufferList, int listSize)
    {
        // Off the thread that may hold the lock.
        await clientSpoke.Task.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        client?.Sending.Enter();
        client?.Sending.Exit();
        await inner.SendAsync(bufferList, listSize);
    }

    /// <inheritdoc/>
    public async Task<int> ReceiveAsync(byte[] buffer, int offset, int count)
    {
        try
        {
            return await inner.ReceiveAsync(buffer, offset, count);
        }
        finally
        {
            clientSpoke.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public void Send(ByteBuffer buffer) => inner.Send(buffer);

    /// <inheritdoc/>
    public int Receive(byte[] buffer, int offset, int count) => inner.Receive(buffer, offset, count);

    /// <inheritdoc/>
    public void Close()
    {
        clientSpoke.TrySetResult();
        inner.Close();
    }
}
