using System.Text;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Rule 8: reverse names run backwards. Of the four numbers before <c>.in-addr.arpa</c> the first, of the 32 nibbles
/// before <c>.ip6.arpa</c> the first twenty belong to the host.
/// </summary>
internal static class ReverseNames
{
    private const int Nibbles = 32;

    public static bool TryCut(ReadOnlySpan<byte> s, int at, AddressBits bits, out Edit edit) =>
        TryV4(s, at, bits, out edit) || TryV6(s, at, bits, out edit);

    private static bool TryV4(ReadOnlySpan<byte> s, int at, AddressBits bits, out Edit edit)
    {
        edit = default;
        Span<byte> numbers = stackalloc byte[4];
        var end = AddressParser.IsDigit(s[at]) ? AddressParser.ReadV4(s, at, numbers, out _) : -1;
        if (end < 0 || !IsSuffix(s, end, ".in-addr.arpa"))
        {
            return false;
        }

        var text = new StringBuilder();
        var changed = false;
        for (var i = 0; i < 4; i++)
        {
            // The first number is the last octet: bits 24 to 31.
            var keep = Math.Clamp(bits.V4 - (8 * (3 - i)), 0, 8);
            var cut = numbers[i] & (0xff << (8 - keep)) & 0xff;
            changed |= cut != numbers[i];
            text.Append(i > 0 ? "." : "").Append(cut.ToString(CultureInfo.InvariantCulture));
        }

        edit = new Edit(at, end - at, changed ? Encoding.ASCII.GetBytes(text.ToString()) : null, end + ".in-addr.arpa".Length);
        return true;
    }

    private static bool TryV6(ReadOnlySpan<byte> s, int at, AddressBits bits, out Edit edit)
    {
        edit = default;
        const int length = (2 * Nibbles) - 1;
        if (at + length > s.Length || !IsSuffix(s, at + length, ".ip6.arpa"))
        {
            return false;
        }

        var cut = s.Slice(at, length).ToArray();
        var changed = false;
        for (var i = 0; i < length; i++)
        {
            if (i % 2 == 1 ? cut[i] != '.' : !AddressParser.IsHex(cut[i]))
            {
                return false;
            }

            if (i % 2 == 0 && i / 2 < Nibbles - (bits.V6 / 4) && cut[i] != '0')
            {
                cut[i] = (byte)'0';
                changed = true;
            }
        }

        edit = new Edit(at, length, changed ? cut : null, at + length + ".ip6.arpa".Length);
        return true;
    }

    private static bool IsSuffix(ReadOnlySpan<byte> s, int at, string suffix)
    {
        if (at + suffix.Length > s.Length)
        {
            return false;
        }

        for (var i = 0; i < suffix.Length; i++)
        {
            if (char.ToLowerInvariant((char)s[at + i]) != suffix[i])
            {
                return false;
            }
        }

        return at + suffix.Length == s.Length || !AddressParser.IsLetterOrDigit(s[at + suffix.Length]);
    }
}
