using Microsoft.CodeAnalysis.CSharp.Syntax;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>Which folder uses which, read from the built assemblies.</summary>
internal static class RoomChecks
{
    private const string Core = "RetentionPipeline.Core";
    private const string Adapters = "RetentionPipeline.Adapters";
    private const string Ledger = "RetentionPipeline.Ledger";

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A room of Core uses only the rooms of its line", tree => Folders(tree, Core, Rules.Rooms),
            new(
                "RetentionPipeline.Core.Records.Key: uses RetentionPipeline.Core.Holds.Hold, but the line of 'Records' does not list 'Holds'",
                ("src/RetentionPipeline.Core/Records/Key.cs",
                    "namespace RetentionPipeline.Core.Records; public class Key { public static object Of() => new Holds.Hold(); }"),
                ("src/RetentionPipeline.Core/Holds/Hold.cs", "namespace RetentionPipeline.Core.Holds; public class Hold;")),
            new Planted(
                "RetentionPipeline.Core.Work.Row: uses RetentionPipeline.Core.Policies.Rule, but the line of 'Work' does not list 'Policies'",
                ("src/RetentionPipeline.Core/Work/Row.cs",
                    """
                    namespace RetentionPipeline.Core.Work;
                    public class Row { public static System.Func<int> Late() { var seen = 1; return () => seen + Policies.Rule.Days<int>.Count(); } }
                    """),
                ("src/RetentionPipeline.Core/Policies/Rule.cs",
                    "namespace RetentionPipeline.Core.Policies; public static class Rule { public static class Days<T> { public static int Count() => 1; } }")),
            new Planted(
                "RetentionPipeline.Core.Anonymisation.Cut: uses RetentionPipeline.Core.Work.Mark, but the line of 'Anonymisation' does not list 'Work'",
                ("src/RetentionPipeline.Core/Anonymisation/Cut.cs",
                    "namespace RetentionPipeline.Core.Anonymisation; [Work.Mark] public enum Cut;"),
                ("src/RetentionPipeline.Core/Work/Mark.cs",
                    "namespace RetentionPipeline.Core.Work; public sealed class Mark : System.Attribute;")),
            new Planted(
                "RetentionPipeline.Core.Billing.Invoice: 'Billing' has no line",
                ("src/RetentionPipeline.Core/Billing/Invoice.cs", "namespace RetentionPipeline.Core.Billing; public class Invoice;"))),
        new("A room of Core names only the rooms of its line", NamedRooms,
            new(
                "src/RetentionPipeline.Core/Records/Key.cs: names the room 'Holds', but the line of 'Records' does not list it",
                ("src/RetentionPipeline.Core/Records/Key.cs",
                    "using RetentionPipeline.Core.Holds; namespace RetentionPipeline.Core.Records; class Key { const int Most = HoldBounds.Most; }")),
            new Planted(
                "src/RetentionPipeline.Core/Work/Row.cs: names the room 'Erasure', but the line of 'Work' does not list it",
                ("src/RetentionPipeline.Core/Work/Row.cs",
                    "namespace RetentionPipeline.Core.Work; class Row { const int Most = Erasure.EraseBounds.Most; }"))),
        new("A folder of Adapters knows no other", tree => Folders(tree, Adapters, Rules.AdapterFolders),
            new(
                "RetentionPipeline.Adapters.Tables.Rows: uses RetentionPipeline.Adapters.Blobs.Store, but the line of 'Tables' does not list 'Blobs'",
                ("src/RetentionPipeline.Adapters/Tables/Rows.cs",
                    "namespace RetentionPipeline.Adapters.Tables; public class Rows { public void Read(object any) { if (any is Blobs.Store) throw new System.Exception(); } }"),
                ("src/RetentionPipeline.Adapters/Blobs/Store.cs", "namespace RetentionPipeline.Adapters.Blobs; public class Store;")),
            new Planted(
                "RetentionPipeline.Adapters.Blobs.Store: uses RetentionPipeline.Adapters.Composition.Host, but the line of 'Blobs' does not list 'Composition'",
                ("src/RetentionPipeline.Adapters/Blobs/Store.cs",
                    "namespace RetentionPipeline.Adapters.Blobs; public class Store { private readonly System.Collections.Generic.List<Composition.Host>? hosts; }"),
                ("src/RetentionPipeline.Adapters/Composition/Host.cs", "namespace RetentionPipeline.Adapters.Composition; public class Host;"))),
        new("A folder of Adapters names only its own SDK", OwnSdk,
            new(
                "RetentionPipeline.Adapters.Blobs.Store: uses Azure.Data.Tables.Entity, but the line of 'Blobs' lists no such SDK",
                ("src/RetentionPipeline.Adapters/Blobs/Store.cs",
                    """
                    namespace RetentionPipeline.Adapters.Blobs { public class Store { public object? Read() => default(global::Azure.Data.Tables.Entity); } }
                    namespace Azure.Data.Tables { public struct Entity; }
                    """))),
        new("Core and Ledger name nothing of the world outside", NothingOutside,
            new(
                "RetentionPipeline.Core.Records.Reader: uses System.IO.File, which belongs to an adapter",
                ("src/RetentionPipeline.Core/Records/Reader.cs",
                    "namespace RetentionPipeline.Core.Records; public class Reader { public string Read() => System.IO.File.ReadAllText(\"x\"); }")),
            new Planted(
                "RetentionPipeline.Ledger.Sender: uses System.Net.IPAddress, which belongs to an adapter",
                ("src/RetentionPipeline.Ledger/Sender.cs",
                    """
                    namespace RetentionPipeline.Ledger { public class Sender { public object Of() => new System.Net.IPAddress(); } }
                    namespace System.Net { public class IPAddress; }
                    """))),
        new("Ledger knows nothing of the pipeline", LedgerAlone,
            new(
                "RetentionPipeline.Ledger.Log: uses RetentionPipeline.Core.Work.Row",
                ("src/RetentionPipeline.Ledger/Log.cs",
                    """
                    namespace RetentionPipeline.Ledger { public class Log { public object Of() => new RetentionPipeline.Core.Work.Row(); } }
                    namespace RetentionPipeline.Core.Work { public class Row; }
                    """))),
    ];

    private static Findings Folders(Tree tree, string project, IReadOnlyDictionary<string, string[]> table) =>
        Findings.Of(UsesOf(tree, project), use =>
        {
            var from = FolderOf(project, use.Key);
            if (!table.TryGetValue(from, out var allowed))
            {
                return [new Breach(use.Key.ToString(), $"'{from}' has no line")];
            }

            return use.Value.Where(used => Lies(project, used.Namespace) && FolderOf(project, used) != from)
                .Where(used => !allowed.Contains(FolderOf(project, used)))
                .Select(used => new Breach(
                    use.Key.ToString(), $"uses {used}, but the line of '{from}' does not list '{FolderOf(project, used)}'"));
        });

    /// <summary>A constant leaves no trace in an assembly: the compiler copies its value. So the source is read too.</summary>
    private static Findings NamedRooms(Tree tree) => Findings.Of(tree.Sources.Where(source => source.Project == Core), source =>
    {
        var from = source.Folders.FirstOrDefault("");
        var allowed = Rules.Rooms.GetValueOrDefault(from, []);
        return source.Unit.DescendantNodes().Select(NamedRoom).OfType<string>().Distinct()
            .Where(room => room != from && Rules.Rooms.ContainsKey(room) && !allowed.Contains(room))
            .Select(room => new Breach(source.Path, $"names the room '{room}', but the line of '{from}' does not list it"));
    });

    private static string? NamedRoom(Microsoft.CodeAnalysis.SyntaxNode node) => node switch
    {
        // RetentionPipeline.Core.Room, in a using or in full.
        QualifiedNameSyntax name when name.Left.ToString() == Core => name.Right.Identifier.Text,
        MemberAccessExpressionSyntax access when access.Expression.ToString() == Core => access.Name.Identifier.Text,
        // Room.Type: members are never named like a room, so this is one.
        QualifiedNameSyntax { Left: IdentifierNameSyntax first } => first.Identifier.Text,
        MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax first } => first.Identifier.Text,
        _ => null,
    };

    private static Findings OwnSdk(Tree tree) => Findings.Of(UsesOf(tree, Adapters), use =>
    {
        var folder = FolderOf(Adapters, use.Key);
        var allowed = Rules.AdapterSdks.GetValueOrDefault(folder, []);
        return use.Value.Where(used => IsSdk(used.Namespace) && !allowed.Any(sdk => IsWithin(sdk, used.Namespace)))
            .Select(used => new Breach(use.Key.ToString(), $"uses {used}, but the line of '{folder}' lists no such SDK"));
    });

    private static bool IsSdk(string space) =>
        space.Length > 0 && space != "System" && !space.StartsWith("System.", StringComparison.Ordinal)
        && !space.StartsWith("RetentionPipeline.", StringComparison.Ordinal) && !space.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal);

    /// <summary>"Azure" alone is the SDKs' shared namespace; the services below it have lines of their own.</summary>
    private static bool IsWithin(string sdk, string space) => space == sdk || (sdk != "Azure" && Lies(sdk, space));

    private static Findings NothingOutside(Tree tree) => Findings.Of(
        UsesOf(tree, Core).Concat(UsesOf(tree, Ledger)),
        use => use.Value.Where(used => Rules.OutsideWorld.Any(outside => outside.EndsWith('.')
                ? Lies(outside[..^1], used.Namespace)
                : used.ToString() == outside))
            .Select(used => new Breach(use.Key.ToString(), $"uses {used}, which belongs to an adapter")));

    private static Findings LedgerAlone(Tree tree) => Findings.Of(UsesOf(tree, Ledger), use => use.Value
        .Where(used => Lies("RetentionPipeline", used.Namespace) && !Lies(Ledger, used.Namespace))
        .Select(used => new Breach(use.Key.ToString(), $"uses {used}")));

    /// <summary>Types of our own namespaces; what generators add lies elsewhere.</summary>
    private static IEnumerable<KeyValuePair<TypeName, HashSet<TypeName>>> UsesOf(Tree tree, string project) =>
        tree.Assemblies.GetValueOrDefault(project)?.Uses.Where(use => Lies(project, use.Key.Namespace)) ?? [];

    private static bool Lies(string root, string space) =>
        space == root || space.StartsWith(root + ".", StringComparison.Ordinal);

    private static string FolderOf(string project, TypeName type) =>
        type.Namespace == project ? "" : type.Namespace[(project.Length + 1)..].Split('.')[0];
}
