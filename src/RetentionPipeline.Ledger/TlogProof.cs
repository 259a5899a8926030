using System.Globalization;
using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>
/// A C2SP tlog-proof without extra data: that an entry stands at an index of the log of a checkpoint. Self-contained but
/// for the entry and the verifier key.
/// </summary>
/// <param name="Index">Index of the entry.</param>
/// <param name="Path">Inclusion proof of its leaf hash.</param>
/// <param name="Note">The signed checkpoint, byte by byte.</param>
public sealed record TlogProof(long Index, IReadOnlyList<byte[]> Path, ReadOnlyMemory<byte> Note)
{
    private const string Header = "c2sp.org/tlog-proof@v1";

    /// <summary>The proof as a file.</summary>
    public byte[] Encode()
    {
        var text = new StringBuilder(Header).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"index {Index}\n");
        foreach (var hash in Path)
        {
            text.Append(Convert.ToBase64String(hash)).Append('\n');
        }

        return [.. Encoding.ASCII.GetBytes(text.Append('\n').ToString()), .. Note.Span];
    }

    /// <summary>Reads a proof; it is not verified. Throws <see cref="FormatException"/>.</summary>
    public static TlogProof Parse(ReadOnlyMemory<byte> bytes)
    {
        var end = bytes.Span.IndexOf("\n\n"u8);
        var lines = end < 0 ? [] : Encoding.Latin1.GetString(bytes.Span[..end]).Split('\n');
        if (lines is [Header, var index, .. var hashes] && index.StartsWith("index ", StringComparison.Ordinal)
            && long.TryParse(index.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && hashes.Select(StrictBase64.Decode).ToList() is var path
            && path.TrueForAll(hash => hash is { Length: Rfc6962.HashLength }))
        {
            var proof = new TlogProof(number, path!, bytes[(end + 2)..]);
            if (proof.Encode().AsSpan().SequenceEqual(bytes.Span))
            {
                return proof;
            }
        }

        throw new FormatException("The file is no C2SP tlog-proof without extra data.");
    }

    /// <summary>
    /// The checkpoint under which the entry is proved. Throws <see cref="FormatException"/> where it is not signed by
    /// the key, or does not hold the entry at the index.
    /// </summary>
    public Checkpoint Verify(ReadOnlySpan<byte> entry, NoteVerifier verifier)
    {
        var checkpoint = Checkpoint.Open(SignedNote.Parse(Note.Span), verifier);
        return MerkleTree.VerifyInclusion(Index, checkpoint.Size, Rfc6962.LeafHash(entry), Path, checkpoint.Root)
            ? checkpoint
            : throw new FormatException($"The proof does not lead from the entry at {Index} to the root of the checkpoint.");
    }
}
