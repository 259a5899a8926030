using System.Xml.Linq;

namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>A project file, or <c>Directory.Build.props</c>, which speaks for all.</summary>
internal sealed record ProjectFile(
    string Path, string Name, string AssemblyName, IReadOnlyList<string> References, IReadOnlyList<string> Packages,
    IReadOnlyList<string> Properties)
{
    private const string Shared = "Directory.Build.props";

    public static bool IsOne(string path) =>
        path.EndsWith(".csproj", StringComparison.Ordinal)
        || path.EndsWith(Shared, StringComparison.Ordinal)
        || path.EndsWith("Directory.Build.targets", StringComparison.Ordinal);

    /// <summary>
    /// Packages are all that brings in code from outside: packages, frameworks, bare assemblies, imports. Conditions are
    /// ignored: what is referenced sometimes is referenced.
    /// </summary>
    public static ProjectFile Parse(string path, string text)
    {
        var document = XDocument.Parse(text);
        var file = path[(path.LastIndexOf('/') + 1)..];
        var name = file.EndsWith(".csproj", StringComparison.Ordinal) ? file[..^".csproj".Length] : path;
        IEnumerable<string> Includes(params string[] elements) => document.Descendants()
            .Where(element => elements.Contains(element.Name.LocalName))
            .SelectMany(element => ((string?)element.Attribute("Include") ?? (string?)element.Attribute("Project") ?? "")
                .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        return new ProjectFile(
            path, name, document.Descendants("AssemblyName").LastOrDefault()?.Value ?? name,
            [.. Includes("ProjectReference").Select(include => System.IO.Path.GetFileNameWithoutExtension(include.Replace('\\', '/')))],
            [.. Includes("PackageReference", "FrameworkReference", "Reference", "Import", "PackageDownload", "Analyzer")],
            [.. document.Descendants("PropertyGroup").Elements().Select(property => property.Name.LocalName).Distinct()]);
    }
}
