using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>
/// Writes a log as files: exactly <c>checkpoint</c>, <c>key</c> (the verifier key) and the tiles and entry bundles of that
/// size, as they are stored, in the layout of C2SP tlog-tiles. Any tool that reads that layout checks it.
/// </summary>
public sealed class LogExport(LogReader log)
{
    /// <summary>
    /// Writes the published log into an empty or missing folder; returns its checkpoint, null if there is none. Checks
    /// the signature and that all files are there, nothing else: that is the verifier's work. Throws
    /// <see cref="IOException"/> where the folder cannot take it; what was written until then stays.
    /// </summary>
    public async Task<Checkpoint?> WriteAsync(string folder, NoteVerifier verifier, CancellationToken cancel)
    {
        if (await log.NoteAsync(cancel) is not { } note)
        {
            return null;
        }

        var files = new LogFolder(folder);
        if (!files.IsFree())
        {
            throw new IOException($"The folder '{folder}' is not empty. An export holds nothing else: name a new folder.");
        }

        var checkpoint = Checkpoint.Open(SignedNote.Parse(note.Span), verifier);
        foreach (var (name, level, index, _) in TilePath.All(checkpoint.Size))
        {
            var content = level < 0
                ? EntryBundle.Encode(await log.ReadBundleAsync(index, checkpoint.Size, cancel))
                : await log.ReadTileAsync(level, index, checkpoint.Size, cancel);
            await files.WriteAsync(name, content, cancel);
        }

        await files.WriteAsync("key", Encoding.UTF8.GetBytes(verifier + "\n"), cancel);
        await files.WriteAsync("checkpoint", note, cancel);
        return checkpoint;
    }
}
