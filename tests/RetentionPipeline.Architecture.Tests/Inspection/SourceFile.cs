using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace RetentionPipeline.Architecture.Tests.Inspection;

/// <summary>A C# file.</summary>
internal sealed class SourceFile(string path, string text)
{
    private readonly Lazy<CompilationUnitSyntax> unit = new(() => CSharpSyntaxTree
        .ParseText(text, CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview), path).GetCompilationUnitRoot());

    public string Path { get; } = path;

    public CompilationUnitSyntax Unit => unit.Value;

    /// <summary>A last line without an end counts.</summary>
    public int Lines => text.Length == 0 ? 0 : text.TrimEnd('\n').Count(letter => letter == '\n') + 1;

    /// <summary><c>src</c>, <c>tests</c> or <c>bench</c>.</summary>
    public string Top => Path.Split('/')[0];

    /// <summary>The project's name; projects lie in folders of their name.</summary>
    public string Project => Path.Split('/') is [_, var project, _, ..] ? project : "";

    /// <summary>The folder's segments below the project.</summary>
    public string[] Folders => Path.Split('/') is [_, _, .. var rest] ? rest[..^1] : [];

    /// <summary>Every node of a kind.</summary>
    public IEnumerable<T> All<T>()
        where T : SyntaxNode => Unit.DescendantNodes().OfType<T>();

    /// <summary><c>Type.Member</c> with all outer types.</summary>
    public static string NameOf(SyntaxNode node) => string.Join('.', node.AncestorsAndSelf().Reverse().Select(OwnName).Where(name => name.Length > 0));

    private static string OwnName(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax => "ctor",
        PropertyDeclarationSyntax property => property.Identifier.Text,
        EventDeclarationSyntax declared => declared.Identifier.Text,
        EnumMemberDeclarationSyntax member => member.Identifier.Text,
        LocalFunctionStatementSyntax function => function.Identifier.Text,
        VariableDeclaratorSyntax { Parent.Parent: BaseFieldDeclarationSyntax } field => field.Identifier.Text,
        IndexerDeclarationSyntax => "this",
        OperatorDeclarationSyntax declared => "operator" + declared.OperatorToken.Text,
        _ => "",
    };
}
