using System.IO.Compression;
using System.Text;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>What a bundle holds, in each state that a request can be in. Each one is verified as it is got.</summary>
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
    public async Task What_a_hold_keeps_is_retained_then_open_then_done()
    {
        using var simulation = await BundleShop.StartAsync();
        await simulation.Get<HoldDesk>().PlaceAsync(
            "matter-1", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", RequestShop.Customer(2))]), "litigation", "tester", CancellationToken.None);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.RunThroughWindowAsync(simulation);

        var held = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal(["retained", "done", "done", "retained"], All.Select(dataset => held[dataset].State));
        Assert.Equal(2, held["visits"].Reasons["hold"]);

        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", CancellationToken.None);
        await simulation.RunUntilQuietAsync();

        var released = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal("open", released["access-logs"].State);
        Assert.Equal("waiting-for-window", released["access-logs"].Reason);
        Assert.True(released["access-logs"].ExpectedBy > simulation.Time.GetUtcNow());

        await RequestShop.RunThroughWindowAsync(simulation);

        var done = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.All(done.Values, claim => Assert.Equal("done", claim.State));
        var parts = BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-1")).Where(file => file.Key.StartsWith("entries/", StringComparison.Ordinal))
            .Select(file => Ledger.Leaf.Parse(Encoding.UTF8.GetBytes(file.Value))).Where(leaf => leaf.Type == "request").Select(leaf => leaf.Part);
        Assert.Equal(["accepted", "completed", "partially-completed"], parts.Order(StringComparer.Ordinal));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_the_law_keeps_is_retained_with_its_citation()
    {
        using var simulation = await BundleShop.StartAsync();
        RequestShop.PutOrder(simulation, 1, Shop.Now.AddYears(-1));
        RequestShop.PutOrder(simulation, 2, Shop.Now.AddYears(-11), dispute: "open");
        await RequestShop.SendAsync(simulation, "tax", 1);
        await RequestShop.SendAsync(simulation, "dispute", 2);
        await RequestShop.RunThroughWindowAsync(simulation);

        foreach (var (id, reason, text) in new[] { ("tax", "keep-at-least:tax", "147(3) AO"), ("dispute", "exception:gdpr-17-3-e", "gdpr-17-3-e") })
        {
            var claims = await BundleShop.ClaimsAsync(simulation, id);
            Assert.Equal("retained", claims["orders"].State);
            Assert.Equal(1, claims["orders"].Reasons[reason]);
            Assert.Equal("done", claims["visits"].State);
            Assert.Contains(text, BundleShop.Texts(await BundleShop.GetAsync(simulation, id))["certificate.html"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_dataset_that_no_scan_can_look_at_says_so()
    {
        using var simulation = await BundleShop.StartAsync(withArchive: true);
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.SendAsync(simulation, "nobody", 77);
        await RequestShop.RunThroughWindowAsync(simulation);
        Assert.Equal("not-searchable", (await BundleShop.ClaimsAsync(simulation, "r-1"))["archive"].State);
        Assert.Equal("absent", (await BundleShop.ClaimsAsync(simulation, "nobody"))["visits"].State);
        await EvidenceCheck.AssertWellAsync(simulation);
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
    public async Task An_open_request_has_a_bundle_that_says_what_it_waits_for()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        Assert.IsType<BundleAnswer.Unknown>(await BundleShop.AskAsync(simulation, "r-1"));
        await simulation.DrainAsync();
        Assert.IsType<BundleAnswer.NotInLog>(await BundleShop.AskAsync(simulation, "r-1"));

        var begun = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.All(All, dataset => Assert.Equal("open", begun[dataset].State));
        Assert.All(begun.Values, claim => Assert.True(claim is { Reason: not null, ExpectedBy: not null }));

        await simulation.RunUntilQuietAsync();

        var claims = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal(["open", "done", "done", "done"], All.Select(dataset => claims[dataset].State));
        Assert.Equal("waiting-for-window", claims["access-logs"].Reason);
        var verdict = BundleVerification.Verify(await BundleShop.GetAsync(simulation, "r-1"), await BundleShop.KeyAsync(simulation));
        Assert.Contains("access-logs", Assert.Single(verdict.Unchecked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_can_be_got_at_every_step_of_a_request()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        await simulation.Get<PipelineTimers>().IntegrateAsync(CancellationToken.None);
        var states = new HashSet<string>();
        var step = 0;
        simulation.Faults.Before = call =>
        {
            if (++step % 41 != 0)
            {
                return;
            }

            // Looked at from beside, between two calls of the pipeline.
            var (before, choose) = (simulation.Faults.Before, simulation.Faults.Choose);
            (simulation.Faults.Before, simulation.Faults.Choose) = (null, null);
            using var beside = simulation.Another();
            var key = BundleShop.KeyAsync(simulation).GetAwaiter().GetResult();
            var collector = (BundleCollector)beside.GetService(typeof(BundleCollector))!;
            var ready = Assert.IsType<BundleAnswer.Ready>(
                collector.CollectAsync(DerivedId.RequestOf(RequestShop.Source, "r-1"), key, CancellationToken.None).GetAwaiter().GetResult());
            var verdict = BundleVerification.Verify(ready.Zip, key);
            Assert.True(verdict.IsWell, $"step {step} ({call}): {string.Join("; ", verdict.Problems)}");
            states.UnionWith(verdict.Claims.Select(claim => $"{claim.State} {claim.Reason}"));
            (simulation.Faults.Before, simulation.Faults.Choose) = (before, choose);
        };

        await RequestShop.RunThroughWindowAsync(simulation);
        simulation.Faults.Before = null;

        Assert.True(step > 500, $"Only {step} calls.");
        Assert.Superset(new HashSet<string> { "open waiting-to-begin", "open running", "open waiting-for-window", "done " }, states);
    }

    [Fact]
    public async Task A_request_that_was_refused_or_waits_for_a_person_has_a_bundle()
    {
        using var simulation = await RequestShop.StartAsync(3, RequestShop.Policy(perHour: 0 + 1));
        await RequestShop.SendAsync(simulation, "r-0", 0);
        await simulation.DrainAsync();
        await RequestShop.SendAsync(simulation, "r-1", 1);
        await RequestShop.RunThroughWindowAsync(simulation);
        Assert.All((await BundleShop.ClaimsAsync(simulation, "r-1")).Values, claim => Assert.Equal("open", claim.State));

        await simulation.Get<RequestDesk>().RefuseAsync(RequestShop.Source, "r-1", CancellationToken.None);
        await RequestShop.RunThroughWindowAsync(simulation);

        var refused = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal(3, refused.Count);
        Assert.All(refused.Values, claim => Assert.Equal("rejected", claim.State));
        await EvidenceCheck.AssertWellAsync(simulation);
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
