using System.Text;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Records;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;
using RetentionPipeline.Local.Sample;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>Bundles by scan, by dataset and by period, and the statement of absence in them.</summary>
public sealed class ScanBundleTests
{
    [Fact]
    public async Task A_dataset_has_all_of_its_scans_with_a_statement_of_absence_and_nothing_of_another()
    {
        using var simulation = await ScanShop.StartAsync();
        var zip = await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits"));
        var claims = BundleVerification.Verify(zip, await BundleShop.KeyAsync(simulation)).Claims;
        Assert.Equal(["visits-end", "visits-ip"], claims.Select(claim => claim.Absence!.Rule).Order());
        Assert.All(claims, claim => Assert.True(claim is { State: "done", Dataset: "visits", Absence: { Stands: true, Undated: 0, Consistency: "strong" } }));
        Assert.Equal(Shop.GoneCount(40), claims.Sum(claim => claim.Counts.GetValueOrDefault("erased")));
        Assert.All(claims, claim => Assert.Equal(40, claim.Absence!.Examined + (claim.Absence.Rule == "visits-ip" ? claims.Where(other => other != claim).Sum(other => (other.Leaves[0] < claim.Leaves[0] ? other.Counts.GetValueOrDefault("erased") : 0)) : 0)));

        var texts = BundleShop.Texts(zip);
        Assert.DoesNotContain(texts, file => file.Key.StartsWith("records/", StringComparison.Ordinal));
        Assert.DoesNotContain(texts.Where(file => !file.Key.StartsWith("policy/", StringComparison.Ordinal) && file.Key != "manifest.json"), file => file.Value.Contains("access-logs", StringComparison.Ordinal));
        Assert.Contains("Signed statement of absence: no hold-free record of this dataset was older than the limit of rule visits-end", texts["certificate.html"], StringComparison.Ordinal);
        Assert.DoesNotContain("<script", texts["certificate.html"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task One_scan_or_a_period_can_be_asked_for_and_what_is_not_there_is_not_in_the_log()
    {
        using var simulation = await ScanShop.StartAsync();
        var all = await ScanShop.ClaimsAsync(simulation, new(null, null, Shop.Now.AddDays(-1), Shop.Now.AddDays(2)));
        Assert.Equal(3, all.Count);
        var one = await ScanShop.ClaimsAsync(simulation, new(all[0].Scan, null, null, null));
        Assert.Equal([all[0].Scan], one.Select(claim => claim.Scan));
        foreach (var nothing in new ScanScope[]
        {
            ScanShop.Dataset("orders"), new(null, null, null, Shop.Now.AddDays(-1)), new(null, null, Shop.Now.AddDays(9), null),
            new(Guid.NewGuid().ToString("D"), null, null, null), new(all[0].Scan, "orders", null, null),
        })
        {
            Assert.IsType<BundleAnswer.NotInLog>(await ScanShop.AskAsync(simulation, nothing));
        }
    }

    [Fact]
    public async Task What_was_only_reported_or_is_not_confirmed_makes_no_statement()
    {
        using var reported = await ScanShop.StartAsync("report");
        Assert.All(await ScanShop.ClaimsAsync(reported, ScanShop.Dataset("visits")), claim =>
            Assert.True(claim is { State: "report", Absence: { Stands: false, NotActed: > 0 } }));

        using var refused = await ScanShop.StartAsync(before: simulation => simulation.Stores[Shop.Store].Answer = key =>
            Shop.IsGone(int.Parse(key.Id[6..], System.Globalization.CultureInfo.InvariantCulture)) ? new ActResult.Refused("planted") : null);
        var failed = (await ScanShop.ClaimsAsync(refused, ScanShop.Dataset("visits"))).Single(claim => claim.Absence!.Rule == "visits-end");
        Assert.Equal(("failed", false, Shop.GoneCount(40)), (failed.State, failed.Absence!.Stands, failed.Absence.Failed));
        Assert.Contains("No statement of absence", BundleShop.Texts(await ScanShop.GetAsync(refused, ScanShop.Dataset("visits")))["certificate.html"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scan_that_is_parked_is_open_and_states_nothing()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 20);
        await simulation.StorePolicyAsync(Shop.Policy(cap: "{records: 1, percent: 100}"));
        await simulation.RunOnceAsync();
        Assert.Contains(await ScanShop.ClaimsAsync(simulation, ScanShop.Dataset("visits")), claim => claim is { State: "open", Absence: null });
    }

    [Fact]
    public async Task Whatever_is_done_to_a_bundle_of_scans_is_reported()
    {
        using var simulation = await ScanShop.StartAsync();
        var key = await BundleShop.KeyAsync(simulation);
        var zip = await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits"));
        Parallel.For(0, zip.Length / 53, new ParallelOptions { MaxDegreeOfParallelism = 2 }, at =>
        {
            var changed = (byte[])zip.Clone();
            changed[at * 53] ^= (byte)(1 << (at % 8));
            Assert.False(BundleVerification.Verify(changed, key).IsWell, $"byte {at * 53}");
        });

        var facts = BundleShop.Facts(zip, key);
        var log = new BundleLog(facts);
        var other = BundleShop.Facts(await ScanShop.GetAsync(simulation, ScanShop.Dataset("access-logs")), key);
        void AssertRule(string rule, BundleFacts lie)
        {
            var verdict = BundleVerification.Verify(BundleShop.Write(lie), key);
            Assert.True(verdict.Problems.Any(problem => problem.Rule == rule), $"{rule}: {string.Join("\n", verdict.Problems)}");
        }

        BundleFacts Without(Func<Leaf, bool> isDropped)
        {
            var dropped = log.Leaves.Where(leaf => isDropped(leaf.Leaf)).Select(leaf => leaf.Index).ToHashSet();
            Assert.NotEmpty(dropped);
            return facts with { Leaves = [.. facts.Leaves.Where(leaf => !dropped.Contains(leaf.Index))] };
        }

        var operation = log.Intents.Keys.First();
        AssertRule("scan-operations", Without(leaf => leaf.Id == operation));
        AssertRule("chain-open", Without(leaf => leaf.Type == "outcome" && leaf.Id == operation));
        AssertRule("outcome-without-intent", Without(leaf => leaf.Type == "intent" && leaf.Id == operation));
        AssertRule("policy", Without(leaf => leaf.Type == "policy"));
        AssertRule("foreign-leaf", facts with { Scope = new(null, "access-logs", null, null) });
        AssertRule("foreign-leaf", facts with { Scope = new(log.Scans.Keys.First(), null, null, null) });
        AssertRule("foreign-leaf", facts with { Scope = new(null, null, Shop.Now.AddDays(3), null) });
        AssertRule("foreign-leaf", facts with { Leaves = [.. facts.Leaves.Concat(other.Leaves).DistinctBy(leaf => leaf.Index).OrderBy(leaf => leaf.Index)] });
        Assert.Contains(
            BundleVerification.Verify(StoredZip.Write([.. StoredZip.Read(zip).Files.Select(file => file.Name == "manifest.json"
                ? file with { Content = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file.Content.Span).Replace("\"scope\":{\"dataset\":\"visits\"}", "\"scope\":{}", StringComparison.Ordinal)) }
                : file)]), key).Problems,
            problem => problem is { File: "manifest.json", Rule: "not-proved" } or { File: "certificate.html", Rule: "not-proved" });
    }

    [Fact]
    public async Task A_bundle_of_scans_names_nobody_though_requests_ran()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2), ("r-2", 3));
        var zip = await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits"));
        var claims = BundleVerification.Verify(zip, await BundleShop.KeyAsync(simulation)).Claims;
        Assert.Equal(2, claims.Count);
        Assert.All(claims, claim => Assert.Null(claim.Absence));
        var pseudonyms = new[] { "r-1", "r-2" }.SelectMany(id => BundleShop.Facts(BundleShop.GetAsync(simulation, id).Result, BundleShop.KeyAsync(simulation).Result).Stated.Subjects)
            .Select(subject => subject.Pseudonym).ToList();
        Assert.NotEmpty(pseudonyms);
        Assert.All(BundleShop.Texts(zip), file =>
        {
            Assert.DoesNotContain(SampleCompany.Canary, file.Value, StringComparison.Ordinal);
            Assert.DoesNotContain(pseudonyms, pseudonym => file.Value.Contains(pseudonym, StringComparison.Ordinal));
        });
    }
}
