namespace RetentionPipeline.Ledger;

/// <summary>Something that is wrong with an exported log.</summary>
/// <param name="Index">The leaf, or null where it is about a file.</param>
/// <param name="Rule">Stable name of the rule.</param>
/// <param name="Message">What is wrong and what that means.</param>
public sealed record LogProblem(long? Index, string Rule, string Message);

/// <summary>What the verification of structure found.</summary>
/// <param name="Checkpoint">Null if it could not be opened.</param>
/// <param name="Problems">All of them.</param>
/// <param name="Unchecked">Signature lines of keys that were not given.</param>
public sealed record StructureReport(
    Checkpoint? Checkpoint, IReadOnlyList<LogProblem> Problems, IReadOnlyList<string> Unchecked);

/// <summary>
/// Checks an exported log from its files and a key alone: signature, every entry bundle, every tile, the root, that each
/// leaf is canonical, and that there is nothing else. What leaves mean is checked elsewhere.
/// </summary>
public sealed class StructuralVerifier(string folder, NoteVerifier verifier)
{
    private readonly List<LogProblem> problems = [];

    /// <summary>
    /// Verifies. Every leaf that could be read goes to <paramref name="onLeaf"/> with its index, in order; done and total
    /// leaves to <paramref name="progress"/>.
    /// </summary>
    public StructureReport Verify(Action<long, Leaf> onLeaf, Action<long, long> progress)
    {
        SignedNote note;
        Checkpoint checkpoint;
        try
        {
            note = SignedNote.Parse(File.ReadAllBytes(Path.Combine(folder, "checkpoint")));
            checkpoint = Checkpoint.Open(note, verifier);
        }
        catch (Exception problem) when (problem is FormatException or IOException)
        {
            Add(null, "checkpoint", problem is IOException ? "The checkpoint is missing." : problem.Message);
            return new StructureReport(null, problems, []);
        }

        CheckKeyFile();
        var hashes = ReadEntries(checkpoint, onLeaf, progress);
        if (hashes.Count == checkpoint.Size && !MerkleTree.Root(hashes).AsSpan().SequenceEqual(checkpoint.Root))
        {
            Add(null, "root", "The entries do not have the root that was signed: at least one was changed.");
        }

        foreach (var (name, content) in LogExport.Tiles(hashes))
        {
            if (Read(name) is { } tile && !tile.AsSpan().SequenceEqual(content))
            {
                Add(null, "tile", $"The tile {name} does not hold the hashes of the entries below it.");
            }
        }

        CheckNothingElse(checkpoint.Size);
        var unknown = note.Signatures.Where(signature => signature.KeyId != verifier.KeyId || signature.Name != verifier.Name)
            .Select(signature => $"{signature.Name}+{signature.KeyId:x8}").ToList();
        return new StructureReport(checkpoint, problems, unknown);
    }

    private void CheckKeyFile()
    {
        var key = Read("key");
        if (key is not null && System.Text.Encoding.UTF8.GetString(key) != verifier + "\n")
        {
            Add(null, "key", "The file 'key' is not the key that was given: whoever wrote it wants another one to be trusted.");
        }
    }

    private List<byte[]> ReadEntries(Checkpoint checkpoint, Action<long, Leaf> onLeaf, Action<long, long> progress)
    {
        var hashes = new List<byte[]>();
        foreach (var (name, level, index, width) in TilePath.All(checkpoint.Size).Where(tile => tile.Level < 0))
        {
            if (Read(name) is not { } bundle)
            {
                continue;
            }

            try
            {
                var entries = EntryBundle.Decode(bundle);
                if (entries.Count != width)
                {
                    Add(index * TilePath.Width, "bundle", $"The bundle {name} holds {entries.Count} entries instead of {width}.");
                }

                foreach (var entry in entries)
                {
                    ReadLeaf(hashes.Count, entry, onLeaf);
                    hashes.Add(Rfc6962.LeafHash(entry.Span));
                }
            }
            catch (FormatException)
            {
                Add(index * TilePath.Width, "bundle", $"The bundle {name} is damaged.");
            }

            progress(hashes.Count, checkpoint.Size);
        }

        return hashes;
    }

    private void ReadLeaf(long index, ReadOnlyMemory<byte> entry, Action<long, Leaf> onLeaf)
    {
        try
        {
            onLeaf(index, Leaf.Parse(entry.Span));
        }
        catch (FormatException problem)
        {
            Add(index, "canonical", problem.Message);
        }
    }

    private void CheckNothingElse(long size)
    {
        var expected = TilePath.All(size).Select(tile => tile.Name).Append("checkpoint").Append("key").ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (!expected.Contains(name))
            {
                Add(null, "extra-file", $"The file '{name}' does not belong to a log of {size} entries.");
            }
        }
    }

    private byte[]? Read(string name)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar)));
        }
        catch (IOException)
        {
            Add(null, "missing", $"The file '{name}' is missing.");
            return null;
        }
    }

    private void Add(long? index, string rule, string message) => problems.Add(new LogProblem(index, rule, message));
}
