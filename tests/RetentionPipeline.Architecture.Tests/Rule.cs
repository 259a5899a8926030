using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests;

/// <summary>
/// A rule of the house: how to look for breaches in a tree, and trees that break it. A rule without a planted breach
/// cannot be written down, since a check that was never seen to fail checks nothing.
/// </summary>
internal sealed record Rule(string Name, Func<Tree, Findings> Look, Planted First, params Planted[] More)
{
    public IEnumerable<Planted> Planted => More.Prepend(First);
}

/// <summary>A tree with exactly one breach.</summary>
/// <param name="Expected">The breach as <see cref="Breach.ToString"/> says it.</param>
/// <param name="Tree">The tree.</param>
internal sealed record Planted(string Expected, Tree Tree)
{
    public Planted(string expected, params (string Path, string Text)[] files)
        : this(expected, Tree.Of(files))
    {
    }
}

/// <summary>What a look found.</summary>
/// <param name="Examined">How many things were looked at; 0 means that the rule has gone blind.</param>
/// <param name="Breaches">What is wrong.</param>
internal sealed record Findings(int Examined, IReadOnlyList<Breach> Breaches)
{
    /// <summary>Looks at each subject.</summary>
    public static Findings Of<T>(IEnumerable<T> subjects, Func<T, IEnumerable<Breach>> look)
    {
        var all = subjects.ToList();
        return new Findings(all.Count, [.. all.SelectMany(look).Distinct()]);
    }
}

/// <summary>One breach.</summary>
/// <param name="Where">A file, type, member or project; exceptions name it.</param>
/// <param name="What">What is wrong there.</param>
internal sealed record Breach(string Where, string What)
{
    public override string ToString() => $"{Where}: {What}";
}
