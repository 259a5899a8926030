using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>How long things may be, and what their parameters look like.</summary>
internal static class ShapeChecks
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A file has at most 300 lines", FileLength,
            new("src/A/B.cs: has 301 lines", ("src/A/B.cs", string.Concat(Enumerable.Repeat("// line\n", Rules.LinesOfFile + 1))))),
        new("A function has at most 70 lines", FunctionLength,
            new("B.Long: has 71 lines", ("src/A/B.cs", $"class B {{ void Long() {{\n{Statements(69)}}} void Short() {{ }} }}")),
            new Planted("B.this: has 71 lines", ("src/A/B.cs", $"class B {{ int this[int i] {{ get {{\n{Statements(69)}}} }} }}")),
            new Planted("src/A/B.cs: its top-level statements have 71 lines", ("src/A/B.cs", Statements(71)))),
        new("A constructor of behaviour has at most 6 parameters", ConstructorLength,
            new("B: its constructor has 7 parameters", ("src/A/B.cs", "sealed class B(int a, int b, int c, int d, int e, int f, int g);")),
            new Planted("B.ctor: its constructor has 7 parameters", ("src/A/B.cs", "class B { B(int a, int b, int c, int d, int e, int f, int g) { } }"))),
        new("No public member takes a bool", NoBool,
            new(
                "B.Run: 'quick' is a bool; at the call nobody sees what true means",
                ("src/A/B.cs", "public class B { public void Run(int a, bool quick) { } void Hidden(bool a) { } class C { public void D(bool a) { } } }")),
            new Planted(
                "IB.Run: 'quick' is a bool; at the call nobody sees what true means",
                ("src/A/IB.cs", "public interface IB { void Run(bool? quick); }")),
            new Planted(
                "B: 'quick' is a bool; at the call nobody sees what true means",
                ("src/A/B.cs", "public class B(System.Boolean quick) { public override void Dispose(bool disposing) { } }"))),
        new("The token is called cancel, stands last and is required", Token,
            new("B.Run: 'cancellationToken' is not called cancel", ("src/A/B.cs", "class B { Task Run(int a, CancellationToken cancellationToken) => a; }")),
            new Planted("B.Run: 'cancel' is not last", ("src/A/B.cs", "interface B { Task Run(CancellationToken cancel, int a); }")),
            new Planted("B.Run.Inner: 'cancel' is not required", ("src/A/B.cs", "class B { void Run() { void Inner(CancellationToken cancel = default) { } } }"))),
    ];

    private static string Statements(int count) => string.Concat(Enumerable.Repeat("Call();\n", count));

    private static Findings FileLength(Tree tree) => Findings.Of(tree.Sources, source => source.Lines > Rules.LinesOfFile
        ? [new Breach(source.Path, $"has {source.Lines} lines")]
        : []);

    private static Findings FunctionLength(Tree tree) => Findings.Of(
        tree.Sources.SelectMany(source => source.All<SyntaxNode>().Where(IsFunction).Append(source.Unit)),
        function =>
        {
            var unit = function as CompilationUnitSyntax;
            var lines = unit is null ? LinesOf(function) : unit.Members.OfType<GlobalStatementSyntax>().Sum(LinesOf);
            return lines <= Rules.LinesOfFunction
                ? []
                : unit is null
                    ? [new Breach(SourceFile.NameOf(function), $"has {lines} lines")]
                    : [new Breach(unit.SyntaxTree.FilePath, $"its top-level statements have {lines} lines")];
        });

    private static bool IsFunction(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax
            or PropertyDeclarationSyntax { ExpressionBody: not null } or IndexerDeclarationSyntax { ExpressionBody: not null };

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static Findings ConstructorLength(Tree tree) => Findings.Of(
        ListsOf(tree).Where(list => list.Parent is ConstructorDeclarationSyntax or ClassDeclarationSyntax or StructDeclarationSyntax),
        list => list.Parameters.Count > Rules.ConstructorParameters
            ? [new Breach(SourceFile.NameOf(list), $"its constructor has {list.Parameters.Count} parameters")]
            : []);

    /// <summary>
    /// Not a record's own list (data, each with a name), not an override (its shape is its base's), not what comes out.
    /// </summary>
    private static Findings NoBool(Tree tree) => Findings.Of(
        ListsOf(tree).Where(list => list.Parent is not RecordDeclarationSyntax and MemberDeclarationSyntax member && IsPublic(member)),
        list => list.Parameters
            .Where(parameter => parameter.Type?.ToString().TrimEnd('?') is "bool" or "Boolean" or "System.Boolean")
            .Where(parameter => !parameter.Modifiers.Any(SyntaxKind.OutKeyword))
            .Select(parameter => new Breach(
                SourceFile.NameOf(list), $"'{parameter.Identifier.Text}' is a bool; at the call nobody sees what true means")));

    private static bool IsPublic(MemberDeclarationSyntax member)
    {
        if (member.Modifiers.Any(SyntaxKind.OverrideKeyword) || member is MethodDeclarationSyntax { ExplicitInterfaceSpecifier: not null })
        {
            return false;
        }

        return member.AncestorsAndSelf().OfType<MemberDeclarationSyntax>().Where(outer => outer is not BaseNamespaceDeclarationSyntax)
            .All(outer => outer.Modifiers.Any(SyntaxKind.PublicKeyword) || outer.Modifiers.Any(SyntaxKind.ProtectedKeyword)
                || (outer.Parent is InterfaceDeclarationSyntax && !outer.Modifiers.Any(SyntaxKind.PrivateKeyword)));
    }

    /// <summary>An override has its names from its base.</summary>
    private static Findings Token(Tree tree) => Findings.Of(
        ListsOf(tree).Where(list => list.Parent is not MemberDeclarationSyntax member || !member.Modifiers.Any(SyntaxKind.OverrideKeyword)),
        list => list.Parameters
            .Where(parameter => parameter.Type?.ToString() is "CancellationToken" or "System.Threading.CancellationToken")
            .SelectMany(parameter => WrongWith(list, parameter).Select(wrong => new Breach(SourceFile.NameOf(list), $"'{parameter.Identifier.Text}' is not {wrong}"))));

    private static IEnumerable<string> WrongWith(ParameterListSyntax list, ParameterSyntax token)
    {
        if (token.Identifier.Text != "cancel")
        {
            yield return "called cancel";
        }

        if (list.Parameters.Last(parameter => parameter == token || !MayFollow(parameter)) != token)
        {
            yield return "last";
        }

        if (token.Default is not null)
        {
            yield return "required";
        }
    }

    /// <summary>What the language wants last, and a lambda of many lines, which nobody reads in the middle of a call.</summary>
    private static bool MayFollow(ParameterSyntax parameter) =>
        parameter.Modifiers.Any(SyntaxKind.ParamsKeyword) || parameter.Type is GenericNameSyntax { Identifier.Text: "Func" or "Action" };

    private static IEnumerable<ParameterListSyntax> ListsOf(Tree tree) => tree.Sources.SelectMany(source => source.All<ParameterListSyntax>());
}
