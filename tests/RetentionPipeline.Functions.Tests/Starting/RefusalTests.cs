using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.Functions.Tests.Hosting;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>What the published app does with settings that are wrong: it does not start, and says which.</summary>
[Collection(AppCollection.Name)]
public sealed class RefusalTests
{
    private const int AtOnce = 3;

    [Fact]
    public async Task Everything_wrong_at_once_is_named_at_once()
    {
        // One store's setting is gone, one stands under another name; what is left is malformed.
        var settings = new Dictionary<string, string>(TrialSettings.Malformed) { ["Retention__policy"] = "contoso-outdoor.yaml" };
        settings.Remove("Stores__crm");
        settings.Remove("Stores__files");
        settings["Stores__file"] = "oh-no!";
        var errors = await AssertRefusedAsync(settings);
        Assert.All(
            TrialSettings.Malformed.Keys.Except(["Retention__policy"]).Append("Stores__file").Append("Retention__origin"),
            name => Assert.Contains($"- {name} ", errors, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Retention_scanSchedule")]
    [InlineData("Stores__shop")]
    public async Task One_that_is_missing_or_misspelt_or_malformed_stops_it(string name)
    {
        Assert.Contains($"- {name} ", await AssertRefusedAsync(TrialSettings.Without(TrialSettings.Needed, name)), StringComparison.Ordinal);
        Assert.Contains($"- {name}s ", await AssertRefusedAsync(TrialSettings.Misspelt(TrialSettings.Needed, name)), StringComparison.Ordinal);
        Assert.Contains($"- {name} ", await AssertRefusedAsync(TrialSettings.With(TrialSettings.Needed, name, TrialSettings.Malformed[name])), StringComparison.Ordinal);
    }

    [LongFact, Trait("Category", "Long")]
    public async Task Each_that_is_missing_or_misspelt_or_malformed_stops_it()
    {
        var (needed, identity) = (TrialSettings.Needed, TrialSettings.AsIdentity);
        IEnumerable<(string Name, Dictionary<string, string> Settings)> cases = needed.Keys.Select(name => (Name: name == "Keys__folder" ? "Keys__vaultUri" : name, Settings: TrialSettings.Without(needed, name)))
            .Concat(needed.Keys.Where(name => name.Contains("__", StringComparison.Ordinal)).Select(name => (name + "s", TrialSettings.Misspelt(needed, name))))
            .Concat(identity.Keys.Select(name => (name + "s", TrialSettings.Misspelt(identity, name))))
            .Concat(TrialSettings.Malformed.Select(wrong => (wrong.Key, TrialSettings.With(needed, wrong.Key, wrong.Value))))
            .Concat(TrialSettings.MalformedIdentity.Select(wrong => (wrong.Key, TrialSettings.With(identity, wrong.Key, wrong.Value))));
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (one, _) =>
            Assert.Contains($"- {one.Name} ", await AssertRefusedAsync(one.Settings), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_handler_with_a_dependency_that_nobody_registers_stops_it_and_is_named()
    {
        // The app as it is published; a start-up hook takes the registration away before its container is built.
        var settings = new Dictionary<string, string>(TrialSettings.Needed)
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
            [StartupHook.Variable] = "RetentionPipeline.Core.Scanning.VerdictWriter",
        };
        var (code, errors) = await PublishedApp.RefuseAsync(settings);
        Assert.NotEqual(0, code);
        Assert.Contains("Unable to resolve service for type 'RetentionPipeline.Core.Scanning.VerdictWriter'", errors, StringComparison.Ordinal);
        Assert.Contains("RetentionPipeline.Core.Scanning.SliceHandler", errors, StringComparison.Ordinal);
    }

    private static async Task<string> AssertRefusedAsync(Dictionary<string, string> settings)
    {
        var (code, errors) = await PublishedApp.RefuseAsync(settings);
        Assert.Equal(1, code);
        Assert.StartsWith("The app does not start.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("oh-no", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        return errors;
    }
}
