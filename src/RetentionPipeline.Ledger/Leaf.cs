using System.Globalization;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger;

/// <summary>The duplicate key of a leaf: the same key with the same bytes is one leaf, however often it is appended.</summary>
/// <param name="Type">Type of the leaf.</param>
/// <param name="Id">What it is about: an operation, hold, scan, epoch.</param>
/// <param name="Part">Sub-key, may be empty.</param>
public readonly record struct LeafKey(string Type, string Id, string Part);

/// <summary>
/// The envelope of every leaf: <c>{"at":…,"body":{…},"id":…,"part":…,"type":…,"v":1}</c> in <see cref="Jcs"/> form, at
/// most 15 KiB, so that a bundle of 256 stays below 4 MiB. Type, id and part are printable ASCII without spaces. The
/// body's meaning is not this project's.
/// </summary>
public sealed record Leaf(string Type, string Id, string Part, DateTimeOffset At, JsonObject Body)
{
    /// <summary>Largest leaf in bytes.</summary>
    public const int MaxBytes = 15 * 1024;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Leaf hash of the bytes that it was read from, where its reader computed it.</summary>
    public byte[]? Hash { get; internal init; }

    /// <summary>Duplicate key.</summary>
    public LeafKey Key => new(Type, Id, Part);

    /// <summary>
    /// Bytes of a leaf; the time is cut to the millisecond. Throws <see cref="ArgumentException"/> for what a leaf
    /// cannot hold; it names the path, never the value.
    /// </summary>
    public static byte[] Encode(string type, string id, string part, DateTimeOffset at, JsonObject body)
    {
        if (!IsName(type) || !IsName(id) || (part.Length > 0 && !IsName(part)))
        {
            throw new ArgumentException("Type, id and part of a leaf are printable ASCII without spaces; only part may be empty.");
        }

        var bytes = Jcs.Encode(new JsonObject
        {
            ["at"] = at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
            ["body"] = body.DeepClone(),
            ["id"] = id,
            ["part"] = part,
            ["type"] = type,
            ["v"] = 1,
        });
        return bytes.Length <= MaxBytes
            ? bytes
            : throw new ArgumentException($"A leaf of type '{type}' has {bytes.Length} bytes; {MaxBytes} is the limit.", nameof(body));
    }

    /// <summary>Reads a leaf. Throws <see cref="LeafFormatException"/> for bytes that are none.</summary>
    public static Leaf Parse(ReadOnlySpan<byte> bytes) => LeafView.Read(bytes).ToLeaf();

    /// <summary>The key of a leaf, without what its body says; null for bytes that are no leaf.</summary>
    public static LeafKey? TryReadKey(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return LeafView.Read(bytes).Key;
        }
        catch (LeafFormatException)
        {
            return null;
        }
    }

    /// <summary>Reads a leaf of any text, with escapes or without.</summary>
    internal static Leaf ParseAny(ReadOnlySpan<byte> bytes)
    {
        var json = Jcs.Parse(bytes);
        return json.Count == 6 && json["v"]?.ToJsonString() == "1" && json["body"] is JsonObject body
            && Text(json, "at") is { } at && Text(json, "id") is { } id && Text(json, "part") is { } part
            && Text(json, "type") is { } type && IsName(type) && IsName(id) && (part.Length == 0 || IsName(part))
            && DateTimeOffset.TryParseExact(
                at, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? new Leaf(type, id, part, instant, body)
            : throw new LeafFormatException(LeafFormatException.NoEnvelope, "The leaf's envelope is not one of version 1.");
    }

    private static string? Text(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>So that a key written in one line is read in one way, and two keys never look alike.</summary>
    private static bool IsName(string text) =>
        text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
}
