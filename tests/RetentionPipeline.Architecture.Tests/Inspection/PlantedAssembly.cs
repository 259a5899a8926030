using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>Compiles the C# files of a planted tree, so that a planted breach is read as a real one is.</summary>
internal static class PlantedAssembly
{
    public static IReadOnlyDictionary<string, byte[]> Compile(IReadOnlyDictionary<string, string> files) => files
        .Where(file => file.Key.EndsWith(".cs", StringComparison.Ordinal))
        .GroupBy(file => file.Key.Split('/')[1])
        .ToDictionary(project => project.Key, project => Compile(project.Key, project.Select(file => file.Value)));

    private static byte[] Compile(string name, IEnumerable<string> sources)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is "System.Private.CoreLib.dll" or "System.Runtime.dll");
        var compilation = CSharpCompilation.Create(
            name, sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            platform.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        using var image = new MemoryStream();
        var made = compilation.Emit(image);
        return made.Success
            ? image.ToArray()
            : throw new InvalidOperationException("A planted breach does not compile: " + string.Join("; ", made.Diagnostics));
    }
}
