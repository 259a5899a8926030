using System.Collections;
using Amqp;
using Amqp.Framing;
using Amqp.Types;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// <c>$management</c> of one queue: requests and answers as maps, as Microsoft documents them under "AMQP 1.0 in Azure
/// Service Bus: request-response-based operations".
/// </summary>
internal sealed class ManagementNode(string queue, MessageStore store, TimeProvider time, Action wake)
{
    private const int MostPeeked = 250;

    /// <summary>Answers a request; a failure is an answer too.</summary>
    public async Task<Message> AnswerAsync(Message request)
    {
        try
        {
            var operation = request.ApplicationProperties?["operation"] as string;
            var asked = request.Body as Map ?? [];
            var result = await RunAsync(operation, asked, CancellationToken.None);
            wake();
            return Status(result is null ? 204 : 200, "OK", null, result);
        }
        catch (Exception failure)
        {
            var error = BusError.Of(failure);
            return Status(BusError.StatusOf(error), error.Description, error.Condition, null);
        }
    }

    private Task<Map?> RunAsync(string? operation, Map asked, CancellationToken cancel) => operation switch
    {
        "com.microsoft:renew-lock" => RenewAsync(asked, cancel),
        "com.microsoft:peek-message" => PeekAsync(asked, cancel),
        "com.microsoft:schedule-message" => ScheduleAsync(asked, cancel),
        "com.microsoft:cancel-scheduled-message" => CancelAsync(asked, cancel),
        "com.microsoft:update-disposition" => SettleAsync(asked, cancel),
        _ => throw new BusRefusedException(ErrorCode.NotImplemented, $"The operation '{operation}' is not known here."),
    };

    private async Task<Map?> RenewAsync(Map asked, CancellationToken cancel)
    {
        var ends = new List<DateTime>();
        foreach (var token in All<Guid>(asked, "lock-tokens"))
        {
            ends.Add((await store.RenewLockAsync(queue, token, cancel)).UtcDateTime);
        }

        return new Map { ["expirations"] = ends.ToArray() };
    }

    private async Task<Map?> PeekAsync(Map asked, CancellationToken cancel)
    {
        var from = One<long>(asked, "from-sequence-number");
        var most = Math.Min(One<int>(asked, "message-count"), MostPeeked);
        var found = new List();
        foreach (var stored in await store.PeekAsync(queue, from, most, cancel))
        {
            var encoded = WireMessage.Compose(stored, null, time.GetUtcNow());
            found.Add(new Map { ["message"] = encoded.Buffer.AsSpan(encoded.Offset, encoded.Length).ToArray() });
        }

        return found.Count == 0 ? null : new Map { ["messages"] = found };
    }

    private async Task<Map?> ScheduleAsync(Map asked, CancellationToken cancel)
    {
        var messages = new List<MessageToStore>();
        foreach (var entry in All<Map>(asked, "messages"))
        {
            var bytes = One<byte[]>(entry, "message");
            QueueWriter.CheckSize(bytes.Length);
            var message = WireMessage.Read(bytes, format: 0).Single().ToStore();
            messages.Add(message.NotBefore is null
                ? throw new BusRefusedException(BusError.Argument, "A message to schedule says not when.")
                : message);
        }

        return new Map { ["sequence-numbers"] = (await store.SendAsync(queue, messages, cancel)).ToArray() };
    }

    private async Task<Map?> CancelAsync(Map asked, CancellationToken cancel)
    {
        foreach (var sequence in All<long>(asked, "sequence-numbers"))
        {
            if (!await store.CancelScheduledAsync(queue, sequence, cancel))
            {
                throw new BusRefusedException(
                    BusError.MessageNotFound, $"No message of number {sequence} is scheduled; it may have begun.");
            }
        }

        return [];
    }

    private async Task<Map?> SettleAsync(Map asked, CancellationToken cancel)
    {
        var status = One<string>(asked, "disposition-status");
        foreach (var token in All<Guid>(asked, "lock-tokens"))
        {
            await (status switch
            {
                "completed" => store.CompleteAsync(queue, token, cancel),
                "abandoned" => store.AbandonAsync(queue, token, cancel),
                "suspended" => store.DeadLetterAsync(
                    queue, token,
                    DeadLetters.Cause(asked["deadletter-reason"] as string, asked["deadletter-description"] as string), cancel),
                _ => throw new BusRefusedException(ErrorCode.NotImplemented, $"The outcome '{status}' is not known here."),
            });
        }

        return [];
    }

    private static T One<T>(Map asked, string name) =>
        asked[name] is T value ? value : throw new BusRefusedException(BusError.Argument, $"'{name}' is missing.");

    private static IEnumerable<T> All<T>(Map asked, string name) =>
        asked[name] is IEnumerable values and not string
            ? values.Cast<object>().Select(value => value is T one
                ? one
                : throw new BusRefusedException(BusError.Argument, $"'{name}' holds something of another type."))
            : throw new BusRefusedException(BusError.Argument, $"'{name}' is missing.");

    private static Message Status(int code, string description, string? condition, Map? body)
    {
        var properties = new ApplicationProperties { ["statusCode"] = code, ["statusDescription"] = description };
        if (condition is not null)
        {
            properties["errorCondition"] = new Symbol(condition);
        }

        return new Message(body ?? []) { ApplicationProperties = properties };
    }
}
