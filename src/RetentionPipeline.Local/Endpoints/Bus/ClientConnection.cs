using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Amqp;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>What is known of one client's connection.</summary>
internal sealed class ClientConnection
{
    private volatile bool mayUseQueues;

    /// <summary>
    /// Held while deliveries are handed to the library, and once before bytes go out; so an answer to a delivery cannot
    /// come before the library has counted it. It counts after it has written, and the .NET SDK's window of 2³²-1 turns to
    /// zero where the client is one ahead: the session would send nothing until the client's next word.
    /// </summary>
    public Lock Sending { get; } = new();

    /// <summary>Whether it showed a good token.</summary>
    public bool MayUseQueues
    {
        get => mayUseQueues;
        set => mayUseQueues = value;
    }

    /// <summary>Where answers go, by what requests call it: a link's target address, or its name.</summary>
    public ConcurrentDictionary<string, ResponseLink> Responses { get; } = new(StringComparer.Ordinal);
}

/// <summary>The connections that are open.</summary>
internal sealed class ClientConnections
{
    private readonly ConditionalWeakTable<Connection, ClientConnection> known = [];

    /// <summary>The one, made when it is first asked for.</summary>
    public ClientConnection Of(Connection connection) => known.GetValue(connection, _ => new ClientConnection());
}
