using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;

namespace RetentionPipeline.Ledger;

/// <summary>Makes of a leaf what its caller needs of it. Called on several threads at once.</summary>
public delegate T LeafReading<T>(in LeafView leaf);

/// <summary>
/// A leaf as it lies in its bytes, checked to be one and to be canonical; nothing of it was copied. For those who read
/// millions of them.
/// </summary>
public readonly ref struct LeafView
{
    private const int TimeLength = 24;

    private LeafView(
        ReadOnlySpan<byte> type, ReadOnlySpan<byte> id, ReadOnlySpan<byte> part, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        Type = type;
        Id = id;
        Part = part;
        At = at;
        Body = body;
    }

    /// <summary>Type of the leaf; printable ASCII, as are id and part.</summary>
    public ReadOnlySpan<byte> Type { get; }

    /// <summary>What it is about.</summary>
    public ReadOnlySpan<byte> Id { get; }

    /// <summary>Sub-key, may be empty.</summary>
    public ReadOnlySpan<byte> Part { get; }

    /// <summary>Its time.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The body: one JSON object in canonical form.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Duplicate key.</summary>
    public LeafKey Key => new(Encoding.ASCII.GetString(Type), Encoding.ASCII.GetString(Id), Encoding.ASCII.GetString(Part));

    /// <summary>Leaf hash, 32 bytes, where the reader of the log computed it; else empty.</summary>
    public ReadOnlySpan<byte> Hash { get; private init; }

    /// <summary>Reads a leaf. Throws <see cref="LeafFormatException"/> for bytes that are none.</summary>
    public static LeafView Read(ReadOnlySpan<byte> bytes) => Read(bytes, []);

    /// <summary>As above, with the leaf hash of the bytes.</summary>
    public static LeafView Read(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> hash)
    {
        if (bytes.Length > Leaf.MaxBytes)
        {
            throw new LeafFormatException(LeafFormatException.TooLarge, $"The leaf is larger than {Leaf.MaxBytes} bytes.");
        }

        if (TryReadPlain(bytes, out var plain))
        {
            return plain with { Hash = hash };
        }

        var leaf = Leaf.ParseAny(bytes);
        return new LeafView(
            Encoding.ASCII.GetBytes(leaf.Type), Encoding.ASCII.GetBytes(leaf.Id), Encoding.ASCII.GetBytes(leaf.Part), leaf.At,
            Jcs.Encode(leaf.Body))
        {
            Hash = hash,
        };
    }

    /// <summary>The same, with a body that can be walked.</summary>
    public Leaf ToLeaf() => new(
        Encoding.ASCII.GetString(Type), Encoding.ASCII.GetString(Id), Encoding.ASCII.GetString(Part), At,
        JsonNode.Parse(Body)!.AsObject())
    {
        Hash = Hash.IsEmpty ? null : Hash.ToArray(),
    };

    /// <summary>Reads a leaf without escapes in its envelope or body, as nearly all are, in one pass. False says nothing.</summary>
    internal static bool TryReadPlain(ReadOnlySpan<byte> bytes, out LeafView leaf)
    {
        leaf = default;
        var reader = new CanonicalReader(bytes);
        if (!reader.TryToken("{\"at\":"u8) || !reader.TryText(out var time)
            || !reader.TryToken(",\"body\":"u8) || !reader.TryObject(2, out var body)
            || !reader.TryToken(",\"id\":"u8) || !reader.TryText(out var id)
            || !reader.TryToken(",\"part\":"u8) || !reader.TryText(out var part)
            || !reader.TryToken(",\"type\":"u8) || !reader.TryText(out var type)
            || !reader.TryToken(",\"v\":1}"u8) || !reader.IsAtEnd
            || !IsName(type) || !IsName(id) || (part.Length > 0 && !IsName(part)) || !TryTime(time, out var at))
        {
            return false;
        }

        leaf = new LeafView(type, id, part, at, body);
        return true;
    }

    /// <summary>
    /// <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>: the round-trip form of the BCL with four digits less, which it reads many times
    /// faster than a pattern.
    /// </summary>
    private static bool TryTime(ReadOnlySpan<byte> text, out DateTimeOffset at)
    {
        at = default;
        if (text.Length != TimeLength || text[^1] != 'Z')
        {
            return false;
        }

        Span<byte> roundTrip = stackalloc byte[TimeLength + 4];
        text[..^1].CopyTo(roundTrip);
        "0000Z"u8.CopyTo(roundTrip[(TimeLength - 1)..]);
        return Utf8Parser.TryParse(roundTrip, out at, out var read, 'O') && read == roundTrip.Length;
    }

    /// <summary>So that a key written in one line is read in one way, and two keys never look alike.</summary>
    private static bool IsName(ReadOnlySpan<byte> text) =>
        text.Length > 0 && !text.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
