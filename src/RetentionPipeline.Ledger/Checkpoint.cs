using System.Globalization;

namespace RetentionPipeline.Ledger;

/// <summary>A C2SP tlog-checkpoint without extension lines: origin, size, root.</summary>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    /// <summary>The text that is signed.</summary>
    public string Text => $"{Origin}\n{Size.ToString(CultureInfo.InvariantCulture)}\n{Convert.ToBase64String(Root)}\n";

    /// <summary>Reads a checkpoint's text. Throws <see cref="FormatException"/> that says what is wrong.</summary>
    public static Checkpoint Parse(string text)
    {
        var lines = text.Split('\n');
        if (lines is not [{ Length: > 0 } origin, var sizeText, var rootText, ""]
            || !long.TryParse(sizeText, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size.ToString(CultureInfo.InvariantCulture) != sizeText
            || StrictBase64.Decode(rootText) is not { Length: 32 } root)
        {
            throw new FormatException("The checkpoint is not three lines of origin, size and root.");
        }

        return new Checkpoint(origin, size, root);
    }

    /// <summary>
    /// Opens a signed checkpoint: one signature must be the verifier's. Throws <see cref="FormatException"/>.
    /// </summary>
    public static Checkpoint Open(SignedNote note, NoteVerifier verifier)
    {
        var checkpoint = Parse(note.Text);
        return note.Signatures.Any(signature => verifier.Verify(note.Text, signature))
            ? checkpoint
            : throw new FormatException("The checkpoint bears no valid signature of the key given.");
    }
}
