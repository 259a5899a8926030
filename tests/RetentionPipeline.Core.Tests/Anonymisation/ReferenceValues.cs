using System.Globalization;

namespace RetentionPipeline.Core.Tests.Anonymisation;

internal sealed partial class ReferenceGrammar
{
    /// <summary>RFC 5952, section 4.2.</summary>
    private static string Shortest(string[] groups)
    {
        for (var length = 8; length >= 2; length--)
        {
            for (var at = 0; at + length <= 8; at++)
            {
                if (groups[at..(at + length)].All(group => group == "0"))
                {
                    return string.Join(':', groups[..at]) + "::" + string.Join(':', groups[(at + length)..]);
                }
            }
        }

        return string.Join(':', groups);
    }

    private void CutSixToFour(byte[] original, byte[] cut)
    {
        if (original[0] == 0x20 && original[1] == 0x02)
        {
            var rest = cut[6..];
            Mask(cut, 2, v4);
            rest.CopyTo(cut, 6);
        }
    }

    private static void Mask(byte[] bytes, int from, int keep)
    {
        for (var bit = keep; bit < 8 * (bytes.Length - from); bit++)
        {
            bytes[from + (bit / 8)] &= (byte)~(0x80 >> (bit % 8));
        }
    }

    private static byte[]? ReadFour(string text)
    {
        var parts = text.Split('.');
        var plain = parts.All(part => part.Length == 1 || part[0] != '0');
        var allThree = parts.All(part => part.Length == 3);
        return parts.All(part => part.Length <= 3 && int.Parse(part, CultureInfo.InvariantCulture) <= 255) && (plain || allThree)
            ? [.. parts.Select(part => byte.Parse(part, CultureInfo.InvariantCulture))]
            : null;
    }

    private static bool IsPadded(string text) => text.Split('.').Any(part => part.Length > 1 && part[0] == '0');

    private static string WriteFour(byte[] numbers, bool padded) =>
        string.Join('.', numbers.Select(n => n.ToString(padded ? "000" : "0", CultureInfo.InvariantCulture)));
}
