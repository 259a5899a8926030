using Microsoft.Extensions.Configuration;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Functions.Settings;
using RetentionPipeline.Functions.Tests.Hosting;

namespace RetentionPipeline.Functions.Tests.Starting;

/// <summary>How settings are bound; what the published app does with those that are wrong is in <see cref="RefusalTests"/>.</summary>
public sealed class SettingsTests
{
    [Fact]
    public void Connection_strings_make_a_deployment()
    {
        var options = Read(TrialSettings.Needed);
        Assert.Equal(TrialSettings.Needed["WorkStorage"], options.Deployment.Account);
        Assert.Null(options.Deployment.AccountTables);
        Assert.Equal(TrialSettings.Needed["ServiceBus"], options.Deployment.Queue);
        Assert.Equal(
            [("crm", StoreKind.Table), ("files", StoreKind.Blob), ("logs", StoreKind.Blob), ("shop", StoreKind.Cosmos)],
            options.Deployment.Stores.Select(store => (store.Key, store.Value.Kind)).Order());
        Assert.Equal(TrialSettings.Needed["Keys__folder"], options.Deployment.Keys);
        Assert.Equal(
            Path.Combine(PublishedApp.Folder, "keys"),
            Read(new Dictionary<string, string>(TrialSettings.Needed) { ["Keys__folder"] = "keys", ["Retention__times"] = "local" }).Deployment.Keys);
        Assert.Equal(TimeSpan.FromMinutes(5), options.Deployment.Settings.Times.LongestHandling);
        Assert.Equal((4, 4, 16), (options.Deployment.Settings.Bounds.Slices, options.Deployment.Settings.Bounds.Operations, options.Deployment.Settings.ActConcurrency));
        Assert.Null(options.Deployment.Identity);
    }

    [Fact]
    public void Addresses_make_a_deployment_that_is_used_as_one_identity()
    {
        var options = Read(TrialSettings.AsIdentity);
        Assert.Equal("far.servicebus.windows.net", options.Deployment.Queue);
        Assert.Equal("6c9ad8f1-4f22-4a6a-b6a0-0a8c6a5bb7a1", options.Deployment.Identity);
        Assert.All(options.Deployment.Stores.Values, store => Assert.Equal("https://127.0.0.1:9/", store.Address));
    }

    [Fact]
    public void Limits_queues_and_times_are_what_the_settings_say()
    {
        var options = Read(new Dictionary<string, string>(TrialSettings.Needed)
        {
            ["Retention_slicesQueue"] = "contoso-slices",
            ["Retention__slicesAtOnce"] = "2",
            ["Retention__operationsAtOnce"] = "3",
            ["Retention__actsAtOnce"] = "5",
            ["Retention__times"] = "local",
            ["Retention__lateAfter"] = "00:02:00",
            ["Retention__pumpLimit"] = "00:00:30",
            ["Retention_scanSchedule"] = "0 */10 * * * *",
        });
        Assert.Equal([new("slices", "contoso-slices")], options.Deployment.Queues!);
        Assert.Equal((2, 3, 5), (options.Deployment.Settings.Bounds.Slices, options.Deployment.Settings.Bounds.Operations, options.Deployment.Settings.ActConcurrency));
        Assert.Equal(TimeSpan.FromSeconds(20), options.Deployment.Settings.Times.LongestHandling);
        Assert.Equal(TimeSpan.FromSeconds(30) - TimeSpan.FromSeconds(20), options.Pump.Receiving);
        Assert.Equal(TimeSpan.FromMinutes(22), options.Freshness.Timers["scan"]);
        Assert.Equal(TimeSpan.FromMinutes(2), options.Freshness.Ledger);
    }

    [Fact]
    public void Outside_parties_are_those_that_the_settings_name()
    {
        const string key = "witness.example/w+b1f0a4f8+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        var roots = Path.Combine(PublishedApp.Folder, "none.pem");
        Assert.Empty(Read(TrialSettings.Needed).Deployment.Anchors!);
        Assert.Equal(
            ["Retention__timeStamps names a file that holds no certificates in PEM."],
            Problems(TrialSettings.With(TrialSettings.Needed, "Retention__timeStamps", "one http://127.0.0.1:9/ none.pem")));
        Assert.Equal(
            ["Retention__timeStamps is no list of NAME ADDRESS ROOTS, with semicolons between the authorities."],
            Problems(TrialSettings.With(TrialSettings.Needed, "Retention__timeStamps", "one http://127.0.0.1:9/")));
        Assert.Equal(
            ["Retention__witnesses names no verifier key of a witness (name+id+key of cosignature/v1)."],
            Problems(TrialSettings.With(TrialSettings.Needed, "Retention__witnesses", $"https://127.0.0.1:9/ {key}")));
        var known = Ledger.NoteVerifier.OfCosignature("witness.example/w", new byte[32]);
        using var authority = new TrialRoots(roots);
        var options = Read(new Dictionary<string, string>(TrialSettings.Needed)
        {
            ["Retention__timeStamps"] = "one http://127.0.0.1:9/ none.pem; two https://127.0.0.1:9/two none.pem",
            ["Retention__witnesses"] = $"https://127.0.0.1:9/w/ {known}",
        });
        Assert.Equal(
            [
                new(AnchorKind.TimeStamp, "http://127.0.0.1:9/", roots) { Name = "one" },
                new(AnchorKind.TimeStamp, "https://127.0.0.1:9/two", roots) { Name = "two" },
                new(AnchorKind.Cosignature, "https://127.0.0.1:9/w/", known.ToString()),
            ],
            options.Deployment.Anchors!);
    }

