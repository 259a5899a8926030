using RetentionPipeline.Architecture.Tests.Checks;
using RetentionPipeline.Architecture.Tests.Inspection;

namespace RetentionPipeline.Architecture.Tests;

/// <summary>Every rule on this repository, and every rule on the trees that break it.</summary>
public sealed class RuleTests(RepositoryFixture repository) : IClassFixture<RepositoryFixture>
{
    private static IEnumerable<Rule> All =>
        [
            .. ProjectChecks.All, .. RoomChecks.All, .. NameChecks.All, .. ShapeChecks.All, .. FunctionChecks.All, .. StateChecks.All,
            .. TextChecks.All,
        ];

    public static TheoryData<string> Names => [.. All.Select(rule => rule.Name)];

    [Theory, MemberData(nameof(Names))]
    public void The_repository_keeps_the_rule(string rule)
    {
        var findings = Find(rule).Look(repository.Tree);
        Assert.True(findings.Examined > 0, "The rule looked at nothing: it has gone blind.");
        var exempt = Rules.Exemptions.Where(exemption => exemption.Rule == rule).Select(exemption => exemption.Where).ToHashSet();
        var breaches = findings.Breaches.Where(breach => !exempt.Contains(breach.Where)).ToList();
        Assert.True(breaches.Count == 0, string.Join('\n', breaches));
        Assert.Empty(exempt.Except(findings.Breaches.Select(breach => breach.Where)));
    }

    [Theory, MemberData(nameof(Names))]
    public void The_rule_rejects_what_is_planted(string rule)
    {
        foreach (var planted in Find(rule).Planted)
        {
            Assert.Equal([planted.Expected], Find(rule).Look(planted.Tree).Breaches.Select(breach => breach.ToString()));
        }
    }

    [Fact]
    public void An_exemption_belongs_to_a_rule_and_gives_its_reason() =>
        Assert.All(Rules.Exemptions, exemption => Assert.True(
            All.Any(rule => rule.Name == exemption.Rule) && exemption.Why.Length > 20, exemption.ToString()));

    private static Rule Find(string name) => All.Single(rule => rule.Name == name);
}

/// <summary>This repository, read once for all rules.</summary>
public sealed class RepositoryFixture
{
    internal Tree Tree { get; } = Tree.OfRepository();
}
