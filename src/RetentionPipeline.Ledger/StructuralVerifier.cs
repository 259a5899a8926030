using System.Text;

namespace RetentionPipeline.Ledger;

/// <summary>Something that is wrong with an exported log.</summary>
/// <param name="Index">The leaf, or the first of those concerned; null where it is about the log as a whole.</param>
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
/// leaf is canonical, and that there is nothing else. What leaves mean is checked elsewhere. Memory does not grow with
/// the log.
/// </summary>
public sealed class StructuralVerifier(string folder, NoteVerifier verifier)
{
    /// <summary>Bundles that are read at once, on all processors.</summary>
    private const int Window = 32;

    private readonly LogFolder files = new(folder);
    private readonly TreeEdge tree = new();
    private readonly List<LogProblem> problems = [];

    /// <summary>
    /// Verifies. Every leaf that could be read goes to <paramref name="onLeaf"/> with its index, in order; done and total
    /// leaves to <paramref name="progress"/>.
    /// </summary>
    public StructureReport Verify(Action<long, Leaf> onLeaf, Action<long, long> progress)
    {
        if (Open() is not var (note, checkpoint))
        {
            return new StructureReport(null, problems, []);
        }

        CheckKeyFile();
        var isWhole = ReadEntries(checkpoint.Size, onLeaf, progress);
        foreach (var tile in tree.Partial())
        {
            CheckTile(tile, isWhole);
        }

        CheckRoot(checkpoint, isWhole);
        CheckNothingElse(checkpoint.Size);
        return new StructureReport(checkpoint, problems, [.. note.Signatures
            .Where(line => !verifier.IsOf(line)).Select(line => $"{line.Name}+{line.KeyId:x8}")]);
    }

    private (SignedNote Note, Checkpoint Checkpoint)? Open()
    {
        if (files.Read("checkpoint") is not { } bytes)
        {
            Add(null, "checkpoint", "The file 'checkpoint' is missing: nothing says how large the log is.");
            return null;
        }

        try
        {
            var note = SignedNote.Parse(bytes);
            return (note, Checkpoint.Open(note, verifier));
        }
        catch (FormatException problem)
        {
            Add(null, "checkpoint", problem.Message);
            return null;
        }
    }

    private void CheckKeyFile()
    {
        var key = files.Read("key");
        if (key is null)
        {
            Add(null, "missing", "The file 'key' is missing.");
        }
        else if (!key.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(verifier + "\n")))
        {
            Add(null, "key", "The file 'key' is not the key that was given: whoever wrote it wants another one to be trusted.");
        }
    }

    /// <summary>Whether the hash of every leaf is known, from its entry or else from its tile.</summary>
    private bool ReadEntries(long size, Action<long, Leaf> onLeaf, Action<long, long> progress)
    {
        var isWhole = true;
        var bundles = TilePath.All(size).TakeWhile(tile => tile.Level < 0);
        foreach (var window in bundles.Chunk(Window))
        {
            var reads = new BundleRead[window.Length];
            Parallel.For(0, reads.Length, i => reads[i] = files.ReadBundle(window[i].Index, window[i].Width));
            foreach (var (tile, bundle) in window.Zip(reads))
            {
                var first = tile.Index * TilePath.Width;
                TellLeaves(first, bundle, onLeaf);
                var hashes = HashesOf(tile.Index, tile.Width, bundle);
                isWhole &= hashes is not null;
                foreach (var full in (hashes ?? []).SelectMany(tree.Add))
                {
                    CheckTile(full, isWhole);
                }

                progress(first + tile.Width, size);
            }
        }

        return isWhole;
    }

    private void TellLeaves(long first, BundleRead bundle, Action<long, Leaf> onLeaf)
    {
        if (bundle.Problem is not null)
        {
            problems.Add(bundle.Problem);
        }

        for (var i = 0; i < bundle.Entries.Count; i++)
        {
            if (bundle.Entries[i].Leaf is { } leaf)
            {
                onLeaf(first + i, leaf);
            }
            else
            {
                Add(first + i, "canonical", bundle.Entries[i].Problem!);
            }
        }
    }

    /// <summary>
    /// The leaf hashes below a bundle: what the entries give, compared with the tile; what the tile says, where there
    /// are no entries; null where there is neither.
    /// </summary>
    private List<byte[]>? HashesOf(long index, int width, BundleRead bundle)
    {
        var name = TilePath.Of(0, index, width);
        var tile = files.Read(name);
        if (tile is null)
        {
            Add(index * TilePath.Width, "missing", $"The tile {name} is missing.");
        }
        else if (tile.Length != width * Rfc6962.HashLength)
        {
            Add(index * TilePath.Width, "tile", $"The tile {name} has {tile.Length} bytes instead of {width * Rfc6962.HashLength}.");
            tile = null;
        }

        var stored = tile?.Chunk(Rfc6962.HashLength).ToList();
        for (var i = 0; i < bundle.Entries.Count && stored is not null; i++)
        {
            if (!stored[i].AsSpan().SequenceEqual(bundle.Entries[i].Hash))
            {
                Add((index * TilePath.Width) + i, "tile", $"The tile {name} has another hash for this leaf: one of the two was changed.");
            }
        }

        return bundle.Problem is null ? [.. bundle.Entries.Select(entry => entry.Hash)] : stored;
    }

    /// <summary>Tiles above the leaves; those of the leaves themselves were compared leaf by leaf.</summary>
    private void CheckTile(HashTile tile, bool isWhole)
    {
        if (tile.Level == 0 || !isWhole)
        {
            return;
        }

        var name = TilePath.Of(tile.Level, tile.Index, tile.Hashes.Length / Rfc6962.HashLength);
        var first = (tile.Index * TilePath.Width) << (TilePath.LevelBits * tile.Level);
        var stored = files.Read(name);
        if (stored is null)
        {
            Add(first, "missing", $"The tile {name} is missing.");
        }
        else if (!stored.AsSpan().SequenceEqual(tile.Hashes))
        {
            Add(first, "tile", $"The tile {name} does not hold the roots of the tiles below it.");
        }
    }

    private void CheckRoot(Checkpoint checkpoint, bool isWhole)
    {
        if (!isWhole)
        {
            Add(null, "root", "The root cannot be computed: of some leaves neither the entry nor the hash is there.");
        }
        else if (!tree.Root().AsSpan().SequenceEqual(checkpoint.Root))
        {
            Add(null, "root", "The entries do not have the root that was signed: at least one was changed.");
        }
    }

    private void CheckNothingElse(long size)
    {
        var expected = TilePath.All(size).Select(tile => tile.Name).Append("checkpoint").Append("key")
            .ToHashSet(StringComparer.Ordinal);
        foreach (var name in files.Names().Where(name => !expected.Contains(name)).Order(StringComparer.Ordinal))
        {
            Add(null, "extra-file", $"The file '{name}' does not belong to a log of {size} entries.");
        }
    }

    private void Add(long? index, string rule, string message) => problems.Add(new LogProblem(index, rule, message));
}
