using System.Text.Json;
using System.Text.Json.Serialization;

namespace RetentionPipeline.Core.Work;

/// <summary>A message of the pipeline to itself: it names work and holds nothing of it.</summary>
/// <param name="Kind">operation or slice.</param>
/// <param name="Id">The operation, or the scan of the slice.</param>
/// <param name="Slice">The slice; 0 for operations.</param>
/// <param name="Attempt">The send that this message is.</param>
public sealed record WorkMessage(string Kind, Guid Id, int Slice, int Attempt)
{
    /// <summary>Acts of one batch.</summary>
    public const string OperationKind = "operation";

    /// <summary>Planning or releasing of one slice.</summary>
    public const string SliceKind = "slice";

    /// <summary>Version of the format; another one is refused.</summary>
    public const int Version = 1;

    /// <summary>Largest body that is looked at.</summary>
    public const int MaxBytes = 1024;

    /// <summary>UTF-8 JSON.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(
        new WireMessage(Version, Kind, Id, Slice, Attempt), WireMessageContext.Default.WireMessage);

    /// <summary>
    /// Reads a body. Throws <see cref="UnprocessableWorkException"/> for one that is too large, no such JSON, of
    /// another version or of another kind: none of these becomes better by being delivered again.
    /// </summary>
    public static WorkMessage Decode(ReadOnlyMemory<byte> body)
    {
        if (body.Length > MaxBytes)
        {
            throw new UnprocessableWorkException("message-too-large");
        }

        WireMessage? wire;
        try
        {
            wire = JsonSerializer.Deserialize(body.Span, WireMessageContext.Default.WireMessage);
        }
        catch (JsonException)
        {
            throw new UnprocessableWorkException("message-unreadable");
        }

        return wire switch
        {
            null => throw new UnprocessableWorkException("message-unreadable"),
            { V: not Version } => throw new UnprocessableWorkException("message-version"),
            { Kind: not (OperationKind or SliceKind) } => throw new UnprocessableWorkException("message-kind"),
            _ => new(wire.Kind, wire.Id, wire.Slice, wire.Attempt),
        };
    }
}

/// <summary>Work that can never succeed: its message goes to the dead letters at once.</summary>
/// <param name="reason">Constant code.</param>
public sealed class UnprocessableWorkException(string reason) : Exception($"The message cannot be processed: {reason}.")
{
    /// <summary>Constant code.</summary>
    public string Reason { get; } = reason;
}

internal sealed record WireMessage(int V, string Kind, Guid Id, int Slice, int Attempt);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(WireMessage))]
internal sealed partial class WireMessageContext : JsonSerializerContext;
