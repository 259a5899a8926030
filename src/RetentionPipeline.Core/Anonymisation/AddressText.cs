using System.Buffers;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary><c>truncate-ip</c> over short texts that are whole. Safe for concurrent use.</summary>
internal sealed class AddressText(AddressBits bits)
{
    private const int Slack = 64;

    // Their tables cost more than a text.
    private readonly AddressFinder finder = new(bits);
    private readonly PlainAddresses plain = new(bits);

    /// <summary>The text with its addresses cut.</summary>
    public byte[] Cut(ReadOnlySpan<byte> text)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(2 * (text.Length + Slack));
        try
        {
            text.CopyTo(buffer);
            var half = text.Length + Slack;
            var scan = new AddressScan(finder, plain, new LineTally(null));
            var window = buffer.AsSpan(0, text.Length);
            var output = buffer.AsSpan(half);
            var end = Vector128.IsHardwareAccelerated
                ? scan.Scan<Vector128Reader>(window, 0, text.Length, text.Length, output)
                : scan.Scan<ScalarReader>(window, 0, text.Length, text.Length, output);
            return buffer.AsSpan(half, end.Written).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }
}
