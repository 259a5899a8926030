using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace RetentionPipeline.Core.Work;

/// <summary>
/// Name-based UUIDs (version 5, RFC 9562 section 5.5): whoever does a thing for the second time derives the same id and
/// finds what the first one wrote.
/// </summary>
public static class DerivedId
{
    private const int UuidLength = 16;
    private const int ShortInput = 256;

    /// <summary>Namespace of everything of this project.</summary>
    private static readonly Guid Root = new("6f2b8d0e-2d6a-4f0c-9a52-8b1f6f3f6f11");

    /// <summary>Id of one run of a rule over its dataset.</summary>
    public static Guid Scan(string rule, string dataset, DateTimeOffset scheduledAt) => Of(
        Root, "scan", rule, dataset, scheduledAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));

    /// <summary>Id of a scan that a person asked for; the command's id makes it another one each time.</summary>
    public static Guid CommandedScan(string rule, string dataset, string command) =>
        Of(Root, "commanded-scan", rule, dataset, command);

    /// <summary>Id of a request: whatever a source sends under one event id is one request.</summary>
    public static Guid RequestOf(string source, string eventId) => Of(Root, "request", source, eventId);

    /// <summary>Id of a request whose event id cannot be read: by the broker's message id and the body's hash.</summary>
    public static Guid UnreadableRequest(string source, string message, string hash) =>
        Of(Root, "unreadable-request", source, message, hash);

    /// <summary>Id of the scan that is a request's task on a dataset; a later try (after a failure or a hold) is another.</summary>
    public static Guid TaskOf(Guid request, string dataset, int number) =>
        number == 0 ? Of(request, dataset) : Of(request, dataset, Number(number));

    /// <summary>Id of the scan that serves the requests of one window of a log.</summary>
    public static Guid Window(string dataset, long number) =>
        Of(Root, "window", dataset, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Id of a re-drive of failed records: a scan of its own.</summary>
    public static Guid Redrive(Guid operation, int number) => Of(operation, "redrive", Number(number));

    /// <summary>Id of batch <paramref name="number"/> of a slice.</summary>
    public static Guid Operation(Guid scan, int slice, int number) => Of(scan, Number(slice), Number(number));

    /// <summary>Id of the operation in which the deferred records of another go on.</summary>
    public static Guid Child(Guid operation) => Of(operation, "deferred");

    /// <summary>Parts are joined by a line feed, which none of them contains.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "UUIDv5 is defined over SHA-1; nothing secret rests on it.")]
    public static Guid Of(Guid space, params ReadOnlySpan<string> parts)
    {
        var name = string.Join('\n', parts!);
        var most = UuidLength + Encoding.UTF8.GetMaxByteCount(name.Length);
        var input = most <= ShortInput ? stackalloc byte[ShortInput] : new byte[most];
        space.TryWriteBytes(input, bigEndian: true, out _);
        var length = UuidLength + Encoding.UTF8.GetBytes(name, input[UuidLength..]);
        Span<byte> hash = stackalloc byte[20];
        SHA1.HashData(input[..length], hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
