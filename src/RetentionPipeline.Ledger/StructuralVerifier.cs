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
    /// <summary>Bundles that are read at once, on all processors, while those before them are told.</summary>
    private const int Window = 32;

    private readonly LogFolder files = new(folder);
    private readonly List<LogProblem> problems = [];
    private TreeEdge tree = new();

    /// <summary>
    /// A checkpoint of this log that was verified before. It is proved that the log only grew since; what it covers is read
    /// and told, and not checked again. Null: everything is checked.
    /// </summary>
    public Checkpoint? Since { get; init; }

    /// <summary>
    /// Verifies. Every leaf that could be read goes to <paramref name="onLeaf"/> with its index, in order; done and total
    /// leaves to <paramref name="progress"/>.
    /// </summary>
    public StructureReport Verify(Action<long, Leaf> onLeaf, Action<long, long> progress) =>
        Verify((in leaf) => leaf.ToLeaf(), onLeaf, progress);

    /// <summary>As above, for those who need less of a leaf, or read it in another way.</summary>
    public StructureReport Verify<T>(LeafReading<T> reading, Action<long, T> onLeaf, Action<long, long> progress)
    {
        if (Open() is not var (note, checkpoint))
        {
            return new StructureReport(null, problems, []);
        }

        CheckKeyFile();
        if (!Remember(checkpoint))
        {
            return new StructureReport(checkpoint, problems, UncheckedOf(note));
        }

        var isWhole = ReadEntries(checkpoint.Size, new BundleReader<T>(files, reading), onLeaf, progress);
        foreach (var tile in tree.Partial())
        {
            CheckTile(tile, isWhole);
        }

        CheckRoot(checkpoint, isWhole);
        CheckNothingElse(checkpoint.Size);
        return new StructureReport(checkpoint, problems, UncheckedOf(note));
    }

    private List<string> UncheckedOf(SignedNote note) =>
        [.. note.Signatures.Where(line => !verifier.IsOf(line)).Select(line => $"{line.Name}+{line.KeyId:x8}")];

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

    /// <summary>
    /// Begins with the tree of the remembered checkpoint. Its right edge is read from this log's tiles: where that has the
    /// remembered root, and with what was added since the signed one, both are of one log. False: they are not.
    /// </summary>
    private bool Remember(Checkpoint checkpoint)
    {
        if (Since is null)
        {
            return true;
        }

        if (Since.Origin != checkpoint.Origin)
        {
            Add(null, "fork", "The remembered checkpoint is of another log.");
            return false;
        }

        if (Since.Size > checkpoint.Size)
        {
            Add(null, "shrunk", $"The log has {checkpoint.Size} entries; it had {Since.Size} when it was remembered: what was at its end was taken away, or this is an old copy.");
            return false;
        }

        var edge = TreeEdge.Of(Since.Size, (level, index) => files.Read(
            TilePath.Of(level, index, TilePath.WidthOf(index, checkpoint.Size >> (TilePath.LevelBits * level)))));
        if (edge is null)
        {
            Add(null, "missing", "A tile is missing that the remembered checkpoint rests on.");
            return false;
        }

        if (!edge.Root().AsSpan().SequenceEqual(Since.Root))
        {
            Add(null, "fork", $"The first {Since.Size} entries do not have the root that was remembered: history was rewritten, or two histories are shown.");
            return false;
        }

        tree = edge;
        return true;
    }

    /// <summary>Whether the hash of every leaf is known, from its entry or else from its tile.</summary>
    private bool ReadEntries<T>(long size, BundleReader<T> reader, Action<long, T> onLeaf, Action<long, long> progress)
    {
        var isWhole = true;
        using var windows = TilePath.All(size).TakeWhile(tile => tile.Level < 0).Chunk(Window).GetEnumerator();
        for (var reading = Begin(); reading is not null;)
        {
            var (window, reads) = (windows.Current, reading.GetAwaiter().GetResult());
            reading = Begin();
            foreach (var (tile, bundle) in window.Zip(reads))
            {
                var first = tile.Index * TilePath.Width;
                problems.AddRange(bundle.Problems);
                for (var i = 0; i < bundle.Leaves.Length; i++)
                {
                    if (bundle.Leaves[i].IsLeaf)
                    {
                        onLeaf(first + i, bundle.Leaves[i].Value);
                    }
                }

                if (!WasChecked(tile.Index, tile.Width))
                {
                    isWhole &= Grow(first, bundle.Hashes, bundle.Root, isWhole);
                }

                progress(first + tile.Width, size);
            }
        }

        return isWhole;

        Task<BundleRead<T>[]>? Begin()
        {
            if (!windows.MoveNext())
            {
                return null;
            }

            var window = windows.Current;
            return Task.Run(() =>
            {
                var reads = new BundleRead<T>[window.Length];
                Parallel.For(0, reads.Length, i => reads[i] = WasChecked(window[i].Index, window[i].Width)
                    ? reader.ReadChecked(window[i].Index, window[i].Width)
                    : reader.Read(window[i].Index, window[i].Width));
                return reads;
            });
        }
    }

    private bool WasChecked(long index, int width) => Since is not null && (index * TilePath.Width) + width <= Since.Size;

    /// <summary>Adds the hashes of a bundle to the tree; false where there are none.</summary>
    private bool Grow(long first, byte[]? hashes, byte[]? root, bool isWhole)
    {
        if (hashes is null)
        {
            return false;
        }

        var full = root is not null && tree.Size == first
            ? tree.AddTile(root)
            : hashes.Chunk(Rfc6962.HashLength).Skip((int)Math.Max(0, tree.Size - first)).SelectMany(tree.Add).ToList();
        foreach (var tile in full)
        {
            CheckTile(tile, isWhole);
        }

        return true;
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
