using System.Text;
using RetentionPipeline.Adapters.Composition;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Simulation;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>A bundle in each state that a request or one of its datasets can be in. Each one is verified as it is got.</summary>
public sealed class BundleStateTests
{
    private static readonly string[] All = ["access-logs", "messages", "orders", "visits"];

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
    public async Task Many_records_of_which_some_were_put_off_are_all_shown_with_the_whole_chain()
    {
        using var simulation = await BundleShop.StartAsync();
        for (var visit = 2; visit < 600; visit++)
        {
            simulation.Stores[RequestShop.Store].Put(RequestShop.Visits, RequestShop.Visit(2, visit), new Dictionary<string, object?>
            {
                ["PartitionKey"] = RequestShop.Customer(2),
                ["SeenAt"] = Shop.Now,
            });
        }

        var throttled = 0;
        simulation.Stores[RequestShop.Store].Answer = _ => throttled++ < 10 ? new ActResult.Throttled(TimeSpan.FromSeconds(90)) : null;
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.RunThroughWindowAsync(simulation);

        var claims = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.All(claims.Values, claim => Assert.Equal("done", claim.State));
        Assert.Equal(600, claims["visits"].Counts["erased"]);
        Assert.True(claims.Values.Sum(claim => claim.Operations.Count) > 4);
        var shown = BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-1")).Keys.Count(name => name.StartsWith("records/", StringComparison.Ordinal));
        Assert.Equal(claims.Values.Sum(claim => claim.Counts.Values.Sum()) + 10, shown);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_is_not_confirmed_is_said_to_be_failed()
    {
        using var simulation = await BundleShop.StartAsync();
        simulation.Stores[RequestShop.Store].Answer = key => key == RequestShop.Order(2) ? new ActResult.Refused("planted") : null;
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await RequestShop.RunThroughWindowAsync(simulation);

        var claims = await BundleShop.ClaimsAsync(simulation, "r-1");
        Assert.Equal(["done", "done", "failed", "done"], All.Select(dataset => claims[dataset].State));
        Assert.Contains("may or may not be there", BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-1"))["certificate.html"], StringComparison.Ordinal);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Openings_that_are_not_kept_any_more_are_told_and_the_rest_still_proves()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var claims = await BundleShop.ClaimsAsync(simulation, "r-1");
        var operation = Assert.Single(claims["visits"].Operations);
        await simulation.Objects.DeleteAsync(ObjectNames.Openings(Guid.Parse(operation)), CancellationToken.None);

        var zip = await BundleShop.GetAsync(simulation, "r-1");

        var verdict = BundleVerification.Verify(zip, await BundleShop.KeyAsync(simulation));
        Assert.Contains(operation, Assert.Single(verdict.Unchecked), StringComparison.Ordinal);
        Assert.Equal(2, verdict.Claims.Single(claim => claim.Dataset == "visits").Counts["erased"]);
        Assert.DoesNotContain(BundleShop.Texts(zip).Keys, name => name.StartsWith($"records/{operation}/", StringComparison.Ordinal));
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
}
