using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>What things may be called, and where a namespace lies.</summary>
internal static partial class NameChecks
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A type's name holds no empty word", NoEmptyWord,
            new(
                "HoldManager: 'Manager' says nothing about what it is",
                ("src/RetentionPipeline.Core/Holds/HoldManager.cs", "namespace RetentionPipeline.Core.Holds; internal sealed class HoldManager;")),
            new Planted(
                "Hold.ScopeInfo: 'Info' says nothing about what it is",
                ("src/RetentionPipeline.Core/Holds/Hold.cs", "class Hold { record struct ScopeInfo(int Databases); interface IProcessor; }")),
            new Planted(
                "IDataStore: 'Data' says nothing about what it is",
                ("src/RetentionPipeline.Core/Work/IDataStore.cs", "interface IDataStore;"))),
        new("No type is named like a part of a namespace", NoNamespaceName,
            new(
                "Records: is also a part of a namespace",
                ("src/RetentionPipeline.Core/Records/Key.cs", "namespace RetentionPipeline.Core.Records; class Key;"),
                ("src/RetentionPipeline.Local/Runs/Records.cs", "namespace RetentionPipeline.Local.Runs; enum Records;"))),
        new("No member is named like a room", NoRoomName,
            new(
                "Scan.Policies: a member named like a room hides it",
                ("src/RetentionPipeline.Core/Scanning/Scan.cs", "class Scan { public int Policies { get; } }")),
            new Planted(
                "Scan.Work: a member named like a room hides it",
                ("src/RetentionPipeline.Core/Scanning/Scan.cs", "record Scan(int Works, int Work);"))),
        new("A namespace is the file's folder", NamespaceIsFolder,
            new(
                "src/RetentionPipeline.Core/Holds/Hold.cs: its namespace is RetentionPipeline.Core.Policies, its folder says RetentionPipeline.Core.Holds",
                ("src/RetentionPipeline.Core/Holds/Hold.cs", "namespace RetentionPipeline.Core.Policies; class Hold;")),
            new Planted(
                "src/RetentionPipeline.Core/Holds/Hold.cs: its namespace is missing, its folder says RetentionPipeline.Core.Holds",
                ("src/RetentionPipeline.Core/Holds/Hold.cs", "class Hold;"))),
    ];

    private static Findings NoEmptyWord(Tree tree) => Findings.Of(TypesOf(tree), type =>
        Word().Matches(type.Name).Select(word => word.Value).Intersect(Rules.EmptyWords)
            .Select(word => new Breach(type.Place, $"'{word}' says nothing about what it is")));

    private static Findings NoNamespaceName(Tree tree)
    {
        var parts = tree.Sources.SelectMany(source => source.All<BaseNamespaceDeclarationSyntax>())
            .SelectMany(space => space.Name.ToString().Split('.')).ToHashSet();
        return Findings.Of(TypesOf(tree), type => parts.Contains(type.Name)
            ? [new Breach(type.Place, "is also a part of a namespace")]
            : []);
    }

    private static Findings NoRoomName(Tree tree) => Findings.Of(
        tree.Sources.Where(source => source.Top == "src").SelectMany(source => source.All<SyntaxNode>()).Select(MemberOf).OfType<(string Name, string Place)>(),
        member => member.Name.Length > 0 && Rules.Rooms.ContainsKey(member.Name)
            ? [new Breach(member.Place, "a member named like a room hides it")]
            : []);

    private static Findings NamespaceIsFolder(Tree tree) => Findings.Of(
        tree.Sources.Where(source => source.Project.Length > 0 && source.All<BaseTypeDeclarationSyntax>().Any() && !source.All<GlobalStatementSyntax>().Any()),
        source =>
        {
            var expected = string.Join('.', source.Folders.Prepend(source.Project));
            var actual = source.All<BaseNamespaceDeclarationSyntax>().Select(space => space.Name.ToString()).DefaultIfEmpty("missing");
            return actual.Where(name => name != expected)
                .Select(name => new Breach(source.Path, $"its namespace is {name}, its folder says {expected}"));
        });

    private static IEnumerable<(string Name, string Place)> TypesOf(Tree tree) => tree.Sources
        .SelectMany(source => source.All<MemberDeclarationSyntax>())
        .Select(member => (member switch
        {
            BaseTypeDeclarationSyntax type => type.Identifier.Text,
            DelegateDeclarationSyntax type => type.Identifier.Text,
            _ => "",
        }, SourceFile.NameOf(member)))
        .Where(type => type.Item1.Length > 0);

    private static (string Name, string Place)? MemberOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => (method.Identifier.Text, SourceFile.NameOf(node)),
        PropertyDeclarationSyntax property => (property.Identifier.Text, SourceFile.NameOf(node)),
        EventDeclarationSyntax declared => (declared.Identifier.Text, SourceFile.NameOf(node)),
        EnumMemberDeclarationSyntax member => (member.Identifier.Text, SourceFile.NameOf(node)),
        VariableDeclaratorSyntax { Parent.Parent: BaseFieldDeclarationSyntax } field => (field.Identifier.Text, SourceFile.NameOf(node)),
        ParameterSyntax { Parent.Parent: RecordDeclarationSyntax } property =>
            (property.Identifier.Text, $"{SourceFile.NameOf(node)}.{property.Identifier.Text}"),
        _ => null,
    };

    /// <summary>A word begins with a capital; "Database" is one word, "IDataStore" three.</summary>
    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z][a-z0-9]*")]
    private static partial Regex Word();
}
