using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>
/// Steps through JSON (RFC 8259) from token to token and checks every byte; what it cannot be sure of ends it. Like the
/// library's reader it takes any bytes from 0x20 on within a text: whether they are UTF-8 is for who reads the text.
/// </summary>
internal ref struct JsonSteps(ReadOnlySpan<byte> record)
{
    /// <summary>What is deeper is not for here: kinds of containers are bits of a word.</summary>
    public const int MaxDepth = 60;
    private const int Step = 32;

    private readonly ReadOnlySpan<byte> s = record;
    private int nameEnd;

    /// <summary>The next byte.</summary>
    public int At { get; set; }

    /// <summary>The name of a member that begins there, without its quotes.</summary>
    public readonly ReadOnlySpan<byte> NameFrom(int start) => s[(start + 1)..nameEnd];

    /// <summary>Steps over a value that nobody wants.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Skip(int outer)
    {
        var (objects, depth) = (0UL, 0);
        while (true)
        {
            var first = Here();
            if (first == '"')
            {
                if (!Text(isName: false))
                {
                    return false;
                }
            }
            else if (first is (byte)'{' or (byte)'[')
            {
                At++;
                depth++;
                objects = (objects << 1) | (first == '{' ? 1UL : 0UL);
                Blanks();
                if (outer + depth > MaxDepth)
                {
                    return false;
                }

                // In ASCII each closing bracket stands two behind the one that it closes.
                if (Here() != first + 2)
                {
                    if (first == '{' && !Name())
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if (!(first is (byte)'t' or (byte)'f' or (byte)'n' ? Word(first) : Number()))
            {
                return false;
            }

            if (!Behind(ref objects, ref depth))
            {
                return false;
            }

            if (depth == 0)
            {
                return true;
            }
        }
    }

    /// <summary>From behind a value to the next one, out of all that ends in between.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Behind(ref ulong objects, ref int depth)
    {
        while (depth > 0)
        {
            Blanks();
            var behind = Here();
            At++;
            if (behind == ',')
            {
                Blanks();
                return (objects & 1) == 0 || Name();
            }

            if (behind != ((objects & 1) != 0 ? '}' : ']'))
            {
                return false;
            }

            objects >>= 1;
            depth--;
        }

        return true;
    }

    /// <summary>From a member's name to its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Name()
    {
        if (Here() != '"' || !Text(isName: true))
        {
            return false;
        }

        nameEnd = At - 1;
        Blanks();
        if (Here() != ':')
        {
            return false;
        }

        At++;
        Blanks();
        return true;
    }

    /// <summary>From the opening quote to behind the closing one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Text(bool isName)
    {
        ref var source = ref MemoryMarshal.GetReference(s);
        var end = At + 1;
        while (true)
        {
            if (end <= s.Length - Step)
            {
                var block = Vector256.LoadUnsafe(ref source, (nuint)end);
                var marks = (Vector256.Equals(block, Vector256.Create((byte)'"')) | Vector256.Equals(block, Vector256.Create((byte)'\\'))
                    | Vector256.LessThan(block, Vector256.Create((byte)' '))).ExtractMostSignificantBits();
                if (marks == 0)
                {
                    end += Step;
                    continue;
                }

                end += BitOperations.TrailingZeroCount(marks);
            }
            else
            {
                while (end < s.Length && s[end] >= ' ' && s[end] is not ((byte)'"' or (byte)'\\'))
                {
                    end++;
                }
            }

            if (end < s.Length && s[end] == '"')
            {
                At = end + 1;
                return true;
            }

            var escape = isName || end >= s.Length || s[end] != '\\' ? 0 : EscapeLength(s[end..]);
            if (escape == 0)
            {
                return false;
            }

            end += escape;
        }
    }

    private static int EscapeLength(ReadOnlySpan<byte> rest) => rest.Length < 2 ? 0 : rest[1] switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => 2,
        (byte)'u' when rest.Length >= 6 && AsciiBytes.IsHex(rest[2]) && AsciiBytes.IsHex(rest[3])
            && AsciiBytes.IsHex(rest[4]) && AsciiBytes.IsHex(rest[5]) => 6,
        _ => 0,
    };

    private bool Word(byte first)
    {
        var word = first switch { (byte)'t' => "true"u8, (byte)'f' => "false"u8, _ => "null"u8 };
        At += word.Length;
        return At <= s.Length && s[(At - word.Length)..At].SequenceEqual(word);
    }

    private bool Number()
    {
        var end = At;
        if (end < s.Length && s[end] == '-')
        {
            end++;
        }

        var whole = end;
        end = Digits(end);
        if (end == whole || (s[whole] == '0' && end > whole + 1))
        {
            return false;
        }

        if (end < s.Length && s[end] == '.')
        {
            var fraction = end + 1;
            end = Digits(fraction);
            if (end == fraction)
            {
                return false;
            }
        }

        if (end < s.Length && (s[end] | 0x20) == 'e')
        {
            var power = end + 1;
            power += power < s.Length && s[power] is (byte)'+' or (byte)'-' ? 1 : 0;
            end = Digits(power);
            if (end == power)
            {
                return false;
            }
        }

        At = end;
        return true;
    }

    private readonly int Digits(int from)
    {
        while (from < s.Length && AsciiBytes.IsDigit(s[from]))
        {
            from++;
        }

        return from;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly byte Here() => At < s.Length ? s[At] : (byte)0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Blanks()
    {
        while (At < s.Length && s[At] <= ' ' && s[At] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            At++;
        }
    }
}
