using Microsoft.Extensions.DependencyInjection;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.Core.Work;
using RetentionPipeline.EndToEnd.Tests.Bundles;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Fakes;

namespace RetentionPipeline.EndToEnd.Tests.Subjects;

/// <summary>Keys of pseudonyms are made, rotated and destroyed; proofs outlive them.</summary>
public sealed class EpochTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task When_its_epoch_is_destroyed_nobody_is_found_and_every_proof_still_verifies()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var (before, key) = (await BundleShop.GetAsync(simulation, "r-1"), await BundleShop.KeyAsync(simulation));
        Assert.Equal(2, (await simulation.Get<EpochDesk>().RotateAsync(None)).Number);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));

        Assert.Equal(["data-key", "ledger-signing-key", Pseudonyms.KeyName(2)], simulation.Secrets.Names);
        simulation.Time.Advance(EpochKeys.Remembers);
        await Assert.ThrowsAsync<EpochDestroyedException>(() => simulation.Get<Pseudonyms>().OfSubjectAsync(1, "email", RequestShop.Email(2), None));
        Assert.Empty(await ChangesAsync(simulation, "destroyed"));
        simulation.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, await simulation.Get<EpochDesk>().RunAsync(None));

        Assert.Equal(["1", "2"], await ChangesAsync(simulation, "made"));
        Assert.Equal(["1"], await ChangesAsync(simulation, "destroyed"));
        Assert.Empty(BundleVerification.Verify(before, key).Problems);
        var after = BundleShop.Texts(await BundleShop.GetAsync(simulation, "r-1"));
        Assert.Equal(BundleShop.Texts(before).Where(IsRecord), after.Where(IsRecord));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task What_is_new_bears_the_new_epoch_and_the_log_holds_no_other_key_of_it()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(EpochKeys.Remembers);
        await RequestShop.SendAsync(simulation, "r-2", 3);
        await RequestShop.RunThroughWindowAsync(simulation);

        var intents = await EvidenceCheck.LeavesAsync(simulation, LeafTypes.Intent);
        Assert.Equal([1L, 2L], intents.Select(leaf => (long)leaf.Body["epoch"]!).Distinct().Order());
        Assert.All((await BundleShop.ClaimsAsync(simulation, "r-2")).Values, claim => Assert.Equal("done", claim.State));
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_request_that_was_taken_in_before_a_rotation_shows_its_persons_records()
    {
        using var simulation = await BundleShop.StartAsync();
        await RequestShop.SendAsync(simulation, "r-1", 2);
        await simulation.DrainAsync();
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(EpochKeys.Remembers);
        await RequestShop.SendAsync(simulation, "r-2", 3);
        await simulation.DrainAsync();
        await RequestShop.RunThroughWindowAsync(simulation);

        // Both wait for one window of the logs, whose openings name nobody: none bears names of two epochs.
        var old = await simulation.Get<Pseudonyms>().OfSubjectAsync(1, "customer-id", RequestShop.Customer(2), None);
        Assert.Contains(OpeningsOf(simulation), text => text.Contains(old, StringComparison.Ordinal));
        foreach (var person in new[] { 2, 3 })
        {
            var (first, second) = (await NamesOfAsync(simulation, 1, person), await NamesOfAsync(simulation, 2, person));
            Assert.DoesNotContain(OpeningsOf(simulation), text => first.Any(text.Contains) && second.Any(text.Contains));
        }

        foreach (var (id, person, epoch) in new[] { ("r-1", 2, 1), ("r-2", 3, 2) })
        {
            var text = string.Concat(BundleShop.Texts(await BundleShop.GetAsync(simulation, id)).Where(IsRecord).Select(file => file.Value));
            Assert.Contains(await simulation.Get<Pseudonyms>().OfSubjectAsync(epoch, "customer-id", RequestShop.Customer(person), None), text, StringComparison.Ordinal);
            Assert.DoesNotContain(await simulation.Get<Pseudonyms>().OfSubjectAsync(3 - epoch, "customer-id", RequestShop.Customer(person), None), text, StringComparison.Ordinal);
            Assert.All((await BundleShop.ClaimsAsync(simulation, id)).Values, claim => Assert.Equal("done", claim.State));
        }

        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task A_key_that_its_vault_keeps_is_not_said_to_be_destroyed_before_it_is_gone()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        simulation.Secrets.Keeps = simulation.Time.GetUtcNow().AddDays(7);
        var decided = Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None)).Epoch;
        Assert.Equal((KeyEpochState.Destroying, simulation.Secrets.Keeps), (decided.State, decided.RecoverableUntil));
        for (var day = 0; day < 7; day++)
        {
            simulation.Time.Advance(TimeSpan.FromDays(1));

            // What it said once stays, also when it says no more.
            simulation.Secrets.HidesUntil = day > 2;
            Assert.Equal(1, await simulation.Get<EpochDesk>().RunAsync(None));
            Assert.Empty(await ChangesAsync(simulation, "destroyed"));
            await Assert.ThrowsAsync<EpochDestroyedException>(() => simulation.Get<Pseudonyms>().OfSubjectAsync(1, "email", "a@b", None));
        }

        simulation.Secrets.Keeps = null;
        Assert.Equal(0, await simulation.Get<EpochDesk>().RunAsync(None));
        var leaf = Assert.Single(await EvidenceCheck.LeavesAsync(simulation, LeafTypes.KeyEpoch), leaf => leaf.Part == "destroyed");
        Assert.Equal(LeafTime.Text(decided.RecoverableUntil!.Value), (string)leaf.Body["recoverableUntil"]!);
        Assert.Equal(simulation.Time.GetUtcNow(), leaf.At);
        await EvidenceCheck.AssertWellAsync(simulation);
    }

    [Fact]
    public async Task The_epoch_in_use_and_one_with_an_older_one_beside_it_are_not_destroyed()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        var desk = simulation.Get<EpochDesk>();
        Assert.IsType<EpochAnswer.InUse>(await desk.DestroyAsync(1, None));
        Assert.IsType<EpochAnswer.Unknown>(await desk.DestroyAsync(2, None));
        await desk.RotateAsync(None);
        await desk.RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.Equal(1, Assert.IsType<EpochAnswer.OlderFirst>(await desk.DestroyAsync(2, None)).Older);
        Assert.Equal([1, 2, 3], (await simulation.Get<EpochTable>().ListAsync(None)).Where(epoch => epoch.State is KeyEpochState.Live).Select(epoch => epoch.Number));
        Assert.IsType<EpochAnswer.Decided>(await desk.DestroyAsync(1, None));
        Assert.IsType<EpochAnswer.Decided>(await desk.DestroyAsync(2, None));
        Assert.IsType<EpochAnswer.Decided>(await desk.DestroyAsync(1, None));
        Assert.IsType<EpochAnswer.InUse>(await desk.DestroyAsync(3, None));
    }

    [Fact]
    public async Task Another_instance_forgets_the_key_within_ten_minutes_also_when_it_does_nothing()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2));
        await using var other = simulation.Another();
        var names = other.GetRequiredService<Pseudonyms>();
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        var name = await names.OfSubjectAsync(1, "email", "a@b", None);
        Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));
        var decidedAt = simulation.Time.GetUtcNow();

        // It may go on for a while: nobody asks the table for each name.
        Assert.Equal(name, await names.OfSubjectAsync(1, "email", "a@b", None));
        while (true)
        {
            simulation.Time.Advance(TimeSpan.FromSeconds(30));
            try
            {
                await names.OfSubjectAsync(1, "email", "a@b", None);
            }
            catch (EpochDestroyedException)
            {
                break;
            }
        }

        Assert.InRange(simulation.Time.GetUtcNow() - decidedAt, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Assert.Equal(2, await names.CurrentEpochAsync(None));

        // Quiet, it drops what it remembers by a timer of its own: nobody calls it.
        Assert.True(other.GetRequiredService<EpochKeys>().HoldsKeys);
        simulation.Time.Advance(EpochKeys.Remembers - TimeSpan.FromSeconds(1));
        Assert.True(other.GetRequiredService<EpochKeys>().HoldsKeys);
        simulation.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(other.GetRequiredService<EpochKeys>().HoldsKeys);
    }

    [Fact]
    public async Task Two_who_begin_at_once_make_one_first_epoch()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        await using var other = simulation.Another();
        var (first, second) = (simulation.Get<Pseudonyms>(), other.GetRequiredService<Pseudonyms>());
        Assert.Equal(await first.OfSubjectAsync(1, "email", "a@b", None), await second.OfSubjectAsync(1, "email", "a@b", None));
        Assert.Equal(["1"], await ChangesAsync(simulation, "made"));
    }

    [Fact]
    public async Task A_hold_in_force_outlives_rotation_and_destruction_and_names_nobody_once_released()
    {
        using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
        Shop.Seed(simulation, 60);
        await simulation.StorePolicyAsync(Shop.Policy());
        var held = SubjectIdentifier.Of("customer-id", "customer-003");
        await simulation.Get<HoldDesk>().PlaceAsync("matter-1", new HoldScope.OfSubject([held]), "litigation", "tester", None);
        await simulation.Get<EpochDesk>().RotateAsync(None);
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None));
        simulation.Time.Advance(KeyEpoch.CachesDropIt);
        await simulation.Get<EpochDesk>().RunAsync(None);

        await simulation.RunOnceAsync();

        Assert.True((await EvidenceCheck.ResultsAsync(simulation))[Core.Erasure.OutcomeResult.Retained] > 0);
        var verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.UncheckedHolds);
        await simulation.Get<HoldDesk>().ReleaseAsync("matter-1", None);
        var released = await simulation.Get<HoldTable>().ListAsync(None).SingleAsync(None);
        Assert.Empty(Assert.IsType<HoldScope.OfSubject>(released.Scope).Identifiers);
        Assert.Equal([await simulation.Get<Pseudonyms>().OfSubjectAsync(2, held.Kind, held.Value, None)], Assert.Single(released.Names).Subjects);
        verdict = await EvidenceCheck.VerifyAsync(simulation);
        Assert.Empty(verdict.Problems);
        Assert.Empty(verdict.Meaning!.UncheckedHolds);
    }

    [Theory, InlineData(FaultKind.FailedAndNotWritten, "call"), InlineData(FaultKind.FailedButWritten, "call")]
    [InlineData(FaultKind.FailedAndNotWritten, "crash"), InlineData(FaultKind.FailedButWritten, "crash")]
    public async Task Whatever_call_fails_the_next_run_completes_it_and_the_leaf_never_comes_before_the_key_is_gone(FaultKind kind, string what)
    {
        var cases = 0;
        for (var failing = 1; ; failing++)
        {
            using var simulation = new SimulatedPipeline(Shop.Now, Shop.Store, Shop.Logs);
            var (call, failed) = (0, false);
            simulation.Faults.Choose = (_, _) => ++call == failing && (failed = true) ? kind : null;
            simulation.Ledger.Appending = bytes => Assert.False(
                bytes.Span.IndexOf("\"destroyed\""u8) >= 0 && simulation.Secrets.Names.Contains(Pseudonyms.KeyName(1)), "The leaf stands while the key does.");
            await AgainAsync(simulation, what, async () => Assert.NotEmpty(await simulation.Get<Pseudonyms>().OfActorAsync("tester", None)));
            await AgainAsync(simulation, what, () => simulation.Get<EpochDesk>().RotateAsync(None));
            simulation.Time.Advance(KeyEpoch.CachesDropIt);
            await AgainAsync(simulation, what, async () => Assert.IsType<EpochAnswer.Decided>(await simulation.Get<EpochDesk>().DestroyAsync(1, None)));
            simulation.Time.Advance(KeyEpoch.CachesDropIt);
            await AgainAsync(simulation, what, () => simulation.Get<EpochDesk>().RunAsync(None));
            if (!failed)
            {
                break;
            }

            cases++;
            simulation.Faults.Choose = null;
            Assert.Equal(0, await simulation.Get<EpochDesk>().RunAsync(None));
            var epochs = await simulation.Get<EpochTable>().ListAsync(None);
            Assert.Equal(KeyEpochState.Destroyed, epochs[0].State);
            Assert.All(epochs.Skip(1), epoch => Assert.Equal(KeyEpochState.Live, epoch.State));
            Assert.Equal(epochs.Skip(1).Select(epoch => Pseudonyms.KeyName(epoch.Number)), simulation.Secrets.Names);
            Assert.Equal(epochs.Select(epoch => $"{epoch.Number}").Order(), await ChangesAsync(simulation, "made"));
            Assert.Equal(["1"], await ChangesAsync(simulation, "destroyed"));
            await EvidenceCheck.AssertWellAsync(simulation);
        }

        Assert.True(cases > 25, $"Only {cases} calls.");
    }

    private static async Task AgainAsync(SimulatedPipeline simulation, string what, Func<Task> step)
    {
        while (true)
        {
            try
            {
                await step();
                return;
            }
            catch (InjectedFaultException)
            {
                if (what == "crash")
                {
                    simulation.Restart();
                }
            }
        }
    }

    private static async Task<IReadOnlyList<string>> ChangesAsync(SimulatedPipeline simulation, string change) =>
        [.. (await EvidenceCheck.LeavesAsync(simulation, LeafTypes.KeyEpoch)).Where(leaf => leaf.Part == change).Select(leaf => leaf.Id).Order()];

    private static IReadOnlyList<string> OpeningsOf(SimulatedPipeline simulation) =>
    [
        .. simulation.Objects.Snapshot().Where(one => one.Key.EndsWith("/openings", StringComparison.Ordinal))
            .Select(one => System.Text.Encoding.UTF8.GetString(one.Value)),
    ];

    private static async Task<IReadOnlyList<string>> NamesOfAsync(SimulatedPipeline simulation, int epoch, int person) =>
    [
        await simulation.Get<Pseudonyms>().OfSubjectAsync(epoch, "customer-id", RequestShop.Customer(person), None),
        await simulation.Get<Pseudonyms>().OfSubjectAsync(epoch, "email", RequestShop.Email(person), None),
    ];

    private static bool IsRecord(KeyValuePair<string, string> file) => file.Key.StartsWith("records/", StringComparison.Ordinal);
}
