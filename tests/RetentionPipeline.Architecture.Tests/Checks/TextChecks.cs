using System.Text.RegularExpressions;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests.Checks;

/// <summary>What may stand in any file. What is planted here is put together, or this file would be found itself.</summary>
internal static partial class TextChecks
{
    private const string Decisions = "docs/decisions/";
    private const string Resolved = "\"resol" + "ved\"";

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A file names only listed hosts", ListedHosts,
            new("guide/a.md: names the host packages.example", ("guide/a.md", "See <http" + "s://packages.example:8080/x> and http://127.0.0.1:{port}.")),
            new Planted("a.sh: names the host packages.example", ("a.sh", "curl http" + "://packages.example"))),
        new("No file names the host of a package registry", NoRegistry,
            new("guide/a.md: names a package registry", ("guide/a.md", "Fetch it from regis" + "try.npm" + "js.org.")),
            new Planted("lock/x/package-lock.json: names a package registry", ("lock/x/package-lock.json", "{ \"at\": \"api.nu" + "get.org\" }"))),
        new("No file names a path of one machine", NoMachinePath,
            new("guide/a.md: names the path /ho" + "me/", ("guide/a.md", "Run `/ho" + "me/me/retention` or /usr/bin/env.")),
            new Planted("a.cs: names the path /tm" + "p/", ("a.cs", "File.Delete(\"/tm" + "p/x\"); var name = \"scans/tm" + "p/x\";")),
            new Planted("a.cs: names the path C" + ":\\", ("a.cs", "// in C" + ":\\Users\\me"))),
        new("A lock file says what, not where from", LocksWithoutPlaces,
            new("lock/x/package-lock.json: says where packages were fetched from", ("lock/x/package-lock.json", $"{{ {Resolved}: \"x\" }}")),
            new Planted("a/packages.lock.json: says where packages were fetched from", ("a/packages.lock.json", $"{{ {Resolved}: \"http" + "s://x\" }"))),
        new("What a file points at exists", LinksExist,
            new("README.md: points at guide/b.md, which is not there", ("README.md", "[a](guide/a.md) [b](guide/b.md) [c](https:x)"), ("guide/a.md", "")),
            new Planted("guide/a.md: points at #three, which is no heading of guide/b.md", ("guide/a.md", "[x](b.md#two-words) [y](b.md#three)"), ("guide/b.md", "## Two `words`!")),
            new Planted("guide/x/a.md: points at ../../d/, which is not there", ("guide/x/a.md", "[x](../../c/) [x](../../d/)"), ("c/b.md", "")),
            new Planted("src/a.cs: points at sam" + "ples/b.yaml, which is not there", ("src/a.cs", "// as in sam" + "ples/b.yaml"))),
        new("Each decision stands in the index", InIndex,
            new(
                "docs/decisions/0002-b.m" + "d: does not stand in docs/decisions/README.md",
                ("docs/decisions/README.md", "[0001](0001-a.md)"), ("docs/decisions/0001-a.m" + "d", ""), ("docs/decisions/0002-b.m" + "d", ""))),
        new("Nothing is left for later", NothingUnfinished,
            new("src/a.cs: says TO" + "DO", ("src/a.cs", "var todos = 1; // TO" + "DO: think")),
            new Planted("a.sh: says FIX" + "ME", ("a.sh", "# FIX" + "ME"))),
    ];

    private static Findings ListedHosts(Tree tree) => Findings.Of(
        tree.Files.Where(file => !IsLock(file.Key)),
        file => Host().Matches(file.Value).Select(match => match.Groups[1].Value)
            .Where(host => !Rules.Hosts.Contains(host))
            .Select(host => new Breach(file.Key, $"names the host {host}")));

    private static Findings NoRegistry(Tree tree) => Findings.Of(
        tree.Files, file => Registry().IsMatch(file.Value) ? [new Breach(file.Key, "names a package registry")] : []);

    private static Findings NoMachinePath(Tree tree) => Findings.Of(
        tree.Files, file => MachinePath().Matches(file.Value).Select(match => new Breach(file.Key, $"names the path {match.Value}")));

    private static Findings LocksWithoutPlaces(Tree tree) => Findings.Of(
        tree.Files.Where(file => IsLock(file.Key)),
        file => file.Value.Contains(Resolved, StringComparison.Ordinal)
            && (file.Key.EndsWith("package-lock.json", StringComparison.Ordinal) || file.Value.Contains("://", StringComparison.Ordinal))
                ? [new Breach(file.Key, "says where packages were fetched from")]
                : []);

    private static Findings LinksExist(Tree tree) => Findings.Of(
        tree.Files.Where(file => !IsLock(file.Key)),
        file => Link().Matches(file.Key.EndsWith(".md", StringComparison.Ordinal) ? file.Value : "")
            .Select(match => match.Groups[1].Value)
            .SelectMany(target => WrongWith(tree, file.Key, target))
            .Concat(Mention().Matches(file.Value).Select(match => match.Value)
                .Where(path => !tree.Files.ContainsKey(path))
                .Select(path => $"points at {path}, which is not there"))
            .Select(wrong => new Breach(file.Key, wrong)));

    private static IEnumerable<string> WrongWith(Tree tree, string from, string target)
    {
        if (target.Contains(':', StringComparison.Ordinal))
        {
            yield break;
        }

        var (link, anchor) = target.Split('#') is [var before, var after] ? (before, after) : (target, null);
        var path = link.Length == 0 ? from : Resolve(from, link);
        if (!tree.Files.ContainsKey(path) && !tree.Files.Keys.Any(file => file.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal)))
        {
            yield return $"points at {link}, which is not there";
        }
        else if (anchor is not null && !Heading().Matches(tree.Files[path]).Any(heading => Slug(heading.Groups[1].Value) == anchor))
        {
            yield return $"points at #{anchor}, which is no heading of {path}";
        }
    }

    private static string Resolve(string from, string link)
    {
        var parts = from.Split('/')[..^1].ToList();
        foreach (var part in link.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    /// <summary>As the pages of code hosts make anchors of headings.</summary>
    private static string Slug(string heading) => string.Concat(heading.Trim().ToLowerInvariant()
        .Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_')).Replace(' ', '-');

    private static Findings InIndex(Tree tree) => Findings.Of(
        tree.Files.Keys.Where(path => path.StartsWith(Decisions, StringComparison.Ordinal) && path != Decisions + "README.md"),
        path => tree.Files[Decisions + "README.md"].Contains($"]({path[Decisions.Length..]})", StringComparison.Ordinal)
            ? []
            : [new Breach(path, $"does not stand in {Decisions}README.md")]);

    private static Findings NothingUnfinished(Tree tree) => Findings.Of(
        tree.Files.Where(file => !IsLock(file.Key)),
        file => Unfinished().Matches(file.Value).Select(match => new Breach(file.Key, $"says {match.Value}")));

    private static bool IsLock(string path) => path.EndsWith("package-lock.json", StringComparison.Ordinal) || path.EndsWith("packages.lock.json", StringComparison.Ordinal);

    [GeneratedRegex("""https?://([A-Za-z0-9._-]+)""")]
    private static partial Regex Host();

    [GeneratedRegex("""registry\.[a-z]+|\bnpm[j]s\b|\bnu[g]et\.org\b""", RegexOptions.IgnoreCase)]
    private static partial Regex Registry();

    [GeneratedRegex("""(?<![\w.}/*-])/(?:work|tmp|root|home|opt|Users|mnt)/|\b[A-Z]:\\(?=\w)""")]
    private static partial Regex MachinePath();

    [GeneratedRegex("""\]\(([^)\s]+)\)""")]
    private static partial Regex Link();

    [GeneratedRegex("""\b(?:docs|samples|tools|infra)/[\w./-]*\w\.(?:md|yaml|yml|json|js|cs|sh|bicep)\b""")]
    private static partial Regex Mention();

    [GeneratedRegex("""^#+ (.+)$""", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("""\b(?:TO[D]O|FIX[M]E|HA[C]K|Not[I]mplementedException)\b""")]
    private static partial Regex Unfinished();
}