    [Theory]
    [InlineData("00:29:30", null)]
    [InlineData("00:29:31", "Retention__pumpLimit is no time from 00:05:10 to 00:29:30.")]
    [InlineData("00:05:00", "Retention__pumpLimit is no time from 00:05:10 to 00:29:30.")]
    public void The_pump_ends_before_the_host_ends_it_and_has_time_for_one_message(string limit, string? problem) =>
        Assert.Equal(problem, Problems(TrialSettings.With(TrialSettings.Needed, "Retention__pumpLimit", limit)).SingleOrDefault());

    [Fact]
    public void Each_setting_that_is_missing_is_named()
    {
        foreach (var name in TrialSettings.Needed.Keys.Except(["Retention__policy", "Keys__folder"]))
        {
            Assert.StartsWith($"{name} is missing", Assert.Single(Problems(TrialSettings.Without(TrialSettings.Needed, name))), StringComparison.Ordinal);
        }

        Assert.StartsWith("Keys__vaultUri is missing, and Keys__folder too", Assert.Single(Problems(TrialSettings.Without(TrialSettings.Needed, "Keys__folder"))), StringComparison.Ordinal);
        Assert.StartsWith("Retention__policy names the file 'policy.yaml'", Assert.Single(Problems(TrialSettings.Without(TrialSettings.Needed, "Retention__policy"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_setting_that_is_malformed_is_named_and_not_quoted()
    {
        foreach (var (settings, wrong) in new[] { (TrialSettings.Needed, TrialSettings.Malformed), (TrialSettings.AsIdentity, TrialSettings.MalformedIdentity) })
        {
            foreach (var (name, value) in wrong)
            {
                var problem = Assert.Single(Problems(TrialSettings.With(settings, name, value)));
                Assert.StartsWith(name + " ", problem, StringComparison.Ordinal);
                Assert.DoesNotContain("oh-no", problem, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Each_setting_that_is_misspelt_is_named_as_it_stands()
    {
        foreach (var (settings, names) in new[]
        {
            (TrialSettings.Needed, TrialSettings.Needed.Keys.Where(name => name.Contains("__", StringComparison.Ordinal))),
            (TrialSettings.AsIdentity, TrialSettings.AsIdentity.Keys),
        })
        {
            foreach (var name in names)
            {
                Assert.Contains(Problems(TrialSettings.Misspelt(settings, name)), problem => problem.StartsWith($"{name}s is no setting of this app", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Whoever_gives_both_forms_or_two_identities_is_asked_to_choose()
    {
        Assert.StartsWith(
            "WorkStorage__blobServiceUri is set beside WorkStorage",
            Assert.Single(Problems(TrialSettings.With(TrialSettings.Needed, "WorkStorage__blobServiceUri", "https://127.0.0.1/"))), StringComparison.Ordinal);
        Assert.StartsWith(
            "clientId differs",
            Assert.Single(Problems(TrialSettings.With(TrialSettings.AsIdentity, "Keys__clientId", "00000000-4f22-4a6a-b6a0-0a8c6a5bb7a1"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_with_mistakes_is_told_with_each_and_its_place()
    {
        var folder = Directory.CreateTempSubdirectory("policy-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "bad.yaml"), "version: 1\nname: bad\neffective-from: soon\npurposes: [service]\nstores: {}\ndatasets: {}\nrules: []\nwhat: 1\n");
            var problems = Problems(TrialSettings.With(TrialSettings.Needed, "Retention__policy", Path.Combine(folder, "bad.yaml")));
            Assert.True(problems.Count >= 2, string.Join('\n', problems));
            Assert.All(problems, problem => Assert.StartsWith("Retention__policy names a policy with a mistake: ", problem, StringComparison.Ordinal));
            Assert.Contains(problems, problem => problem.Contains("bad.yaml:3:", StringComparison.Ordinal));
            Assert.Contains(problems, problem => problem.Contains("bad.yaml:8:", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static PipelineOptions Read(IReadOnlyDictionary<string, string> settings) =>
        PipelineOptions.Read(Configuration(settings), PublishedApp.Folder);

    private static IReadOnlyList<string> Problems(IReadOnlyDictionary<string, string> settings)
    {
        var reader = new SettingsReader(Configuration(settings));
        PipelineOptions.Read(reader, PublishedApp.Folder);
        return reader.Problems;
    }

    private static IConfigurationRoot Configuration(IReadOnlyDictionary<string, string> settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value)))
        .Build();
}
