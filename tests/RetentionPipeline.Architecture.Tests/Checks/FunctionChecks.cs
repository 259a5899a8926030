using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>A class with a function in it hands a trigger to a handler, settles, and decides nothing.</summary>
internal static class FunctionChecks
{
    private const string Function = "[Function(\"f\")] Task RunAsync()";

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A function class has at most 60 lines", Length,
            new("B: has 61 lines", ("src/A/B.cs", $"class B {{ {Function} {{\n{string.Concat(Enumerable.Repeat("Call();\n", 59))}}} }}"))),
        new("A function class holds no rule, no query and no retry loop", Thin,
            new("B: branches (IfStatement)", ("src/A/B.cs", $"class B {{ {Function} {{ if (due) {{ return a; }} return b; }} }}")),
            new Planted("B: branches (ConditionalExpression)", ("src/A/B.cs", $"class B {{ {Function} => due ? a : b; }}")),
            new Planted("B: branches (SwitchExpression)", ("src/A/B.cs", $"class B {{ {Function} => x switch {{ _ => a }}; }}")),
            new Planted("B: loops (WhileStatement)", ("src/A/B.cs", $"class B {{ {Function} {{ while (true) {{ try {{ return a; }} catch {{ }} }} }} }}")),
            new Planted("B: loops (ForStatement)", ("src/A/B.cs", $"class B {{ {Function} => Again(); Task Again() {{ for (var i = 0; ; i++) {{ }} }} }}")),
            new Planted("B: loops (ForEachStatement)", ("src/A/B.cs", $"class B {{ {Function} {{ await foreach (var x in xs) {{ }} }} }}")),
            new Planted("B: queries (QueryExpression)", ("src/A/B.cs", $"class B {{ {Function} => from x in xs select x; }}")),
            new Planted("B: queries (Where)", ("src/A/B.cs", $"class B {{ {Function} => xs.Where(x => x.Due); }} class C {{ void D() {{ if (a) {{ }} xs.Where(b); }} }}"))),
    ];

    private static Findings Length(Tree tree) => Findings.Of(ClassesOf(tree), type =>
    {
        var span = type.SyntaxTree.GetLineSpan(type.Span);
        var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
        return lines <= Rules.LinesOfFunctionClass ? [] : [new Breach(SourceFile.NameOf(type), $"has {lines} lines")];
    });

    private static Findings Thin(Tree tree) => Findings.Of(ClassesOf(tree), type => type.DescendantNodes()
        .Select(node => WrongWith(node) is { } wrong ? new Breach(SourceFile.NameOf(type), wrong) : null).OfType<Breach>());

    private static string? WrongWith(SyntaxNode node) => node switch
    {
        ForStatementSyntax or CommonForEachStatementSyntax or WhileStatementSyntax or DoStatementSyntax => $"loops ({Kind(node)})",
        IfStatementSyntax or SwitchStatementSyntax or SwitchExpressionSyntax or ConditionalExpressionSyntax => $"branches ({Kind(node)})",
        QueryExpressionSyntax => $"queries ({Kind(node)})",
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: var name } }
            when typeof(Enumerable).GetMethods().Any(method => method.Name == name && method.Name is not nameof(Equals)) => $"queries ({name})",
        _ => null,
    };

    private static string Kind(SyntaxNode node) => node.GetType().Name.Replace("Syntax", "", StringComparison.Ordinal);

    private static IEnumerable<ClassDeclarationSyntax> ClassesOf(Tree tree) => tree.Sources
        .Where(source => source.Path.StartsWith("src/", StringComparison.Ordinal))
        .SelectMany(source => source.All<ClassDeclarationSyntax>())
        .Where(type => type.Members.OfType<MethodDeclarationSyntax>().Any(method => method.AttributeLists
            .SelectMany(list => list.Attributes).Any(attribute => attribute.Name.ToString() is "Function" or "FunctionAttribute")));
}
