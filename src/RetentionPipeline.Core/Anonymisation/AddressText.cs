using System.Buffers;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary><c>truncate-ip</c> over one short text that is whole.</summary>
internal static class AddressText
{
    private const int Slack = 64;

    /// <summary>The text with its addresses cut.</summary>
    public static byte[] Cut(ReadOnlySpan<byte> text, AddressBits bits)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(2 * (text.Length + Slack));
        try
        {
            text.CopyTo(buffer);
            var half = text.Length + Slack;
            var scan = new AddressScan(bits, new LineTally(null));
            var end = scan.Scan<ScalarReader>(
                buffer.AsSpan(0, text.Length), 0, text.Length, text.Length, buffer.AsSpan(half));
            return buffer.AsSpan(half, end.Written).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
