using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;

namespace RetentionPipeline.Adapters.Pump;

/// <summary>Takes a message to the handler of its queue. The handlers' verdicts are the return and the exceptions.</summary>
public sealed class MessageRouter(
    SliceHandler slices, EraseHandler operations, RequestHandler requests, DeadLetterDrain drain)
{
    /// <summary>Every queue of the pipeline's own that is received from.</summary>
    public static IReadOnlyList<string> Queues { get; } =
    [
        QueueNames.Slices, QueueNames.Operations,
        QueueNames.DeadLetterOf(QueueNames.Slices), QueueNames.DeadLetterOf(QueueNames.Operations),
    ];

    /// <summary>The entrances of the sources, by the policy in force.</summary>
    public Task<IReadOnlyList<string>> RequestQueuesAsync(CancellationToken cancel) => requests.QueuesAsync(cancel);

    /// <summary>
    /// Returns when the message may be completed. <see cref="UnprocessableWorkException"/>: dead-letter it at once. Any
    /// other exception: give it back.
    /// </summary>
    public Task HandleAsync(ReceivedMessage message, CancellationToken cancel)
    {
        switch (message.Queue)
        {
            case QueueNames.Slices:
                return slices.HandleAsync(Decode(message, WorkMessage.SliceKind), cancel);
            case QueueNames.Operations:
                return operations.HandleAsync(Decode(message, WorkMessage.OperationKind), cancel);
            case var queue when QueueNames.SourceOf(queue) is not null:
                return requests.HandleAsync(message, cancel);
            default:
                return drain.HandleAsync(message, cancel);
        }
    }

    private static WorkMessage Decode(ReceivedMessage message, string kind)
    {
        var decoded = WorkMessage.Decode(message.Body);
        return decoded.Kind == kind ? decoded : throw new UnprocessableWorkException("message-kind");
    }
}
