using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// The id of an operation or scan as leaves write it: nearly always a UUID, which is kept as 16 bytes, so that tables of
/// millions of them stay small.
/// </summary>
/// <param name="Known">The UUID.</param>
/// <param name="Other">The text where it is no UUID in lowercase.</param>
internal readonly record struct NamedId(Guid Known, string? Other)
{
    private const int UuidLength = 36;

    public static NamedId Of(ReadOnlySpan<byte> text) =>
        text.Length == UuidLength && !text.ContainsAnyInRange((byte)'A', (byte)'F')
            && Utf8Parser.TryParse(text, out Guid known, out var read, 'D') && read == UuidLength
            ? new NamedId(known, null)
            : new NamedId(default, Encoding.UTF8.GetString(text));

    public override string ToString() => Other ?? Known.ToString("D");
}

/// <summary>Names that many leaves repeat, each as one string. Safe for concurrent use.</summary>
internal sealed class SharedNames
{
    private const int ShortName = 256;
    private readonly ConcurrentDictionary<string, string> known;
    private readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> byText;

    public SharedNames() => byText = (known = new(StringComparer.Ordinal)).GetAlternateLookup<ReadOnlySpan<char>>();

    public string Of(ReadOnlySpan<byte> text)
    {
        if (text.Length > ShortName)
        {
            return Encoding.UTF8.GetString(text);
        }

        Span<char> letters = stackalloc char[ShortName];
        letters = letters[..Encoding.UTF8.GetChars(text, letters)];
        return byText.TryGetValue(letters, out var same) ? same : known.GetOrAdd(letters.ToString(), name => name);
    }
}
