using System.Diagnostics.CodeAnalysis;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RetentionPipeline.Core.Policies;

/// <summary>Collects problems with their places.</summary>
internal sealed class ProblemList
{
    private readonly List<PolicyProblem> problems = [];

    /// <summary>In the order of the document.</summary>
    public IReadOnlyList<PolicyProblem> InOrder => [.. problems.OrderBy(p => p.Line).ThenBy(p => p.Column)];

    public bool HasErrors => problems.Any(problem => problem.Severity is ProblemSeverity.Error);

    public void Error(Mark at, string code, string message, string remedy) =>
        problems.Add(new(ProblemSeverity.Error, code, (int)at.Line, (int)at.Column, message, remedy));

    public void Warn(Mark at, string code, string message, string remedy) =>
        problems.Add(new(ProblemSeverity.Warning, code, (int)at.Line, (int)at.Column, message, remedy));
}

/// <summary>
/// A mapping of the document. Reading a key says what is wrong with it and goes on with a stand-in, so that one mistake
/// hides no other.
/// </summary>
internal sealed class YamlPlace
{
    private readonly Dictionary<string, (YamlNode Key, YamlNode Value)> entries = new(StringComparer.Ordinal);
    private readonly ProblemList problems;

    private YamlPlace(string what, Mark at, ProblemList problems)
    {
        (What, At, this.problems) = (what, at, problems);
    }

    /// <summary>For messages: <c>rule 'logs-ip'</c>.</summary>
    public string What { get; }

    /// <summary>Where it begins.</summary>
    public Mark At { get; }

    /// <summary>Its keys, in order.</summary>
    public IEnumerable<string> Keys => entries.Keys;

    /// <summary>Null, with a problem, if the node is no mapping. Any key is taken where <paramref name="place"/> is null.</summary>
    public static YamlPlace? Of(YamlNode node, string? place, string what, ProblemList problems)
    {
        if (node is not YamlMappingNode mapping)
        {
            problems.Error(
                node.Start, "not-a-mapping", $"The {what} is not a mapping of keys to values.", "Write 'key: value' lines.");
            return null;
        }

        var read = new YamlPlace(what, node.Start, problems);
        foreach (var (keyNode, value) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            read.entries[key] = (keyNode, value);
            if (place is not null && !PolicyKeys.ByPlace[place].Contains(key))
            {
                problems.Error(
                    keyNode.Start, "key-unknown", $"The {what} has no key '{key}'.", Suggest(key, PolicyKeys.ByPlace[place]));
            }
        }

        return read;
    }

    public Mark MarkOf(string key) => entries.TryGetValue(key, out var entry) ? entry.Value.Start : At;

    public bool Has(string key) => entries.ContainsKey(key);

    public bool TryGet(string key, [NotNullWhen(true)] out YamlNode? value)
    {
        value = entries.TryGetValue(key, out var entry) ? entry.Value : null;
        return value is not null;
    }

    public string Text(string key) => OptionalText(key) ?? Missing(key, "");

    public string? OptionalText(string key)
    {
        if (!TryGet(key, out var node))
        {
            return null;
        }

        if (node is YamlScalarNode { Value: { Length: > 0 } text })
        {
            return text;
        }

        problems.Error(node.Start, "not-a-text", $"'{key}' of {What} is no text.", "Write one value on the same line.");
        return null;
    }

    /// <summary>One text, or a list of texts with a blank between two.</summary>
    public string Words(string key) =>
        entries[key].Value is YamlSequenceNode ? string.Join(' ', Texts(key)) : OptionalText(key) ?? "";

    public T Choice<T>(string key, T? fallback = null)
        where T : struct, Enum
    {
        if (OptionalText(key) is not { } text)
        {
            return fallback ?? Missing(key, default(T));
        }

        foreach (var value in Enum.GetValues<T>())
        {
            if (Kebab(value.ToString()) == text)
            {
                return value;
            }
        }

        var known = Enum.GetNames<T>().Select(Kebab);
        problems.Error(
            MarkOf(key), "value-unknown", $"'{key}' of {What} is '{text}', which is no value of it.",
            $"Use one of {string.Join(", ", known)}.");
        return fallback ?? default;
    }

    public long Number(string key, long? fallback, long least, long most)
    {
        if (OptionalText(key) is not { } text)
        {
            return fallback ?? Missing(key, least);
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        problems.Error(
            MarkOf(key), "number-out-of-range", $"'{key}' of {What} is no whole number from {least} to {most}.",
            $"Write a number from {least} to {most}.");
        return fallback ?? least;
    }

    public bool Flag(string key)
    {
        switch (OptionalText(key))
        {
            case null or "false":
                return false;
            case "true":
                return true;
            default:
                problems.Error(MarkOf(key), "not-a-flag", $"'{key}' of {What} is neither true nor false.", "Write true or false.");
                return false;
        }
    }

    public RetentionPeriod Period(string key)
    {
        if (OptionalText(key) is not { } text)
        {
            return Missing(key, new RetentionPeriod(0, 1));
        }

        if (RetentionPeriod.TryParse(text) is { } period)
        {
            return period;
        }

        problems.Error(
            MarkOf(key), "period-invalid", $"'{key}' of {What} is no period.",
            "Write an ISO 8601 duration in calendar terms: P30D, P6M, P7Y, P1Y6M.");
        return new RetentionPeriod(0, 1);
    }

    public IReadOnlyList<string> Texts(string key)
    {
        var texts = new List<string>();
        foreach (var node in Items(key))
        {
            if (node is YamlScalarNode { Value: { Length: > 0 } text })
            {
                texts.Add(text);
            }
            else
            {
                problems.Error(node.Start, "not-a-text", $"An item of '{key}' of {What} is no text.", "Write '- value' lines.");
            }
        }

        return texts;
    }

    public IEnumerable<YamlNode> Items(string key)
    {
        if (!TryGet(key, out var node))
        {
            return [];
        }

        if (node is YamlSequenceNode sequence)
        {
            return sequence.Children;
        }

        problems.Error(node.Start, "not-a-list", $"'{key}' of {What} is no list.", "Write '- item' lines, or [a, b].");
        return [];
    }

    public IEnumerable<YamlPlace> Places(string key, string place, string what)
    {
        foreach (var node in Items(key))
        {
            if (Of(node, place, $"{what} of {What}", problems) is { } item)
            {
                yield return item;
            }
        }
    }

    public YamlPlace? Place(string key, string? place, string what) =>
        TryGet(key, out var node) ? Of(node, place, what, problems) : null;

    public T Missing<T>(string key, T standIn)
    {
        problems.Error(At, "key-missing", $"The {What} has no '{key}'.", $"Add '{key}:'.");
        return standIn;
    }

    public static string Kebab(string name) => string.Concat(name.Select((c, i) =>
        char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private static string Suggest(string key, IReadOnlyList<string> known)
    {
        var nearest = known.MinBy(candidate => Distance(key, candidate))!;
        return Distance(key, nearest) <= Math.Max(2, key.Length / 3)
            ? $"Did you mean '{nearest}'?"
            : $"Known keys here: {string.Join(", ", known)}.";
    }

    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(
                    Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
