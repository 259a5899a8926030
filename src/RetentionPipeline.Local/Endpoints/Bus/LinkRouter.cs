using System.Collections.Frozen;
using Amqp;
using Amqp.Framing;
using Amqp.Listener;
using Amqp.Types;
using RetentionPipeline.Adapters.Queues;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>Opens links: to a queue, its dead letters, their management, or <c>$cbs</c>. All else is refused by name.</summary>
internal sealed class LinkRouter : ILinkProcessor, IAsyncDisposable
{
    private const string SessionFilter = "com.microsoft:session-filter";
    private readonly ClientConnections connections;
    private readonly MessageStore store;
    private readonly IReadOnlyCollection<string> queues;
    private readonly TimeProvider time;
    private readonly SasTokens tokens;
    private readonly FrozenDictionary<string, QueueFeed> feeds;

    /// <summary>Starts a feed per queue and per dead-letter queue.</summary>
    public LinkRouter(MessageStore store, BusEndpointOptions options, SasTokens tokens, ClientConnections connections)
    {
        (this.store, this.tokens, this.connections) = (store, tokens, connections);
        time = options.Time ?? TimeProvider.System;
        queues = [.. options.Queues.Keys];
        feeds = queues.Concat(queues.Select(QueueNames.DeadLetterOf))
            .ToFrozenDictionary(queue => queue, queue => new QueueFeed(queue, store, time));
        var host = new ContainerHost(Array.Empty<Address>());
        host.RegisterLinkProcessor(this);
        Container = new RawContainer(host);
    }

    /// <summary>For listeners.</summary>
    public IContainer Container { get; }

    /// <inheritdoc/>
    public void Process(AttachContext attachContext)
    {
        try
        {
            Open(attachContext);
        }
        catch (BusRefusedException refused)
        {
            attachContext.Complete(BusError.Of(refused));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var feed in feeds.Values)
        {
            await feed.DisposeAsync();
        }
    }

    private void Open(AttachContext context)
    {
        var connection = connections.Of(context.Link.Session.Connection);
        var name = context.Attach.Role ? (context.Attach.Source as Source)?.Address : AddressOfTarget(context.Attach);
        var address = BusAddress.Find(name, queues)
            ?? throw new BusRefusedException(ErrorCode.NotFound, $"The messaging entity '{name}' could not be found.");
        if (address.Queue is null)
        {
            OpenRequests(context, connection, request => Task.FromResult(TokenNode.Answer(request, connection, tokens)));
            return;
        }

        if (!connection.MayUseQueues)
        {
            throw new BusRefusedException(ErrorCode.UnauthorizedAccess, "Put a token on $cbs first.");
        }

        if (address.IsManagement)
        {
            var node = new ManagementNode(address.Queue, store, time, feeds[address.Queue].Wake);
            OpenRequests(context, connection, node.AnswerAsync);
        }
        else if (context.Attach.Role)
        {
            OpenReader(context, connection, address.Queue);
        }
        else
        {
            OpenWriter(context, address.Queue);
        }
    }

    private void OpenReader(AttachContext context, ClientConnection connection, string queue)
    {
        if ((context.Attach.Source as Source)?.FilterSet?.ContainsKey(new Symbol(SessionFilter)) is true)
        {
            throw new BusRefusedException(ErrorCode.NotImplemented, "There are no sessions here.");
        }

        var feed = feeds[queue];
        var reader = new QueueReader(
            context.Link, new LinkCredit(context.Link, connection.Sending), queue, store, feed.Wake);
        feed.Add(reader);
        context.Complete(reader, 0);
    }

    private void OpenWriter(AttachContext context, string queue)
    {
        if (queue.EndsWith(BusAddress.DeadLetters, StringComparison.Ordinal))
        {
            throw new BusRefusedException(ErrorCode.NotAllowed, "Nobody sends to dead letters.");
        }

        context.Attach.MaxMessageSize = QueueWriter.MaxBytes;
        context.Complete(new QueueWriter(queue, store, feeds[queue].Wake), QueueWriter.Credit);
    }

    private static void OpenRequests(AttachContext context, ClientConnection connection, Func<Message, Task<Message>> answer)
    {
        if (!context.Attach.Role)
        {
            context.Complete(new RequestLink(connection, answer), RequestLink.Credit);
            return;
        }

        var responses = new ResponseLink(context.Link, connection);
        List<string?> names = [context.Attach.LinkName, (context.Attach.Target as Target)?.Address];
        foreach (var name in names.OfType<string>())
        {
            connection.Responses[name] = responses;
            context.Link.Closed += (_, _) => connection.Responses.TryRemove(new(name, responses));
        }

        context.Complete(responses, 0);
    }

    private static string? AddressOfTarget(Attach attach) => attach.Target is null or Target
        ? (attach.Target as Target)?.Address
        : throw new BusRefusedException(ErrorCode.NotImplemented, "There are no transactions here.");
}
