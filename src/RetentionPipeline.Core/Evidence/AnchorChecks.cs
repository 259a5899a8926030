using System.Security.Cryptography;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// What outside parties gave must be over the bundle's checkpoint. Whose signatures count, only the verifier can say: those
/// without a given key or root are listed as unchecked.
/// </summary>
internal static class AnchorChecks
{
    /// <summary>What was checked, in words.</summary>
    public static List<string> Check(BundleFacts facts, BundleTrust trust, List<BundleProblem> problems, List<string> @unchecked)
    {
        var vouched = new List<string>();
        foreach (var anchor in facts.Anchors)
        {
            var said = anchor.Name.EndsWith(".tsr", StringComparison.Ordinal)
                ? CheckStamp(anchor, facts.Note, trust, @unchecked)
                : CheckCosignature(anchor, facts.Note, trust, @unchecked);
            if (said is null)
            {
                problems.Add(new(anchor.Name, "anchor", "The file does not vouch for this checkpoint: it is of another one, or its signature is not valid."));
            }
            else if (said.Length > 0)
            {
                vouched.Add(said);
            }
        }

        return vouched;
    }

    private static string? CheckStamp(BundleFile anchor, ReadOnlyMemory<byte> note, BundleTrust trust, List<string> @unchecked)
    {
        // RFC 3161 section 2.4.2: the imprint is an OCTET STRING of 32 bytes.
        byte[] imprint = [4, 32, .. SHA256.HashData(note.Span)];
        if (anchor.Content.Span.IndexOf(imprint) < 0)
        {
            return null;
        }

        if (trust.Stamps is null)
        {
            @unchecked.Add($"the time stamp {anchor.Name}: give --roots to check who signed it, and when");
            return "";
        }

        return trust.Stamps(anchor.Content, note) is { } at ? $"{anchor.Name}: the checkpoint existed at {at:u}" : null;
    }

    private static string? CheckCosignature(BundleFile anchor, ReadOnlyMemory<byte> note, BundleTrust trust, List<string> @unchecked)
    {
        SignedNote cosigned;
        string text;
        try
        {
            cosigned = SignedNote.Parse(anchor.Content.Span);
            text = SignedNote.Parse(note.Span).Text;
        }
        catch (FormatException)
        {
            return null;
        }

        if (cosigned.Text != text || !cosigned.Encode().AsSpan().SequenceEqual(anchor.Content.Span))
        {
            return null;
        }

        var known = cosigned.Signatures.Where(line => trust.Witnesses.Any(witness => witness.IsOf(line))).ToList();
        if (known.Any(line => !trust.Witnesses.Any(witness => witness.Verify(text, line))))
        {
            return null;
        }

        if (known.Count == 0)
        {
            @unchecked.Add($"the cosignature {anchor.Name}: give the witness' key with --witness to check it");
            return "";
        }

        return $"{anchor.Name}: the witness {known[0].Name} saw no other history";
    }
}
