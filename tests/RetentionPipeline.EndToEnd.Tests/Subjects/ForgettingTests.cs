using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Bundles;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>One person is found beside the log, and forgotten there; what is proved of everybody else stays.</summary>
public sealed class ForgettingTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_forgotten_person_is_found_no_more_and_every_proof_stands()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2), ("r-3", 3));
        var (found, asked) = await FindAsync(simulation, 2);

        // Two visits, an order and two messages, of which one may have been in both requests' batches.
        Assert.InRange(found.Count, 5, 6);
        Assert.Equal(5, found.Count(record => record.Result is OutcomeResult.Erased));
        Assert.Equal(DerivedId.RequestOf(RequestShop.Source, "r-2"), Assert.Single(asked));
        var neighbour = Records(await BundleShop.GetAsync(simulation, "r-3"));

        var done = Assert.IsType<ForgetAnswer.Done>(await ForgetAsync(simulation, 2));

        Assert.Equal((found.Count, 1), (done.OfRecords, done.OfRequests));
        Assert.Equal((0, 0), Counts(await FindAsync(simulation, 2)));
        Assert.True((await FindAsync(simulation, 3)).Records.Count > 0);
        var leaf = Assert.Single(await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Forgotten));
        Assert.Equal(("openings", found.Count, 1), (leaf.Part, (int)leaf.Body["count"]!, (int)leaf.Body["requests"]!));
        await EvidenceCheck.AssertWellAsync(simulation);
        Assert.Equal(neighbour, Records(await BundleShop.GetAsync(simulation, "r-3")));
        Assert.IsType<ForgetAnswer.Nothing>(await ForgetAsync(simulation, 2));
        Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "forgetting");
    }

    [Fact]
    public async Task No_object_names_a_forgotten_person_and_a_bundle_made_before_still_verifies()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        var (before, key) = (await BundleShop.GetAsync(simulation, "r-2"), await BundleShop.KeyAsync(simulation));
        var names = await simulation.Get<SubjectFinder>().NamesOfAsync(Person(2), None);
        Assert.Contains(simulation.Objects.Snapshot(), one => names.Any(name => TextOf(one.Value).Contains(name, StringComparison.Ordinal)));

        await ForgetAsync(simulation, 2);

        Assert.DoesNotContain(simulation.Objects.Snapshot(), one => names.Any(name => TextOf(one.Value).Contains(name, StringComparison.Ordinal)));
        var verdict = BundleVerification.Verify(before, key);
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Unchecked);
    }

    [Fact]
    public async Task A_bundle_made_afterwards_says_which_openings_are_forgotten_and_verifies()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        var before = BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-2"));
        await ForgetAsync(simulation, 2);

        var zip = await BundleShop.GetAsync(simulation, "r-2");

        var verdict = BundleVerification.Verify(zip, await BundleShop.KeyAsync(simulation));
        Assert.Empty(verdict.Problems);
        Assert.All(verdict.Claims, claim => Assert.Equal("done", claim.State));

        // Visits and order name nobody else; each message has another person in it, who stays.
        Assert.Equal(3, verdict.Unchecked.Count(line => line.EndsWith("not shown; the operator says that its opening was forgotten", StringComparison.Ordinal)));
        Assert.Contains("whom the records name: 0 of the person's 2 identifiers are opened", verdict.Unchecked);
        var after = BundleShop.Texts(zip);
        Assert.Contains("The openings of some records were forgotten", after["certificate.html"], StringComparison.Ordinal);
        Assert.Equal(before.Keys.Where(name => name.StartsWith("records/", StringComparison.Ordinal)), after.Keys.Where(name => name.StartsWith("records/", StringComparison.Ordinal)));
        var names = await simulation.Get<SubjectFinder>().NamesOfAsync(Person(2), None);
        Assert.DoesNotContain(after.Values, text => names.Any(name => text.Contains(name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Of_a_message_between_two_the_other_person_stays_until_forgotten_too()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        Assert.Equal(((1, 0), (1, 0)), (Counts(await FindAsync(simulation, 1)), Counts(await FindAsync(simulation, 3))));
        await ForgetAsync(simulation, 2);
        Assert.Equal((1, 0), Counts(await FindAsync(simulation, 1)));
        Assert.Equal((1, 0), Counts(await FindAsync(simulation, 3)));
        Assert.Equal(1, Assert.IsType<ForgetAnswer.Done>(await ForgetAsync(simulation, 1)).OfRecords);
        Assert.Equal(1, Assert.IsType<ForgetAnswer.Done>(await ForgetAsync(simulation, 3)).OfRecords);
        await EvidenceCheck.AssertWellAsync(simulation);
        var verdict = BundleVerification.Verify(await BundleShop.GetAsync(simulation, "r-2"), await BundleShop.KeyAsync(simulation));
        Assert.Equal(5, verdict.Unchecked.Count(line => line.EndsWith("its opening was forgotten", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Forgotten_by_one_identifier_the_request_still_proves_by_the_other()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        await simulation.Get<SubjectForgetting>().ForgetAsync([SubjectIdentifier.Of("email", RequestShop.Email(2))], None);
        var verdict = BundleVerification.Verify(await BundleShop.GetAsync(simulation, "r-2"), await BundleShop.KeyAsync(simulation));
        Assert.Empty(verdict.Problems);
        Assert.Contains("whom the records name: 1 of the person's 2 identifiers are opened", verdict.Unchecked);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Who_is_held_is_not_forgotten()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", new HoldScope.OfSubject([Person(2)[0]]), "litigation", "tester", None);
        Assert.IsType<ForgetAnswer.Held>(await ForgetAsync(simulation, 2));
        Assert.Equal((5, 1), Counts(await FindAsync(simulation, 2)));
        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", None);
        Assert.IsType<ForgetAnswer.Done>(await ForgetAsync(simulation, 2));
    }

    [Fact]
    public async Task Persons_are_found_and_forgotten_under_every_live_epoch()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(EpochKeys.Remembers);
        RequestShop.PutOrder(simulation, 2, Shop.Now.AddYears(-11));
        await RequestShop.SendAsync(simulation, "again", 2);
        await RequestShop.RunThroughWindowAsync(simulation);
        var (records, requests) = Counts(await FindAsync(simulation, 2));
        Assert.Equal(2, requests);
        Assert.Equal(records, Assert.IsType<ForgetAnswer.Done>(await ForgetAsync(simulation, 2)).OfRecords);
        Assert.Equal((0, 0), Counts(await FindAsync(simulation, 2)));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Theory, InlineData(FaultKind.FailedAndNotWritten, "call"), InlineData(FaultKind.FailedButWritten, "call")]
    [InlineData(FaultKind.FailedAndNotWritten, "crash"), InlineData(FaultKind.FailedButWritten, "crash")]
    public async Task Whatever_call_fails_the_person_is_forgotten_once_and_the_leaf_counts_all(FaultKind kind, string what)
    {
        var cases = 0;
        for (var failing = 1; ; failing++)
        {
            using var simulation = await BundleShop.CompletedAsync(("r-2", 2));
            var (call, failed) = (0, false);
            simulation.Faults.Choose = (_, _) => ++call == failing && (failed = true) ? kind : null;
            try
            {
                await ForgetAsync(simulation, 2);
            }
            catch (InjectedFaultException)
            {
                if (what == "crash")
                {
                    simulation.Restart();
                }
            }

            simulation.Faults.Choose = null;
            await simulation.Get<SubjectForgetting>().RunAsync(None);
            await ForgetAsync(simulation, 2);
            Assert.Equal((0, 0), Counts(await FindAsync(simulation, 2)));
            var leaf = Assert.Single(await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Forgotten));
            Assert.Equal((5, 1), ((int)leaf.Body["count"]!, (int)leaf.Body["requests"]!));
            Assert.DoesNotContain(simulation.Rows.Snapshot(), row => row.Partition == "forgetting");
            await EvidenceCheck.AssertWellAsync(simulation);
            if (!failed)
            {
                break;
            }

            cases++;
        }

        Assert.True(cases > 15, $"Only {cases} calls.");
    }

    internal static IReadOnlyList<SubjectIdentifier> Person(int customer) =>
        [SubjectIdentifier.Of("customer-id", RequestShop.Customer(customer)), SubjectIdentifier.Of("email", RequestShop.Email(customer))];

    internal static Task<ForgetAnswer> ForgetAsync(SimulatedPipeline simulation, int customer) =>
        simulation.Get<SubjectForgetting>().ForgetAsync(Person(customer), None);

    internal static async Task<(IReadOnlyList<FoundRecord> Records, IReadOnlyList<Guid> Requests)> FindAsync(SimulatedPipeline simulation, int customer)
    {
        var finder = simulation.Get<SubjectFinder>();
        var names = await finder.NamesOfAsync(Person(customer), None);
        return (await finder.FindRecordsAsync(names, None).ToListAsync(None), await finder.FindRequestsAsync(names, None).ToListAsync(None));
    }

    internal static (int, int) Counts((IReadOnlyList<FoundRecord> Records, IReadOnlyList<Guid> Requests) found) => (found.Records.Count, found.Requests.Count);

    private static IReadOnlyList<KeyValuePair<string, string>> Records(byte[] zip) =>
        [.. BundleShop.Texts(zip).Where(file => file.Key.StartsWith("records/", StringComparison.Ordinal))];

    private static string TextOf(byte[] content) => System.Text.Encoding.UTF8.GetString(content);
}
