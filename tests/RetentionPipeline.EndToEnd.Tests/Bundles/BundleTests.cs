using System.IO.Compression;
using System.Text;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>What a bundle holds, whom it shows, and for how long it can be got.</summary>
public sealed class BundleTests
{
    private static readonly string[] All = ["access-logs", "messages", "orders", "visits"];

    [Fact]
    public async Task A_bundle_says_what_happened_in_each_dataset_and_shows_each_record()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));

        var zip = await BundleShop.GetAsync(simulation, "r-1");

        var claims = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal(All, claims.Keys.Order());
        Assert.All(claims.Values, claim => Assert.Equal("done", claim.State));
        Assert.Equal((2L, 2L, 1L, (long)RequestShop.Days), (
            claims["visits"].Counts["erased"], claims["messages"].Counts["erased"], claims["orders"].Counts["erased"], claims["access-logs"].Counts["anonymised"]));
        var texts = BundleShop.Texts(zip);
        Assert.Equal(2 + 2 + 1 + RequestShop.Days, texts.Keys.Count(name => name.StartsWith("records/", StringComparison.Ordinal)));
        Assert.Equal(4, texts.Keys.Count(name => name.StartsWith("claims/", StringComparison.Ordinal)));
        Assert.Equal(texts.Keys.Order(StringComparer.Ordinal), texts.Keys);
        Assert.Equal("completed", (string)BundleShop.Manifest(zip)["state"]!);
        Assert.Contains("its operator could rewrite this", texts["certificate.html"], StringComparison.Ordinal);
        Assert.DoesNotContain("<script", texts["certificate.html"], StringComparison.OrdinalIgnoreCase);
        Assert.All(texts, file => Assert.DoesNotContain(SampleCompany.Canary, file.Value, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Two_bundles_under_one_checkpoint_are_the_same_bytes()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var zip = await BundleShop.GetAsync(simulation, "r-1");
        simulation.Restart();
        Assert.Equal(zip, await BundleShop.GetAsync(simulation, "r-1"));
    }

    [Fact]
    public async Task Any_tool_opens_the_archive()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var zip = await BundleShop.GetAsync(simulation, "r-1");
        using var archive = new ZipArchive(new MemoryStream(zip), ZipArchiveMode.Read);
        var texts = BundleShop.Texts(zip);
        Assert.Equal(texts.Keys, archive.Entries.Select(entry => entry.FullName));
        foreach (var entry in archive.Entries)
        {
            using var reader = new StreamReader(entry.Open(), Encoding.UTF8);
            Assert.Equal(texts[entry.FullName], await reader.ReadToEndAsync());
        }
    }

    [Fact]
    public async Task Of_two_persons_who_share_a_window_and_messages_each_bundle_holds_only_one()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2), ("r-3", 3));
        foreach (var (id, mine, other, otherId) in new[] { ("r-2", 2, 3, "r-3"), ("r-3", 3, 2, "r-2") })
        {
            var zip = await BundleShop.GetAsync(simulation, id);
            var claims = await BundleShop.ClaimsAsync(simulation, id);
            Assert.Equal(2, claims["access-logs"].Served);
            Assert.Equal(1, claims["visits"].Served);
            var text = Encoding.UTF8.GetString(zip);
            Assert.DoesNotContain(SampleCompany.Canary, text, StringComparison.OrdinalIgnoreCase);
            var names = await PseudonymsOfAsync(simulation, mine);
            Assert.Equal(2, names.Count);
            Assert.All(names, name => Assert.Contains(name, text, StringComparison.Ordinal));
            foreach (var person in Enumerable.Range(0, 5).Where(person => person != mine))
            {
                Assert.All(await PseudonymsOfAsync(simulation, person), name => Assert.DoesNotContain(name, text, StringComparison.Ordinal));
            }

            var request = DerivedId.RequestOf(RequestShop.Source, otherId);
            Assert.DoesNotContain(request.ToString("D"), text, StringComparison.Ordinal);
            Assert.DoesNotContain(otherId, text, StringComparison.Ordinal);
            Assert.DoesNotContain(DerivedId.TaskOf(request, "visits", 0).ToString("D"), text, StringComparison.Ordinal);
            Assert.DoesNotContain(await RecordOfAsync(simulation, other), text, StringComparison.Ordinal);
            Assert.Contains(await RecordOfAsync(simulation, mine), text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task When_the_scans_own_objects_are_gone_the_bundle_is_the_same()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var before = await BundleShop.ClaimsAsync(simulation, "r-1");
        simulation.Time.Advance(TimeSpan.FromDays(31));
        Assert.True(await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None) > 0);

        var after = await BundleShop.ClaimsAsync(simulation, "r-1");

        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, pair => Assert.Equal((pair.Value.State, pair.Value.Scan), (after[pair.Key].State, after[pair.Key].Scan)));
    }

    [Fact]
    public async Task A_request_that_a_hold_keeps_longer_than_the_scans_are_kept_still_ends_with_every_dataset()
    {
        using var simulation = await BundleShop.StartAsync();
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", new HoldScope.OfDataset("visits"), "litigation", "tester", CancellationToken.None);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.RunThroughWindowAsync(simulation);
        simulation.Time.Advance(TimeSpan.FromDays(31));
        Assert.True(await simulation.Get<SelfRetention>().RunAsync(CancellationToken.None) > 0);
        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);

        await RequestShop.RunThroughWindowAsync(simulation);

        Assert.All((await BundleShop.ClaimsAsync(simulation, "r-1")).Values, claim => Assert.Equal("done", claim.State));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static async Task<IReadOnlyList<string>> PseudonymsOfAsync(SimulatedPipeline simulation, int customer)
    {
        var pseudonyms = simulation.Get<Pseudonyms>();
        return
        [
            await pseudonyms.OfSubjectAsync(1, "customer-id", RequestShop.Customer(customer), CancellationToken.None),
            await pseudonyms.OfSubjectAsync(1, "email", RequestShop.Email(customer), CancellationToken.None),
        ];
    }

    private static Task<string> RecordOfAsync(SimulatedPipeline simulation, int customer) => simulation.Get<Pseudonyms>()
        .OfRecordAsync(1, "visits", RequestShop.Visit(customer, 0).Canonical, CancellationToken.None);
}
