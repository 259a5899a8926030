using System.Text;
using System.Text.Json;

namespace RetentionPipeline.Core.Anonymisation;

/// <summary>Which names end at a place.</summary>
/// <param name="Here">Names of the value itself.</param>
/// <param name="Inside">Names of the list that the value is an entry of.</param>
internal sealed record PlaceNames(int[] Here, int[] Inside)
{
    /// <summary>The name, where there is one alone; else -1.</summary>
    public int Only { get; } = Here.Length + Inside.Length == 1 ? Here.Concat(Inside).Single() : -1;

    /// <summary>Whether a name is of the value itself.</summary>
    public bool IsHere { get; } = Here.Length > 0;

    private static readonly PlaceNames[] Single = [.. Enumerable.Range(0, 64).Select(name => new PlaceNames([name], []))];

    /// <summary>A place of one name.</summary>
    public static PlaceNames Of(int name) => name >= 0 && name < Single.Length ? Single[name] : new([name], []);
}

/// <summary>
/// Paths into JSON as a machine: a node is a set of paths and how far each has come, so that a value is looked at once
/// however many paths there are. A dot leads into an object, and may as well be part of a member's own name; a number is
/// an entry of a list, counted from 0; <c>*</c> is each member or entry. A list on the way, without either, stands for
/// each of its entries. Immutable.
/// </summary>
internal sealed class JsonPaths
{
    private const string Each = "*";

    private readonly string[][] paths;
    private readonly Dictionary<string, PathNode> nodes = new(StringComparer.Ordinal);

    public JsonPaths(IReadOnlyList<string> wanted)
    {
        paths = [.. wanted.Select(path => path.Split('.'))];
        Root = NodeOf(Enumerable.Range(0, paths.Length).Select(path => new PathStep(path, 0)))!;
    }

    public PathNode Root { get; }

    private PathNode? NodeOf(IEnumerable<PathStep> steps)
    {
        var all = steps.Distinct().Order().ToList();
        var key = string.Join(' ', all.Select(step => $"{step.Path}/{step.At}"));
        if (all.Count == 0 || nodes.TryGetValue(key, out var node))
        {
            return all.Count == 0 ? null : nodes[key];
        }

        int[] At(int beyond) => [.. all.Where(step => step.At == paths[step.Path].Length + beyond).Select(step => step.Path)];
        var names = new PlaceNames(At(0), At(1));
        node = nodes[key] = new PathNode(names.Here.Length + names.Inside.Length > 0 ? names : null);
        AddMembers(node, [.. all.Where(step => step.At < paths[step.Path].Length)]);
        AddEntries(node, all);
        return node;
    }

    private void AddMembers(PathNode node, IReadOnlyList<PathStep> open)
    {
        var each = open.Where(step => paths[step.Path][step.At] == Each).Select(step => step.By(1)).ToList();
        var named = new Dictionary<string, List<PathStep>>(StringComparer.Ordinal);
        foreach (var step in open)
        {
            var rest = paths[step.Path][step.At..];
            for (var length = 1; length <= rest.Length && rest[length - 1] != Each; length++)
            {
                var name = string.Join('.', rest[..length]);
                (named.TryGetValue(name, out var known) ? known : named[name] = [.. each]).Add(step.By(length));
            }
        }

        node.OtherMember = NodeOf(each);
        node.Members = [.. named.Select(pair => (Encoding.UTF8.GetBytes(pair.Key), NodeOf(pair.Value)!))];
    }

    private void AddEntries(PathNode node, IReadOnlyList<PathStep> all)
    {
        var each = new List<PathStep>();
        var counted = new Dictionary<int, List<PathStep>>();
        foreach (var step in all)
        {
            var path = paths[step.Path];
            if (step.At >= path.Length)
            {
                each.Add(step with { At = path.Length + 1 });
            }
            else if (int.TryParse(path[step.At], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                (counted.TryGetValue(number, out var known) ? known : counted[number] = []).Add(step.By(1));
            }
            else
            {
                each.Add(path[step.At] == Each ? step.By(1) : step);
            }
        }

        node.OtherEntry = NodeOf(each);
        node.Entries = counted.ToDictionary(pair => pair.Key, pair => NodeOf([.. pair.Value, .. each])!);
    }

    /// <summary>How far a path has come; one more than its length inside a list that it ends at.</summary>
    private readonly record struct PathStep(int Path, int At) : IComparable<PathStep>
    {
        public PathStep By(int parts) => this with { At = At + parts };

        public int CompareTo(PathStep other) => (Path, At).CompareTo((other.Path, other.At));
    }
}

/// <summary>A node of <see cref="JsonPaths"/>.</summary>
internal sealed class PathNode(PlaceNames? names)
{
    /// <summary>Null where no path ends.</summary>
    public PlaceNames? Names { get; } = names;

    public (byte[] Name, PathNode Node)[] Members { private get; set; } = [];

    public PathNode? OtherMember { private get; set; }

    public Dictionary<int, PathNode> Entries { private get; set; } = [];

    public PathNode? OtherEntry { private get; set; }

    /// <summary>Whether any path goes on inside an object.</summary>
    public bool HasMembers => Members.Length > 0 || OtherMember is not null;

    /// <summary>Whether any path goes on inside a list.</summary>
    public bool HasEntries => Entries.Count > 0 || OtherEntry is not null;

    /// <summary>The reader is at a member's name. Null where no path goes on.</summary>
    public PathNode? Member(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return Member(reader.ValueSpan);
        }

        foreach (var (name, node) in Members)
        {
            if (reader.ValueTextEquals(name))
            {
                return node;
            }
        }

        return OtherMember;
    }

    /// <summary>The member of a name that no escape is in.</summary>
    public PathNode? Member(ReadOnlySpan<byte> written)
    {
        foreach (var (name, node) in Members)
        {
            if (name.Length == written.Length && written.SequenceEqual(name))
            {
                return node;
            }
        }

        return OtherMember;
    }

    /// <summary>An entry of a list, counted from 0.</summary>
    public PathNode? Entry(int ordinal) => Entries.Count > 0 && Entries.TryGetValue(ordinal, out var node) ? node : OtherEntry;
}
