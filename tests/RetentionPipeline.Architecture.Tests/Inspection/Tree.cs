namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>What the rules look at: the files of the repository and the assemblies built from them.</summary>
internal sealed class Tree
{
    private readonly Lazy<IReadOnlyList<SourceFile>> sources;
    private readonly Lazy<IReadOnlyList<ProjectFile>> projects;
    private readonly Lazy<IReadOnlyDictionary<string, AssemblyUses>> assemblies;

    private Tree(IReadOnlyDictionary<string, string> files, Func<IReadOnlyDictionary<string, byte[]>> images)
    {
        Files = files;
        sources = new(() => [.. files.Where(file => file.Key.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => new SourceFile(file.Key, file.Value))]);
        projects = new(() => [.. files.Where(file => ProjectFile.IsOne(file.Key))
            .Select(file => ProjectFile.Parse(file.Key, file.Value))]);
        assemblies = new(() => images().ToDictionary(image => image.Key, image => AssemblyUses.Read(image.Value)));
    }

    /// <summary>Text by path; paths have forward slashes and no leading one.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    /// <summary>The C# files, parsed.</summary>
    public IReadOnlyList<SourceFile> Sources => sources.Value;

    /// <summary>The project files, and what Directory.Build.props adds to each.</summary>
    public IReadOnlyList<ProjectFile> Projects => projects.Value;

    /// <summary>The built assemblies of <c>src</c> by project name.</summary>
    public IReadOnlyDictionary<string, AssemblyUses> Assemblies => assemblies.Value;

    /// <summary>A tree for a planted breach. Its C# files are compiled, all of a project into one assembly, if asked for.</summary>
    public static Tree Of(params (string Path, string Text)[] files)
    {
        var texts = files.ToDictionary(file => file.Path, file => file.Text);
        return new Tree(texts, () => PlantedAssembly.Compile(texts));
    }

    /// <summary>The repository that these tests were built from.</summary>
    public static Tree OfRepository()
    {
        var root = FindRoot();
        var ignored = new IgnoredPaths(File.ReadAllLines(Path.Combine(root, ".gitignore")));
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Collect(root, "", ignored, files);
        return new Tree(files, () => files.Keys
            .Where(path => path.StartsWith("src/", StringComparison.Ordinal) && ProjectFile.IsOne(path))
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => ReadImage(path, files[path])));
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RetentionPipeline.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("RetentionPipeline.sln was not found above the tests. Run them from a checkout.");
    }

    private static void Collect(string root, string folder, IgnoredPaths ignored, SortedDictionary<string, string> files)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(root, folder)).EnumerateFileSystemInfos())
        {
            var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (entry.Name == ".git" || ignored.Match(path))
            {
                continue;
            }

            if (entry is DirectoryInfo)
            {
                Collect(root, path, ignored, files);
            }
            else if (File.ReadAllText(entry.FullName) is var text && !text.Contains('\0'))
            {
                files.Add(path, text);
            }
        }
    }

    private static byte[] ReadImage(string path, string project)
    {
        var name = ProjectFile.Parse(path, project).AssemblyName;
        var file = Path.Combine(AppContext.BaseDirectory, name + ".dll");
        return File.Exists(file)
            ? File.ReadAllBytes(file)
            : throw new InvalidOperationException($"{name}.dll is not beside the tests: reference {path} in Architecture.Tests.");
    }
}

/// <summary>The lines of .gitignore, as far as this repository uses them: names, folders, one star.</summary>
internal sealed class IgnoredPaths(IEnumerable<string> lines)
{
    private readonly List<string> patterns = [.. lines.Select(line => line.Trim().TrimEnd('/')).Where(line => line.Length > 0 && line[0] != '#')];

    public bool Match(string path) => patterns.Exists(pattern => pattern[0] == '/'
        ? path == pattern[1..]
        : System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path)));
}
