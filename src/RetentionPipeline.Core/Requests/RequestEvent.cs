using System.Text.Json;
using System.Text.RegularExpressions;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Records;

namespace RetentionPipeline.Core.Requests;

/// <summary>What a message asks for.</summary>
/// <param name="EventId">Null where none could be read.</param>
/// <param name="Identifiers">The person's, each once.</param>
/// <param name="Reasons">Why it is refused, all of them in order; none for a request that can be carried out.</param>
public sealed record RequestReading(
    string? EventId, IReadOnlyList<SubjectIdentifier> Identifiers, IReadOnlyList<string> Reasons);

/// <summary>
/// Reads a deletion request: a CloudEvents 1.0 message in structured JSON mode. Its data is
/// <c>{"identifiers":[{"kind":"email","value":"…"}]}</c>. What is not understood is refused, never guessed. The published
/// form is <c>docs/schema/deletion-requested.v1.schema.json</c>.
/// </summary>
public static partial class RequestEvent
{
    /// <summary>The one type of event.</summary>
    public const string Type = "retention.deletion-requested.v1";

    /// <summary>Largest message that is looked at.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Most identifiers of one person.</summary>
    public const int MaxIdentifiers = 20;

    /// <summary>Shorter ones stand in too many lines that are about somebody else.</summary>
    private const int ShortestValue = 4;

    private const int LongestValue = 320;
    private const int LongestId = 128;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    private static readonly IReadOnlySet<string> Attributes = new HashSet<string>(StringComparer.Ordinal)
    {
        "specversion", "id", "source", "type", "time", "subject", "datacontenttype", "data",
    };

    /// <summary>Reads a body that came through the queue of <paramref name="source"/>.</summary>
    public static RequestReading Read(ReadOnlyMemory<byte> body, RequestSource source)
    {
        if (body.Length > MaxBytes)
        {
            return new RequestReading(null, [], [RequestReasons.TooLarge]);
        }

        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            return document.RootElement.ValueKind is JsonValueKind.Object
                ? Read(document.RootElement, source)
                : new RequestReading(null, [], [RequestReasons.Unreadable]);
        }
        catch (JsonException)
        {
            return new RequestReading(null, [], [RequestReasons.Unreadable]);
        }
    }

    private static RequestReading Read(JsonElement root, RequestSource source)
    {
        var reasons = new List<string>();
        var id = Text(root, "id") is { Length: > 0 and <= LongestId } text && !text.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? text
            : null;
        Check(id is not null, RequestReasons.IdInvalid);
        Check(root.EnumerateObject().All(attribute => Attributes.Contains(attribute.Name)), RequestReasons.AttributeUnknown);
        Check(Text(root, "specversion") == "1.0", RequestReasons.SpecVersion);
        Check(Text(root, "source") == source.Name, RequestReasons.SourceMismatch);
        Check(Text(root, "type") == Type, RequestReasons.TypeUnknown);
        Check(!root.TryGetProperty("time", out var time) || IsTime(time), RequestReasons.TimeInvalid);
        Check(!root.TryGetProperty("subject", out var subject) || Text(subject) is { Length: > 0 }, RequestReasons.SubjectInvalid);
        Check(!root.TryGetProperty("datacontenttype", out _) || IsJson(Text(root, "datacontenttype")), RequestReasons.ContentType);
        var identifiers = ReadIdentifiers(root, reasons);
        Check(identifiers.All(identifier => source.AssuranceOf(identifier.Kind) is not null), RequestReasons.KindNotAllowed);
        Check(!IsShown(root, identifiers), RequestReasons.IdentifierInAttribute);

        // An id that shows the person is neither stored nor repeated in an answer.
        return new RequestReading(IsIn(id ?? "", identifiers) ? null : id, identifiers, reasons);

        void Check(bool holds, string reason)
        {
            if (!holds && !reasons.Contains(reason))
            {
                reasons.Add(reason);
            }
        }
    }

    private static List<SubjectIdentifier> ReadIdentifiers(JsonElement root, List<string> reasons)
    {
        var read = new List<SubjectIdentifier>();
        if (!root.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object
            || !data.TryGetProperty("identifiers", out var list) || list.ValueKind is not JsonValueKind.Array
            || list.GetArrayLength() == 0)
        {
            reasons.Add(RequestReasons.IdentifiersMissing);
            return read;
        }

        if (data.EnumerateObject().Count() > 1)
        {
            reasons.Add(RequestReasons.AttributeUnknown);
        }

        if (list.GetArrayLength() > MaxIdentifiers)
        {
            reasons.Add(RequestReasons.IdentifiersTooMany);
        }

        foreach (var item in list.EnumerateArray())
        {
            if (ReadIdentifier(item) is { } identifier)
            {
                read.Add(identifier);
            }
            else if (!reasons.Contains(RequestReasons.IdentifierInvalid))
            {
                reasons.Add(RequestReasons.IdentifierInvalid);
            }
        }

        return [.. read.Distinct()];
    }

    private static SubjectIdentifier? ReadIdentifier(JsonElement item)
    {
        if (item.ValueKind is not JsonValueKind.Object || item.EnumerateObject().Count() != 2
            || Text(item, "kind") is not { Length: > 0 and <= LongestId } kind || Text(item, "value") is not { } value
            || value.Length > LongestValue || value.Any(char.IsControl))
        {
            return null;
        }

        var identifier = SubjectIdentifier.Of(kind, value);
        return identifier.Value.Length >= ShortestValue ? identifier : null;
    }

    /// <summary>Attributes are shown by brokers and logs: no identifier may stand in one.</summary>
    private static bool IsShown(JsonElement root, IReadOnlyList<SubjectIdentifier> identifiers) =>
        root.EnumerateObject().Where(attribute => attribute.Value.ValueKind is JsonValueKind.String)
            .Any(attribute => IsIn(Text(attribute.Value) ?? "", identifiers));

    /// <summary>Whether one of the identifiers is part of the text.</summary>
    public static bool IsIn(string text, IReadOnlyList<SubjectIdentifier> identifiers) =>
        identifiers.Any(identifier => text.Contains(identifier.Value, StringComparison.OrdinalIgnoreCase));

    /// <summary>RFC 3339 alone: the reader of JSON would take a bare date, or a time that says no offset, as well.</summary>
    private static bool IsTime(JsonElement time) =>
        Text(time) is { } text && Rfc3339().IsMatch(text) && time.TryGetDateTimeOffset(out _);

    private static bool IsJson(string? type) =>
        type?.Split(';')[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase) ?? false;

    /// <summary>Null for what is no text, or holds half a surrogate pair.</summary>
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? Text(value) : null;

    [GeneratedRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\\z")]
    private static partial Regex Rfc3339();
}
