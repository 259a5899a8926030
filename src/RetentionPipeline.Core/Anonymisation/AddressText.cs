using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary><c>truncate-ip</c> over short texts that are whole. Safe for concurrent use.</summary>
internal sealed class AddressText(AddressBits bits)
{
    private const int Slack = 64;
    private const int Longest = 256;
    private const int Behind = 4 * Slack;

    // Their tables cost more than a text.
    private readonly AddressFinder finder = new(bits);
    private readonly PlainAddresses plain = new(bits);
    private Workplace? spare;

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

    /// <summary>Writes the text with its addresses cut, and whether there were any; without any it writes nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Cut(ReadOnlySpan<byte> text, PieceWriter result)
    {
        if (TryFour(text, result, out var isCut))
        {
            return isCut;
        }

        if (text.Length > Longest || !Vector128.IsHardwareAccelerated)
        {
            var cut = Cut(text);
            if (text.SequenceEqual(cut))
            {
                return false;
            }

            result.Write(cut);
            return true;
        }

        // Between line ends, as in a log, there is room for vectors on both sides.
        var place = Interlocked.Exchange(ref spare, null) ?? new Workplace(new AddressScan(finder, plain, new LineTally(null)));
        var window = place.Window.AsSpan();
        var output = place.Output.AsSpan();
        var end = Slack + text.Length;
        text.CopyTo(window[Slack..]);
        window.Slice(end, Behind).Fill((byte)'\n');
        var written = place.Scan.Scan<Vector128Reader>(window[..(end + Behind - Slack)], Slack, end + 1, end + 1, output).Written - 1;
        var isChanged = !output[..written].SequenceEqual(text);
        if (isChanged)
        {
            result.Write(output[..written]);
        }

        spare = place;
        return isChanged;
    }

    /// <summary>Whether the text is one IPv4 address and nothing else, written without leading zeros: what most fields hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryFour(ReadOnlySpan<byte> text, PieceWriter result, out bool isCut)
    {
        var (value, number, length, dots) = (0u, 0u, 0, 0);
        isCut = false;
        foreach (var b in text)
        {
            if (AsciiBytes.IsDigit(b) && (length == 0 || number > 0) && length < 3)
            {
                (number, length) = ((10 * number) + b - '0', length + 1);
            }
            else if (b == '.' && length > 0 && dots < 3 && number <= byte.MaxValue)
            {
                (value, number, length, dots) = ((value << 8) | number, 0, 0, dots + 1);
            }
            else
            {
                return false;
            }
        }

        if (dots != 3 || length == 0 || number > byte.MaxValue)
        {
            return false;
        }

        value = (value << 8) | number;
        var cut = bits.V4 == 0 ? 0 : value & (uint.MaxValue << (32 - bits.V4));
        if (cut != value)
        {
            isCut = true;
            WriteFour(cut, result);
        }

        return true;
    }

    private static void WriteFour(uint address, PieceWriter result)
    {
        const int longest = 15;
        var space = result.GetSpan(longest);
        var at = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            var number = (address >> shift) & byte.MaxValue;
            if (number >= 100)
            {
                space[at++] = (byte)('0' + (number / 100));
            }

            if (number >= 10)
            {
                space[at++] = (byte)('0' + (number / 10 % 10));
            }

            space[at++] = (byte)('0' + (number % 10));
            if (shift > 0)
            {
                space[at++] = (byte)'.';
            }
        }

        result.Advance(at);
    }

    /// <summary>Memory for one text at a time.</summary>
    private sealed class Workplace
    {
        public Workplace(AddressScan scan)
        {
            Scan = scan;
            Array.Fill(Window, (byte)'\n');
        }

        public AddressScan Scan { get; }

        public byte[] Window { get; } = new byte[Slack + Longest + Behind];

        public byte[] Output { get; } = new byte[Longest + (2 * Slack)];
    }
}
