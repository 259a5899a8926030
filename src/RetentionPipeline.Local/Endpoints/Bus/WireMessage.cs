using System.Globalization;
using Amqp;
using Amqp.Framing;
using Amqp.Types;
using RetentionPipeline.Adapters.Queues;

namespace RetentionPipeline.Local.Endpoints.Bus;

/// <summary>
/// A message as its sender encoded it (AMQP 1.0, part 3.2: sections in a fixed order). The broker reads its id and
/// schedule, replaces header and annotations, and passes all else on byte by byte.
/// </summary>
internal sealed class WireMessage
{
    /// <summary>The format of a transfer that carries several messages, each encoded in a data section of its own.</summary>
    public const uint BatchFormat = 0x80013700;

    private const ulong HeaderCode = 0x70;
    private const ulong MessageAnnotationsCode = 0x72;
    private const ulong PropertiesCode = 0x73;
    private const ulong ApplicationPropertiesCode = 0x74;
    private const ulong DataCode = 0x75;
    private const ulong LeastCode = HeaderCode;
    private const ulong MostCode = 0x78;
    private static readonly DateTimeOffset Epoch = DateTimeOffset.UnixEpoch;
    private readonly byte[] bytes;
    private readonly List<Section> sections = [];

    private WireMessage(byte[] bytes)
    {
        this.bytes = bytes;
        var buffer = new ByteBuffer(bytes, 0, bytes.Length, bytes.Length);
        while (buffer.Length > 0)
        {
            var start = buffer.Offset;
            var value = Encoder.ReadObject(buffer) as Described;
            if (value is not RestrictedDescribed section || section.Descriptor.Code is < LeastCode or > MostCode)
            {
                throw new BusRefusedException(ErrorCode.DecodeError, "A part of the message is none that AMQP knows.");
            }

            sections.Add(new Section(section.Descriptor.Code, section, start, buffer.Offset - start));
        }
    }

    /// <summary>Reads the messages of a transfer: one, or those of a batch.</summary>
    public static IReadOnlyList<WireMessage> Read(byte[] bytes, uint format)
    {
        var whole = new WireMessage(bytes);
        return format == BatchFormat
            ? [.. whole.sections.Where(section => section.Code == DataCode)
                .Select(section => new WireMessage(((Data)section.Value).Binary))]
            : [whole];
    }

    /// <summary>For the store.</summary>
    public MessageToStore ToStore() => new(Id(), bytes, ScheduledAt());

    /// <summary>
    /// The message for a receiver, with the annotations that SDKs read: number, times, lock, and why it is dead.
    /// </summary>
    /// <param name="stored">The message.</param>
    /// <param name="lockedUntil">For a delivery under a lock.</param>
    /// <param name="now">The time; a message that is not yet available is shown as scheduled.</param>
    public static ByteBuffer Compose(StoredMessage stored, DateTimeOffset? lockedUntil, DateTimeOffset now)
    {
        var message = new WireMessage(stored.Content.ToArray());
        var header = message.Find<Header>(HeaderCode) ?? new Header();

        // The count on the wire is of the deliveries before this one; a look is none.
        header.DeliveryCount = (uint)(lockedUntil is null ? stored.Deliveries : Math.Max(stored.Deliveries - 1, 0));
        var annotations = message.Find<MessageAnnotations>(MessageAnnotationsCode) ?? new MessageAnnotations();
        annotations[new Symbol("x-opt-sequence-number")] = stored.Sequence;
        annotations[new Symbol("x-opt-enqueued-sequence-number")] = stored.Sequence;
        annotations[new Symbol("x-opt-enqueued-time")] = stored.AvailableAt.UtcDateTime;
        annotations[new Symbol("x-opt-message-state")] = stored.AvailableAt > now ? 2 : 0;
        if (lockedUntil is { } until)
        {
            annotations[new Symbol("x-opt-locked-until")] = until.UtcDateTime;
        }

        var buffer = new ByteBuffer(message.bytes.Length + 256, autoGrow: true);
        Encoder.WriteObject(buffer, header);
        Encoder.WriteObject(buffer, annotations);
        message.AppendProperties(buffer, stored.Sequence);
        if (stored.DeadLetter is { } cause)
        {
            Encoder.WriteObject(buffer, message.WithCause(cause));
            message.Append(buffer, section => section.Code > ApplicationPropertiesCode);
        }
        else
        {
            message.Append(buffer, section => section.Code >= ApplicationPropertiesCode);
        }

        return buffer;
    }

    /// <summary>A message without an id gets one from the broker: SDKs cannot renew its lock otherwise.</summary>
    private void AppendProperties(ByteBuffer buffer, long sequence)
    {
        var properties = Find<Properties>(PropertiesCode) ?? new Properties();
        if (properties.GetMessageId() is null)
        {
            properties.SetMessageId(sequence.ToString(CultureInfo.InvariantCulture));
            Encoder.WriteObject(buffer, properties);
        }
        else
        {
            Append(buffer, section => section.Code == PropertiesCode);
        }
    }

    private ApplicationProperties WithCause(DeadLetterCause cause)
    {
        var application = Find<ApplicationProperties>(ApplicationPropertiesCode) ?? new ApplicationProperties();
        application["DeadLetterReason"] = cause.Reason;
        if (cause.Description is not null)
        {
            application["DeadLetterErrorDescription"] = cause.Description;
        }

        return application;
    }

    private string? Id() => Find<Properties>(PropertiesCode)?.GetMessageId() switch
    {
        null => null,
        string text => text,
        byte[] binary => Convert.ToHexString(binary),
        var other => Convert.ToString(other, CultureInfo.InvariantCulture),
    };

    private DateTimeOffset? ScheduledAt() =>
        Find<MessageAnnotations>(MessageAnnotationsCode)?[new Symbol("x-opt-scheduled-enqueue-time")] is DateTime at
            && at > Epoch.UtcDateTime
            ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc))
            : null;

    private T? Find<T>(ulong code)
        where T : RestrictedDescribed => sections.Find(section => section.Code == code)?.Value as T;

    private void Append(ByteBuffer buffer, Func<Section, bool> which)
    {
        foreach (var section in sections.Where(which))
        {
            buffer.ValidateWrite(section.Length);
            bytes.AsSpan(section.Start, section.Length).CopyTo(buffer.Buffer.AsSpan(buffer.WritePos));
            buffer.Append(section.Length);
        }
    }

    private sealed record Section(ulong Code, RestrictedDescribed Value, int Start, int Length);
}
