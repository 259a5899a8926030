namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Searches a log's content for persons.</summary>
public static class SubjectSearch
{
    private const int PieceSize = 256 * 1024;

    /// <summary>
    /// Whether the content, plain or gzip, holds one of the identifiers. Throws
    /// <see cref="UnreadableContentException"/> for content that cannot be read to its end.
    /// </summary>
    public static async Task<bool> ContainsAnyAsync(
        Stream content, IReadOnlyCollection<string> identifiers, long maxExpandedBytes, CancellationToken cancel)
    {
        var wanted = new IdentifierSet(identifiers);
        await using var plain = await StreamRewriter.InflateAsync(content, cancel);
        var overlap = wanted.LongestBytes + 8;
        var buffer = new byte[PieceSize + overlap];
        int kept = 0, length;
        long total = 0;
        try
        {
            while ((length = await plain.ReadAtLeastAsync(
                buffer.AsMemory(kept, PieceSize), PieceSize, throwOnEndOfStream: false, cancel)) > 0)
            {
                if ((total += length) > maxExpandedBytes)
                {
                    throw new UnreadableContentException("expanded-limit");
                }

                if (wanted.IsIn(buffer.AsSpan(0, kept + length)))
                {
                    return true;
                }

                // An occurrence may begin in this piece and end in the next. Its left neighbour comes along, so that
                // the cut delimits nothing; at worst a match at the cut is reported that is none: held, not erased.
                var end = kept + length;
                kept = Math.Min(overlap, end);
                buffer.AsSpan(end - kept, kept).CopyTo(buffer);
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new UnreadableContentException("corrupt-gzip");
        }

        return false;
    }
}
