using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Infra.Tests.Plans;

/// <summary>
/// What a plan must keep: how to look for breaches, and changes of the template that break it. As in the house rules, one
/// without a planted breach cannot be written down.
/// </summary>
internal sealed record PlanRule(string Name, Func<Plan, IEnumerable<string>> Look, Planted First, params Planted[] More)
{
    public IEnumerable<Planted> Planted => More.Prepend(First);
}

/// <summary>A change of the template, and what is said about it, all of it.</summary>
internal sealed record Planted(Alteration Change, params string[] Expected);
