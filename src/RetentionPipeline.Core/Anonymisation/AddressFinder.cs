namespace RetentionPipeline.Core.Anonymisation;

/// <summary>An address that was found: what replaces it, and where reading goes on.</summary>
/// <param name="At">Where it begins.</param>
/// <param name="End">Where what is replaced ends.</param>
/// <param name="Resume">Where reading goes on: behind a port or the suffix of a reverse name.</param>
/// <param name="TextLength">Bytes of the new text, or <see cref="AddressWriter.Unchanged"/>.</param>
internal readonly record struct AddressEdit(int At, int End, int Resume, int TextLength);

/// <summary>
/// Decides whether a marked byte belongs to an address. A mark is a byte that each address of its kind holds: the third
/// dot, a second colon, a dot between nibbles. Looks only at a bounded window around the mark, so that the answer does
/// not depend on how the stream was cut; nothing is allocated.
/// </summary>
internal sealed class AddressFinder(AddressBits bits)
{
    /// <summary>No decision looks further back than this from the mark.</summary>
    public const int Back = 512;

    /// <summary>No decision looks further ahead than this from the mark.</summary>
    public const int Ahead = 320;

    /// <summary>An address begins at most so far before its mark.</summary>
    public const int LongestHead = 64;

    /// <summary>A run that began further back than this is forgotten (rule 3).</summary>
    private const int RunMemory = 256;

    private const int NibbleName = 63;
    private readonly AddressWriter writer = new(bits);

    /// <summary>The mark is a third dot.</summary>
    public bool TryFour(ReadOnlySpan<byte> s, int mark, int low, Span<byte> text, out AddressEdit edit)
    {
        var firstDot = FirstDot(s, mark);
        for (var at = Math.Max(low, firstDot - 3); at < firstDot; at++)
        {
            if ((at + 2 < firstDot && Delimiting.IsEncodedByte(s, at) && TryFourAt(s, at + 2, mark, low, text, out edit))
                || TryFourAt(s, at, mark, low, text, out edit))
            {
                return true;
            }
        }

        edit = default;
        return false;
    }

    /// <summary>
    /// The mark is a colon. Tells how far the run was settled, whatever it held: at most one address is in a run, at its
    /// start, so that later marks in it need no look.
    /// </summary>
    public bool TrySix(ReadOnlySpan<byte> s, int mark, int low, Span<byte> text, out AddressEdit edit, out int settled)
    {
        settled = 0;
        var begun = -1;
        for (var at = RunStart(s, mark); at <= mark;)
        {
            if (s[at] != '.' && Delimiting.IsDelimited(s, at))
            {
                var begins = begun < 0 || at - begun > RunMemory || (Delimiting.EndsEscape(s, at) && !FollowsColon(s, at));
                begun = at;
                if (begins && mark - at <= LongestHead
                    && ((at + 2 <= mark && Delimiting.IsEncodedByte(s, at) && TrySixAt(s, at + 2, low, text, out edit))
                        || TrySixAt(s, at, low, text, out edit)))
                {
                    return true;
                }
            }

            at += Math.Max(1, AddressReader.ColonWidth(s, at));
        }

        if (begun >= 0 && mark - begun <= RunMemory / 2)
        {
            settled = RunEnd(s, mark);
        }

        edit = default;
        return false;
    }

    /// <summary>The mark is a dot between nibbles of a reverse name.</summary>
    public bool TryNibbles(ReadOnlySpan<byte> s, int mark, int low, Span<byte> text, out AddressEdit edit)
    {
        edit = default;
        var end = mark;
        while (end + 1 < s.Length && end - mark <= NibbleName && s[end] == '.' && AsciiBytes.IsHex(s[end + 1])
            && (end + 2 >= s.Length || !AsciiBytes.IsLetterOrDigit(s[end + 2])))
        {
            end += 2;
        }

        var at = end - NibbleName;
        if (at < low || SuffixEnd(s, end, ".ip6.arpa"u8) is not (> 0 and var nameEnd) || !Delimiting.IsDelimited(s, at))
        {
            return false;
        }

        for (var i = at; i < end; i++)
        {
            if ((i - at) % 2 == 1 ? s[i] != '.' : !AsciiBytes.IsHex(s[i]))
            {
                return false;
            }
        }

        edit = new AddressEdit(at, end, nameEnd, writer.CutNibbles(s[at..end], text));
        return true;
    }

