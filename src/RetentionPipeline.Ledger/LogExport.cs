
namespace RetentionPipeline.Ledger;

/// <summary>
/// Writes a log as files: exactly <c>checkpoint</c>, <c>key</c> (the verifier key) and the tiles and entry bundles of that
/// size, in the layout of C2SP tlog-tiles. Any tool that reads that layout checks it.
/// </summary>
public sealed class LogExport(LogReader log)
{
    /// <summary>Writes the published log into an empty or missing folder; returns its checkpoint, null if there is none.</summary>
    public async Task<Checkpoint?> WriteAsync(string folder, NoteVerifier verifier, CancellationToken cancel)
    {
        if (await log.NoteAsync(cancel) is not { } note)
        {
            return null;
        }

        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException($"The folder '{folder}' is not empty. An export holds nothing else: name a new folder.");
        }

        var checkpoint = Checkpoint.Open(SignedNote.Parse(note.Span), verifier);
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, "checkpoint"), note.ToArray(), cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "key"), verifier + "\n", cancel);
        var hashes = new List<byte[]>();
        foreach (var (name, level, index, width) in TilePath.All(checkpoint.Size))
        {
            if (level < 0)
            {
                var bundle = EntryBundle.Decode(await log.ReadBundleAsync(index, checkpoint.Size, cancel)).Take(width).ToList();
                hashes.AddRange(bundle.Select(entry => Rfc6962.LeafHash(entry.Span)));
                await WriteAsync(folder, name, EntryBundle.Encode(bundle), cancel);
            }
        }

        foreach (var (name, content) in Tiles(hashes))
        {
            await WriteAsync(folder, name, content, cancel);
        }

        return checkpoint;
    }

    /// <summary>Every hash tile over these leaf hashes, by name.</summary>
    internal static IEnumerable<(string Name, byte[] Content)> Tiles(IReadOnlyList<byte[]> leafHashes)
    {
        var level = 0;
        for (var hashes = leafHashes; hashes.Count > 0; level++)
        {
            var above = new List<byte[]>();
            for (var start = 0; start < hashes.Count; start += TilePath.Width)
            {
                var tile = hashes.Skip(start).Take(TilePath.Width).ToList();
                yield return (TilePath.Of(level, start / TilePath.Width, tile.Count), [.. tile.SelectMany(hash => hash)]);
                if (tile.Count == TilePath.Width)
                {
                    above.Add(MerkleTree.Root(tile));
                }
            }

            hashes = above;
        }
    }

    private static async Task WriteAsync(string folder, string name, byte[] content, CancellationToken cancel)
    {
        var path = Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, content, cancel);
    }
}
