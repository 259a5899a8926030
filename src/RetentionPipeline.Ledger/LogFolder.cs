namespace RetentionPipeline.Ledger;

/// <summary>An exported log as it lies in a folder; names have slashes.</summary>
internal sealed class LogFolder(string folder)
{
    /// <summary>There is nothing there yet.</summary>
    public bool IsFree() =>
        !File.Exists(folder) && !(Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any());

    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        return File.WriteAllBytesAsync(PathOf(name), content, cancel);
    }

    /// <summary>Null for what is missing or cannot be read.</summary>
    public byte[]? Read(string name)
    {
        try
        {
            return File.ReadAllBytes(PathOf(name));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Names of all files.</summary>
    public IEnumerable<string> Names() => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'));

    /// <summary>Reads a bundle and what each of its entries is; safe for concurrent use.</summary>
    public BundleRead ReadBundle(long index, int width)
    {
        var name = TilePath.OfEntries(index, width);
        if (Read(name) is not { } bytes)
        {
            return Broken("missing", $"The entry bundle {name} is missing.");
        }

        try
        {
            var entries = EntryBundle.Decode(bytes);
            return entries.Count == width
                ? new BundleRead(null, [.. entries.Select(ReadEntry)])
                : Broken("bundle", $"The entry bundle {name} holds {entries.Count} entries instead of {width}.");
        }
        catch (FormatException)
        {
            return Broken("bundle", $"The entry bundle {name} ends within an entry.");
        }

        BundleRead Broken(string rule, string message) => new(new LogProblem(index * TilePath.Width, rule, message), []);
    }

    private string PathOf(string name) => Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));

    private static EntryRead ReadEntry(ReadOnlyMemory<byte> entry)
    {
        var hash = Rfc6962.LeafHash(entry.Span);
        try
        {
            return new EntryRead(hash, Leaf.Parse(entry.Span) with { Hash = hash }, null);
        }
        catch (LeafFormatException problem)
        {
            return new EntryRead(hash, null, problem.Message);
        }
    }
}

/// <summary>A bundle that was read.</summary>
/// <param name="Problem">Why there are no entries; else null.</param>
/// <param name="Entries">As many as the bundle must have, or none.</param>
internal sealed record BundleRead(LogProblem? Problem, IReadOnlyList<EntryRead> Entries);

/// <summary>An entry and the leaf that it is, or why it is none.</summary>
internal sealed record EntryRead(byte[] Hash, Leaf? Leaf, string? Problem);
