using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>What projects reference, and where they stand.</summary>
internal static class ProjectChecks
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A project references only what its line allows", References,
            new(
                "RetentionPipeline.Core: references RetentionPipeline.Adapters; its line allows Ledger",
                ("src/RetentionPipeline.Core/RetentionPipeline.Core.csproj",
                    """<Project><ItemGroup><ProjectReference Include="..\RetentionPipeline.Adapters\RetentionPipeline.Adapters.csproj" /></ItemGroup></Project>""")),
            new Planted(
                "RetentionPipeline.Billing: has no line in Rules.References",
                ("src/RetentionPipeline.Billing/RetentionPipeline.Billing.csproj", "<Project />")),
            new Planted(
                "Directory.Build.props: references RetentionPipeline.Core; its line allows nothing",
                ("Directory.Build.props", """<Project><ItemGroup><ProjectReference Include="a/RetentionPipeline.Core.csproj" /></ItemGroup></Project>"""))),
        new("A project uses only the packages of its line", Packages,
            new(
                "RetentionPipeline.Ledger: uses Azure.Storage.Blobs; its line allows BouncyCastle.Cryptography",
                ("src/RetentionPipeline.Ledger/RetentionPipeline.Ledger.csproj",
                    """<Project><ItemGroup><PackageReference Include="BouncyCastle.Cryptography; Azure.Storage.Blobs" /></ItemGroup></Project>""")),
            new Planted(
                "RetentionPipeline.Fakes: uses Microsoft.AspNetCore.App; its line allows nothing",
                ("tests/RetentionPipeline.Fakes/RetentionPipeline.Fakes.csproj",
                    """<Project><ItemGroup><FrameworkReference Include="Microsoft.AspNetCore.App" /></ItemGroup></Project>""")),
            new Planted(
                "RetentionPipeline.Billing: has no line in Rules.Packages",
                ("src/RetentionPipeline.Billing/RetentionPipeline.Billing.csproj", "<Project />"))),
        new("A project file switches no shared setting off", Properties,
            new(
                "RetentionPipeline.Core: sets TreatWarningsAsErrors, which is the same for all projects",
                ("src/RetentionPipeline.Core/RetentionPipeline.Core.csproj",
                    "<Project><PropertyGroup><OutputType>Exe</OutputType><TreatWarningsAsErrors>false</TreatWarningsAsErrors></PropertyGroup></Project>"))),
        new("Each project is in the solution", InSolution,
            new(
                "tests/RetentionPipeline.New.Tests/RetentionPipeline.New.Tests.csproj: is not in RetentionPipeline.sln, so nobody builds or tests it",
                ("RetentionPipeline.sln", """x = "Core", "src\RetentionPipeline.Core\RetentionPipeline.Core.csproj" """),
                ("src/RetentionPipeline.Core/RetentionPipeline.Core.csproj", "<Project />"),
                ("tests/RetentionPipeline.New.Tests/RetentionPipeline.New.Tests.csproj", "<Project />"))),
        new("No project or folder is named like the SDKs' first namespace", NoHidingFolder,
            new(
                "src/RetentionPipeline.Adapters/Azure/Blobs/BlobStore.cs: a folder named Azure hides the SDKs' namespace inside ours",
                ("src/RetentionPipeline.Adapters/Azure/Blobs/BlobStore.cs", "")),
            new Planted(
                "src/RetentionPipeline.Azure/RetentionPipeline.Azure.csproj: a folder named RetentionPipeline.Azure hides the SDKs' namespace inside ours",
                ("src/RetentionPipeline.Azure/RetentionPipeline.Azure.csproj", "<Project />"))),
    ];

    private static Findings References(Tree tree) => Lines(tree, Rules.References, project => project.References, Rules.ProjectOf, "references");

    private static Findings Packages(Tree tree) => Lines(tree, Rules.Packages, project => project.Packages, name => name, "uses");

    private static Findings Lines(
        Tree tree, IReadOnlyDictionary<string, string[]> table, Func<ProjectFile, IEnumerable<string>> used,
        Func<string, string> full, string verb) => Findings.Of(tree.Projects, project =>
    {
        var key = table.Keys.SingleOrDefault(key => Rules.ProjectOf(key) == project.Name);
        if (key is null)
        {
            // What speaks for all projects needs no line to say nothing.
            return project.Name.StartsWith("Directory.", StringComparison.Ordinal)
                ? used(project).Select(name => new Breach(project.Name, $"{verb} {name}; its line allows nothing"))
                : [new Breach(project.Name, $"has no line in Rules.{(verb == "uses" ? nameof(Rules.Packages) : nameof(Rules.References))}")];
        }

        var allowed = table[key].Length == 0 ? "nothing" : string.Join(", ", table[key]);
        return used(project).Except(table[key].Select(full))
            .Select(name => new Breach(project.Name, $"{verb} {name}; its line allows {allowed}"));
    });

    private static Findings Properties(Tree tree) => Findings.Of(
        tree.Projects.Where(project => project.Path.EndsWith(".csproj", StringComparison.Ordinal)),
        project => project.Properties.Except(Rules.ProjectProperties)
            .Select(property => new Breach(project.Name, $"sets {property}, which is the same for all projects")));

    private static Findings InSolution(Tree tree)
    {
        var solution = tree.Files["RetentionPipeline.sln"].Replace('\\', '/');
        return Findings.Of(
            tree.Files.Keys.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal)),
            path => solution.Contains($"\"{path}\"", StringComparison.Ordinal)
                ? []
                : [new Breach(path, "is not in RetentionPipeline.sln, so nobody builds or tests it")]);
    }

    private static Findings NoHidingFolder(Tree tree) => Findings.Of(
        tree.Files.Keys.Where(path => path.EndsWith(".cs", StringComparison.Ordinal) || ProjectFile.IsOne(path)),
        path => path.Split('/')[..^1]
            .Where(folder => folder.Split('.').Contains("Azure", StringComparer.OrdinalIgnoreCase))
            .Select(folder => new Breach(path, $"a folder named {folder} hides the SDKs' namespace inside ours")));
}
