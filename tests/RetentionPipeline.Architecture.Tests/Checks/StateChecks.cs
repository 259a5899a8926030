using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>Nothing that changes is shared by all of a process.</summary>
internal static class StateChecks
{
    public static IReadOnlyList<Rule> All { get; } =
    [
        new("No static state changes", NoStaticState,
            new("B.count: is static and can be assigned", ("src/A/B.cs", "class B { private static int count; const int C = 1; static readonly int D = 2; }")),
            new Planted("B.Current: is static and can be assigned", ("src/A/B.cs", "class B { public static string? Current { get; set; } }")),
            new Planted("B.PageLimit: is static and can be assigned", ("tests/A/B.cs", "class B { public static int PageLimit { get; set; } static List<int> Vectors { get; } = []; }")),
            new Planted("B.Changed: is static and can be assigned", ("src/A/B.cs", "class B { static event System.Action? Changed; }")),
            new Planted(
                "B.cache: is static and ConcurrentDictionary<string, int> is not listed as unchanging",
                ("src/A/B.cs", "class B { static readonly ConcurrentDictionary<string, int> cache = new(); static readonly Scope scope; enum Scope; }")),
            new Planted(
                "B.Names: is static and string[] is not listed as unchanging",
                ("src/A/B.cs", "class B { internal static readonly string[] Names = []; private static readonly int[] Sizes = []; }")),
            new Planted(
                "B.Seen: is static and HashSet<int> is not listed as unchanging",
                ("src/A/B.cs", "class B { static HashSet<int> Seen { get; } = []; static HashSet<int> Fresh => []; }"))),
    ];

    private static Findings NoStaticState(Tree tree)
    {
        // A record is data, an enum a number: neither changes once made.
        var own = tree.Sources.SelectMany(source => source.All<BaseTypeDeclarationSyntax>())
            .Where(type => type is RecordDeclarationSyntax or EnumDeclarationSyntax)
            .Select(type => type.Identifier.Text).ToHashSet();
        return Findings.Of(
            tree.Sources.SelectMany(source => source.All<MemberDeclarationSyntax>().Where(IsStatic)),
            member => member switch
            {
                FieldDeclarationSyntax field when !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) =>
                    field.Declaration.Variables.Select(Assigned),
                FieldDeclarationSyntax field when !Stays(field.Declaration.Type, field, own) =>
                    field.Declaration.Variables.Select(variable => Changing(variable, field.Declaration.Type)),
                EventFieldDeclarationSyntax declared => declared.Declaration.Variables.Select(Assigned),
                PropertyDeclarationSyntax { AccessorList: { } accessors } property when IsAuto(accessors) =>
                    accessors.Accessors.Any(accessor => !accessor.IsKind(SyntaxKind.GetAccessorDeclaration)) ? [Assigned(property)]
                    : Stays(property.Type, property, own) ? []
                    : [Changing(property, property.Type)],
                _ => [],
            });
    }

    private static bool IsStatic(MemberDeclarationSyntax member) =>
        member is BaseFieldDeclarationSyntax or PropertyDeclarationSyntax && member.Modifiers.Any(SyntaxKind.StaticKeyword)
        && !member.Modifiers.Any(SyntaxKind.AbstractKeyword);

    private static bool IsAuto(AccessorListSyntax accessors) =>
        accessors.Accessors.All(accessor => accessor is { Body: null, ExpressionBody: null });

    /// <summary>Tests keep vectors in whatever holds them; what they may not do is assign.</summary>
    private static bool Stays(TypeSyntax type, MemberDeclarationSyntax member, HashSet<string> own) =>
        member.SyntaxTree.FilePath.StartsWith("tests/", StringComparison.Ordinal) || IsUnchanging(type, member, own);

    private static bool IsUnchanging(TypeSyntax type, MemberDeclarationSyntax member, HashSet<string> own) => type switch
    {
        ArrayTypeSyntax array => !member.Modifiers.Any(SyntaxKind.PublicKeyword) && !member.Modifiers.Any(SyntaxKind.InternalKeyword)
            && array.RankSpecifiers.Count == 1,
        NullableTypeSyntax nullable => IsUnchanging(nullable.ElementType, member, own),
        TupleTypeSyntax tuple => tuple.Elements.All(element => IsUnchanging(element.Type, member, own)),
        QualifiedNameSyntax name => IsUnchanging(name.Right, member, own),
        SimpleNameSyntax name => Rules.Unchanging.Contains(name.Identifier.Text) || own.Contains(name.Identifier.Text),
        PredefinedTypeSyntax predefined => Rules.Unchanging.Contains(predefined.Keyword.Text),
        _ => false,
    };

    private static Breach Assigned(SyntaxNode member) => new(SourceFile.NameOf(member), "is static and can be assigned");

    private static Breach Changing(SyntaxNode member, TypeSyntax type) =>
        new(SourceFile.NameOf(member), $"is static and {type} is not listed as unchanging");
}
