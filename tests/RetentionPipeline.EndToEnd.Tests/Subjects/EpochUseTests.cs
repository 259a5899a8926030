using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Adapters.Pump;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Scanning;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Bundles;
using RetentionPipeline.EndToEnd.Tests.Simulation;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>Who needs an epoch's key, what happens when it was lost, and what stands beside the log under two of them.</summary>
public sealed class EpochUseTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task An_epoch_that_another_instance_may_still_take_requests_in_under_is_not_destroyed()
    {
        using var simulation = await BundleShop.StartAsync();
        await using var other = simulation.Another();
        Assert.Equal(1, await other.GetRequiredService<Pseudonyms>().CurrentEpochAsync(None));
        await simulation.Get<EpochDesk>().RotateAsync(None);
        var soon = Assert.IsType<EpochAnswer.TooSoon>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));
        Assert.Equal(simulation.Time.GetUtcNow() + KeyEpoch.CachesDropIt, soon.From);

        // The other one does not know of the rotation yet.
        simulation.Time.Advance(TimeSpan.FromMinutes(4));
        await RequestShop.SendAsync(simulation, "r-1", 2);
        var message = Assert.Single(await simulation.Queue.ReceiveAsync(QueueNames.RequestsOf(RequestShop.Source), 1, TimeSpan.Zero, None));
        await other.GetRequiredService<MessageRouter>().HandleAsync(message, None);
        await simulation.Queue.CompleteAsync(message, None);
        Assert.IsType<EpochAnswer.TooSoon>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));

        simulation.Time.AdvanceTo(soon.From);
        Assert.Equal(1, Assert.IsType<EpochAnswer.Needed>(await simulation.Get<EpochDesk>().DestroyAsync(1, None)).OpenRequests);
        await RequestShop.RunThroughWindowAsync(simulation);
        Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));
        Assert.All((await BundleShop.ClaimsAsync(simulation, "r-1")).Values, claim => Assert.Equal("done", claim.State));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_request_from_before_there_were_epochs_is_of_the_first_one()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        var book = simulation.Get<RequestBook>();
        var entry = Assert.Single(await book.ListOpenAsync(None));
        await book.ReplaceAsync(entry, entry.Row with { Epoch = 0 }, None);
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.Equal(1, Assert.IsType<EpochAnswer.Needed>(await simulation.Get<EpochDesk>().DestroyAsync(1, None)).OpenRequests);

        await RequestShop.RunThroughWindowAsync(simulation);

        var text = string.Concat(BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-1"))
            .Where(file => file.Key.StartsWith("records/", StringComparison.Ordinal)).Select(file => file.Value));
        Assert.Contains(await simulation.Get<Pseudonyms>().OfSubjectAsync(1, "customer-id", RequestShop.Customer(2), None), text, StringComparison.Ordinal);
    }

    [Theory, InlineData(new int[0], new[] { 1 }), InlineData(new[] { 0 }, new[] { 1 }), InlineData(new[] { 0, 1, 2 }, new[] { 1, 2 })]
    public async Task A_plan_from_before_there_were_epochs_is_of_the_first_one(int[] written, int[] read)
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        var row = Assert.Single(await simulation.Get<RequestBook>().ListOpenAsync(None)).Row;
        var scan = DerivedId.TaskOf(row.Request, "visits", 0);
        await simulation.Get<TaskDesk>().StartAsync(
            new(scan, row.Policy, "visits", simulation.Time.GetUtcNow(), [row.Request], await simulation.Get<RequestBook>().OpenAsync(row, None))
            { Epochs = written },
            None);
        Assert.Equal(read, (await simulation.Get<IScanSubjects>().FindSubjectsAsync(scan, None))!.Epochs);
    }

    [Fact]
    public async Task A_lost_key_of_an_older_epoch_stops_what_asks_for_it_alone_and_its_epoch_can_be_destroyed()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        simulation.Secrets.Destroy(Pseudonyms.KeyName(1));

        var names = simulation.Get<Pseudonyms>();
        Assert.Equal([2], await names.LiveEpochsAsync(None));
        Assert.Contains(simulation.Logs, line => line.Contains("pseudonym-epoch-0001 cannot be used", StringComparison.Ordinal));
        await Assert.ThrowsAsync<SecretRefusedException>(() => names.OfSubjectAsync(1, "email", "a@b", None));
        await Assert.ThrowsAsync<SecretRefusedException>(() => simulation.Get<SubjectFinder>().NamesOfAsync([SubjectIdentifier.Of("email", "a@b")], None));
        await Assert.ThrowsAsync<SecretRefusedException>(() => simulation.Get<SubjectBook>().GetOrMakeAsync(Guid.NewGuid(), 1, [], None));
        await simulation.Get<HoldDesk>().PlaceAsync(
            "matter-1", new HoldScope.OfSubject([SubjectIdentifier.Of("email", RequestShop.Email(4))]), "litigation", "tester", None);
        Assert.NotNull(await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", None));
        await RequestShop.SendAsync(simulation, "r-2", 3);
        await simulation.DrainAsync();

        // Its request goes on, and shows by hash alone whom it was about.
        Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));
        await RequestShop.RunThroughWindowAsync(simulation);
        Assert.Equal(0, await simulation.Get<EpochDesk>().RunAsync(None));
        foreach (var id in new[] { "r-1", "r-2" })
        {
            Assert.All((await BundleShop.ClaimsAsync(simulation, id)).Values, claim => Assert.Equal("done", claim.State));
        }

        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task Of_an_open_request_the_key_that_can_be_recovered_is_not_given_up()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        simulation.Secrets.Keeps = simulation.Time.GetUtcNow().AddDays(7);
        await simulation.Secrets.DestroyAsync(Pseudonyms.KeyName(1), None);
        Assert.Equal([2], await simulation.Get<Pseudonyms>().LiveEpochsAsync(None));
        Assert.Equal(1, Assert.IsType<EpochAnswer.Needed>(await simulation.Get<EpochDesk>().DestroyAsync(1, None)).OpenRequests);
    }

    [Fact]
    public async Task Without_the_newest_key_nothing_new_is_made_until_there_is_a_newer_one()
    {
        using var simulation = await BundleShop.StartAsync();
        var (desk, names) = (simulation.Get<EpochDesk>(), simulation.Get<Pseudonyms>());
        await desk.RotateAsync(None);
        await desk.RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        simulation.Secrets.Destroy(Pseudonyms.KeyName(3));
        await Assert.ThrowsAsync<SecretRefusedException>(() => names.CurrentEpochAsync(None));
        Assert.Equal(4, (await desk.RotateAsync(None)).Number);
        Assert.Equal(4, await names.CurrentEpochAsync(None));
        Assert.Equal([1, 2, 4], await names.LiveEpochsAsync(None));

        // Older ones that are there stand in nobody's way.
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.Equal(1, Assert.IsType<EpochAnswer.OlderFirst>(await desk.DestroyAsync(2, None)).Older);
        Assert.IsType<EpochAnswer.Decided>(await desk.DestroyAsync(3, None));
    }

    [Fact]
    public async Task A_released_hold_links_nobody_of_a_destroyed_epoch_to_another_one()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        await simulation.StorePolicyAsync(Shop.Policy());
        var scope = new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", "customer-003")]);
        await PlaceAndReleaseAsync(simulation, "early", scope);
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        await PlaceAndReleaseAsync(simulation, "late", scope);
        await PlaceAndReleaseAsync(simulation, "record", new HoldScope.OfRecord("visitors", new RecordKey("a", "b")));
        Assert.Equal([1, 2], await EpochsOfAsync(simulation, "late"));

        await simulation.Get<EpochDesk>().DestroyAsync(1, None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.Equal(0, await simulation.Get<EpochDesk>().RunAsync(None));

        Assert.Equal([2], await EpochsOfAsync(simulation, "late"));
        Assert.Equal([2], await EpochsOfAsync(simulation, "record"));

        // What stands alone links to nothing, and what was done under it can still be checked.
        Assert.Equal([1], await EpochsOfAsync(simulation, "early"));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    private static async Task PlaceAndReleaseAsync(SimulatedPipeline simulation, string name, HoldScope scope)
    {
        await simulation.Get<HoldDesk>().PlaceAsync(name, scope, "litigation", "tester", None);
        Assert.NotNull(await simulation.Get<HoldDesk>().ReleaseAsync(name, None));
    }

    private static async Task<IEnumerable<int>> EpochsOfAsync(SimulatedPipeline simulation, string hold) =>
        (await simulation.Get<HoldTable>().ListAsync(None).SingleAsync(one => one.Name == hold, None)).Names.Select(names => names.Epoch);
}
