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
            || StrictBase64.Decode(rootText) is not { Length: Rfc6962.HashLength } root)
        {
            throw new FormatException("The checkpoint is not three lines of origin, size and root.");
        }

        return new Checkpoint(origin, size, root);
    }

    /// <summary>
    /// Opens a signed checkpoint. Its origin must be the verifier's name, and it must bear at least one signature line
    /// of the verifier; a line that names the key and does not verify makes the whole note worthless. Lines of other
    /// keys say nothing. Throws <see cref="FormatException"/>.
    /// </summary>
    public static Checkpoint Open(SignedNote note, NoteVerifier verifier)
    {
        var checkpoint = Parse(note.Text);
        if (checkpoint.Origin != verifier.Name)
        {
            throw new FormatException("The checkpoint is of another log than the key: its origin is not the key's name.");
        }

        var lines = note.Signatures.Where(verifier.IsOf).ToList();
        return lines.Count > 0 && lines.TrueForAll(line => verifier.Verify(note.Text, line))
            ? checkpoint
            : throw new FormatException("The checkpoint bears no valid signature of the key given.");
    }
}
