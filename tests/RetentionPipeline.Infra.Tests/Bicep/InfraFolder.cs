namespace RetentionPipeline.Infra.Tests.Bicep;

/// <summary>The folder of the templates, or a copy with something else in it.</summary>
internal sealed class InfraFolder : IDisposable
{
    private readonly bool isCopy;

    private InfraFolder(string path, bool isCopy) => (Path, this.isCopy) = (path, isCopy);

    public string Path { get; }

    public string Parameters => File("main.bicepparam");

    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    public static InfraFolder OfRepository() => new(System.IO.Path.Combine(Root, "infra"), isCopy: false);

    /// <summary>A copy in which a text of one file stands changed. Throws if the text is not there.</summary>
    public static InfraFolder Altered(Alteration alteration)
    {
        var copy = Directory.CreateTempSubdirectory("infra-").FullName;
        using var original = OfRepository();
        foreach (var file in original.Files())
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.Combine(copy, file))!);
            System.IO.File.Copy(original.File(file), System.IO.Path.Combine(copy, file));
        }

        var folder = new InfraFolder(copy, isCopy: true);
        var text = System.IO.File.ReadAllText(folder.File(alteration.File));
        Assert.Contains(alteration.Text, text, StringComparison.Ordinal);
        System.IO.File.WriteAllText(folder.File(alteration.File), text.Replace(alteration.Text, alteration.Instead, StringComparison.Ordinal));
        return folder;
    }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Names of all files.</summary>
    public IReadOnlyList<string> Files() =>
        [.. Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories).Select(file => System.IO.Path.GetRelativePath(Path, file)).Order(StringComparer.Ordinal)];

    /// <summary>Names of the files that Bicep compiles.</summary>
    public IReadOnlyList<string> Sources() => [.. Files().Where(file => file.EndsWith(".bicep", StringComparison.Ordinal) || file.EndsWith(".bicepparam", StringComparison.Ordinal))];

    public void Dispose()
    {
        if (isCopy)
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(System.IO.Path.Combine(folder!.FullName, "RetentionPipeline.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}

/// <summary>A change of a template.</summary>
/// <param name="File">Name in the folder.</param>
/// <param name="Text">What stands there.</param>
/// <param name="Instead">What stands there then.</param>
internal sealed record Alteration(string File, string Text, string Instead);