    private bool TryFourAt(ReadOnlySpan<byte> s, int at, int mark, int low, Span<byte> text, out AddressEdit edit)
    {
        edit = default;
        if (at < low || !AsciiBytes.IsDigit(s[at]) || !Delimiting.IsDelimited(s, at)
            || !AddressReader.TryReadV4(s, at, out var address))
        {
            return false;
        }

        // Rule 8 goes before the others, and single digits may be nibbles of a longer name.
        if (address.End - at == 7 && TryNibbles(s, mark, low, text, out edit))
        {
            return true;
        }

        if (SuffixEnd(s, address.End, ".in-addr.arpa"u8) is > 0 and var nameEnd)
        {
            edit = new AddressEdit(at, address.End, nameEnd, writer.CutReverseV4(address, text));
            return true;
        }

        if (!AddressReader.MayEndV4(s, address.End))
        {
            return false;
        }

        edit = new AddressEdit(at, address.End, address.End, writer.CutV4(address, text));
        return true;
    }

    /// <summary>The longest reading at a run's start, one leading colon apart.</summary>
    private bool TrySixAt(ReadOnlySpan<byte> s, int at, int low, Span<byte> text, out AddressEdit edit)
    {
        edit = default;
        if (at < low)
        {
            return false;
        }

        if (!AddressReader.TryReadV6(s, at, out var address)
            && !(AddressReader.ColonWidth(s, at) is > 0 and var colon && AddressReader.TryReadV6(s, at + colon, out address)))
        {
            return false;
        }

        edit = new AddressEdit(address.At, address.End, address.Resume, writer.CutV6(s, address, text));
        return true;
    }

    /// <summary>%3A is a colon first, and no escape that begins a run again.</summary>
    private static bool FollowsColon(ReadOnlySpan<byte> s, int at) => at >= 3 && AddressReader.ColonWidth(s, at - 3) == 3;

    private static int FirstDot(ReadOnlySpan<byte> s, int mark)
    {
        var at = mark;
        for (var dots = 2; dots > 0 && at > 0; dots--)
        {
            at--;
            while (at > 0 && s[at] != '.')
            {
                at--;
            }
        }

        return at;
    }

    /// <summary>Where the run of hex digits, single dots and colons begins that holds the mark; or as far as counts.</summary>
    private static int RunStart(ReadOnlySpan<byte> s, int mark)
    {
        var first = Math.Max(0, mark - LongestHead - RunMemory);
        var at = mark;
        while (at > first)
        {
            var before = s[at - 1];
            if (AsciiBytes.IsHex(before) && FollowsColon(s, at))
            {
                at -= 3;
            }
            else if (AsciiBytes.IsHex(before) || before == ':' || (before == '.' && s[at] != '.'))
            {
                at--;
            }
            else
            {
                break;
            }
        }

        return at < mark && s[at] == '.' && at > 0 && s[at - 1] == '.' ? at + 1 : at;
    }

    private static int RunEnd(ReadOnlySpan<byte> s, int mark)
    {
        var last = Math.Min(s.Length, mark + (RunMemory / 2));
        var at = mark;
        while (at < last)
        {
            if (AddressReader.ColonWidth(s, at) is > 0 and var width)
            {
                at += width;
            }
            else if (AsciiBytes.IsHex(s[at]) || (s[at] == '.' && s[at - 1] != '.'))
            {
                at++;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>The end of a suffix, any case, that no letter or digit follows; or -1.</summary>
    private static int SuffixEnd(ReadOnlySpan<byte> s, int at, ReadOnlySpan<byte> suffix)
    {
        var end = at + suffix.Length;
        if (end > s.Length || s[at] != '.' || (s[at + 1] | 0x20) != 'i')
        {
            return -1;
        }

        for (var i = 0; i < suffix.Length; i++)
        {
            var b = s[at + i];
            if ((AsciiBytes.IsLetter(b) ? b | 0x20 : b) != suffix[i])
            {
                return -1;
            }
        }

        return end == s.Length || !AsciiBytes.IsLetterOrDigit(s[end]) ? end : -1;
    }
}
