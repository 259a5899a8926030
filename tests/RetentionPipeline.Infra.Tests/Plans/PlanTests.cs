using RetentionPipeline.Infra.Tests.Bicep;

namespace RetentionPipeline.Infra.Tests.Plans;

/// <summary>Every rule on the template with the sample company's parameters, and on the changes of it that break the rule.</summary>
public sealed class PlanTests(BicepSession bicep) : IClassFixture<BicepSession>
{
    private static IEnumerable<PlanRule> All => [.. PlanRules.All, .. RoleRules.All];

    public static TheoryData<string> Names => [.. All.Select(rule => rule.Name)];

    [Fact]
    public async Task The_template_keeps_every_rule()
    {
        using var folder = InfraFolder.OfRepository();
        var plan = await Plan.OfAsync(bicep, folder);
        Assert.Equal([], All.SelectMany(rule => rule.Look(plan)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_rule_reports_what_is_planted(string name)
    {
        var rule = All.Single(rule => rule.Name == name);
        foreach (var planted in rule.Planted)
        {
            using var folder = InfraFolder.Altered(planted.Change);
            var plan = await Plan.OfAsync(bicep, folder);
            Assert.Equal(planted.Expected.Order(), rule.Look(plan).Order());
        }
    }

    [Fact]
    public async Task With_triggers_the_host_may_count_the_pipelines_own_messages_and_has_the_identity_named()
    {
        using var folder = InfraFolder.Altered(new Alteration("main.bicepparam", "param origin", "param serviceBusTriggers = true\n\nparam origin"));
        var plan = await Plan.OfAsync(bicep, folder);
        Assert.Empty(RoleRules.Compare(plan, RoleRules.Wanted(isWatched: true)));
        Assert.Equal("managedidentity", plan.Settings["ServiceBus__credential"]);
        Assert.Equal(plan.Settings["AZURE_CLIENT_ID"], plan.Settings["ServiceBus__clientId"]);

        using var plain = InfraFolder.OfRepository();
        Assert.DoesNotContain("ServiceBus__credential", (await Plan.OfAsync(bicep, plain)).Settings.Keys);
    }
}
