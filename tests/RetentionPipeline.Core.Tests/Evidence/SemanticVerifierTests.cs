using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>Lies that hash well: each is reported by name.</summary>
public sealed class SemanticVerifierTests
{
    private const string Operation = "11111111-1111-5111-8111-111111111111";
    private const string Hold = "22222222-2222-5222-8222-222222222222";
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_log_that_tells_the_truth_is_well() =>
        Assert.Empty(Verify(Policy(), Intent(), Outcome()).Problems);

    [Fact]
    public void An_outcome_without_an_intent_before_it() => AssertRule("outcome-without-intent", Policy(), Outcome(), Intent());

    [Fact]
    public void Two_outcomes_of_one_operation() => AssertRule("two-outcomes", Policy(), Intent(), Outcome(), Outcome(at: 9));

    [Fact]
    public void The_same_key_with_other_bytes() => AssertRule("same-key", Policy(), Intent(), Intent(at: 1), Outcome());

    [Fact]
    public void Counts_that_do_not_add_up() => AssertRule("counts", Policy(), Intent(), Outcome(erased: 2));

    [Fact]
    public void An_outcome_of_another_size_than_its_intent() => AssertRule("counts", Policy(), Intent(count: 4), Outcome());

    [Fact]
    public void Deferred_records_without_a_child() => AssertRule("child", Policy(), Intent(), Outcome(erased: 1, deferred: 2));

    [Fact]
    public void An_outcome_older_than_its_intent() => AssertRule("time-backwards", Policy(), Intent(at: 5), Outcome(at: 4));

    [Fact]
    public void An_intent_under_a_policy_that_the_log_does_not_hold() => AssertRule("policy-unknown", Intent(), Outcome());

    [Fact]
    public void A_body_that_lacks_what_such_a_leaf_states() =>
        AssertRule("body", Policy(), Make("intent", Operation, 0, new JsonObject { ["count"] = 1 }));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_act_after_a_hold_was_effective_under_an_older_version_or_one_that_did_not_look(long version) => AssertRule(
        "act-under-hold", Policy(), Placed(), Effective(), Intent(holds: version), Outcome(holds: version));

    [Fact]
    public void An_act_before_the_hold_was_effective_or_on_another_dataset_is_none()
    {
        Assert.Empty(Verify(Policy(), Placed(), Intent(), Outcome(), Effective()).Problems);
        Assert.Empty(Verify(Policy(), Placed("other"), Effective(), Intent(), Outcome()).Problems);
    }

    [Fact]
    public void An_act_after_the_release_is_none() => Assert.Empty(Verify(
        Policy(), Placed(), Effective(), Make("hold-released", Hold, 7, new JsonObject { ["placed"] = 1 }), Intent(holds: 2, at: 8), Outcome(holds: 2, at: 9)).Problems);

    [Fact]
    public void An_intent_without_an_outcome_is_listed_with_its_age()
    {
        var report = Verify(Policy(), Intent(), Make("policy", "later", 60, new JsonObject()));
        Assert.Empty(report.Problems);
        Assert.Equal((Operation, TimeSpan.FromSeconds(60)), Assert.Single(report.OpenIntents));
    }

    [Fact]
    public void A_hold_on_a_person_is_listed_as_unchecked_without_openings() => Assert.Equal(
        Hold, Assert.Single(Verify(Policy(), Make("hold", Hold, 0, new JsonObject { ["scope"] = "subject", ["version"] = 1 })).UncheckedHolds));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void With_openings_a_hold_on_a_person_is_decided_by_the_record_that_was_changed(int erased)
    {
        // Three records, the first one names the held person; one was erased, two were retained.
        var given = new Openings("held", erased);
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot));
        Assert.Equal(erased == 0, report.Problems.Any(problem => problem.Rule == "act-under-hold"));
        Assert.DoesNotContain(report.Problems, problem => problem.Rule != "act-under-hold");
        Assert.Empty(report.UncheckedHolds);
    }

    [Fact]
    public void Outcome_entries_that_are_not_what_the_outcome_committed_to()
    {
        var given = new Openings("held", 0);
        var lie = new Openings("held", 1);
        Assert.Contains(
            Verify(lie, Policy(), Intent(root: lie.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot)).Problems,
            problem => problem.Rule == "entries");
    }

    [Fact]
    public void Counts_that_are_not_those_of_the_entries()
    {
        var given = new Openings("held", 0);
        Assert.Contains(
            Verify(given, Policy(), Intent(root: given.IntentRoot), Outcome(erased: 2, retained: 1, root: given.OutcomeRoot)).Problems,
            problem => problem.Rule == "counts");
    }

    [Fact]
    public void A_hold_on_a_person_is_listed_as_unchecked_where_an_operation_cannot_be_opened()
    {
        var given = new Openings("held", 1) { WithoutOutcome = true };
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2));
        Assert.Equal(Hold, Assert.Single(report.UncheckedHolds));
    }

    [Fact]
    public void A_hold_whose_epoch_is_not_that_of_the_openings_is_listed_as_unchecked()
    {
        var given = new Openings("held", 0) { HoldEpoch = 2 };
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot));
        Assert.Empty(report.Problems);
        Assert.Equal(Hold, Assert.Single(report.UncheckedHolds));
    }

    [Fact]
    public void Openings_that_say_another_epoch_than_their_intent_are_told_and_hide_no_act_under_a_hold()
    {
        var given = new Openings("held", 0) { FileEpoch = 2 };
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot));
        Assert.Equal(["act-under-hold", "openings"], report.Problems.Select(problem => problem.Rule).Order());
    }

    [Theory]
    [InlineData("a person beside the hash")]
    [InlineData("a record beside the commitment")]
    [InlineData("a beginning of the pseudonym as salt")]
    public void An_opening_shows_nothing_that_no_commitment_is_over(string lie)
    {
        var given = new Openings("held", 0)
        {
            Change = opening => lie switch
            {
                "a person beside the hash" => opening with { Subjects = [new([], "shown") { Hash = opening.Subjects[0].Commit() }] },
                "a record beside the commitment" => opening with { Commitment = opening.Commit(), Record = "shown", Subjects = [] },
                _ => opening with { Subjects = [new([.. opening.Subjects[0].Salt, (byte)'h'], "eld")] },
            },
        };
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot), Told());
        Assert.Equal("openings", Assert.Single(report.Problems).Rule);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void No_more_openings_are_missing_than_the_log_tells(int told)
    {
        // The record that was erased is forgotten: nothing says whether it named the held person.
        var given = new Openings("held", 0) { Forgotten = true };
        var leaf = Leaf.Parse(Leaf.Encode("forgotten", "run", told == 0 ? "scans" : "openings", At.AddSeconds(9), new JsonObject
        {
            ["count"] = Math.Max(1, told),
            ["olderThan"] = "2025-01-01T00:00:00.000Z",
            ["requests"] = 0,
        }));
        var report = Verify(given, Policy(), PersonHeld(), Effective(), Intent(root: given.IntentRoot), Outcome(erased: 1, retained: 2, root: given.OutcomeRoot), leaf);
        Assert.Equal(told == 0 ? ["forgotten-untold"] : Array.Empty<string>(), report.Problems.Select(problem => problem.Rule));
        Assert.Equal(Hold, Assert.Single(report.UncheckedHolds));
    }

    /// <summary>An opening is told to be forgotten.</summary>
    private static Leaf Told() => Leaf.Parse(Leaf.Encode(
        "forgotten", "run", "openings", At.AddSeconds(9), new JsonObject { ["count"] = 1, ["requests"] = 0 }));

    private static void AssertRule(string rule, params Leaf[] leaves) => Assert.Contains(Verify(leaves).Problems, problem => problem.Rule == rule);

    private static SemanticReport Verify(params Leaf[] leaves) => Verify(null, leaves);

    private static SemanticReport Verify(IOpeningsSource? openings, params Leaf[] leaves)
    {
        var verifier = new SemanticVerifier(openings);
        for (var index = 0; index < leaves.Length; index++)
        {
            verifier.Add(index, leaves[index]);
        }

        return verifier.End();
    }

    private static Leaf Policy() => Make("policy", "p", 0, new JsonObject { ["policy"] = "p" });

    private static Leaf Placed(string dataset = "visits") => Make(
        "hold", Hold, 0, new JsonObject { ["dataset"] = dataset, ["reason"] = "audit", ["scope"] = "dataset", ["version"] = 1 });

    private static Leaf PersonHeld() => Make(
        "hold", Hold, 0, new JsonObject { ["reason"] = "audit", ["scope"] = "subject", ["version"] = 1 });

    private static Leaf Effective() => Make("hold-effective", Hold, 1, new JsonObject { ["size"] = 2, ["version"] = 1 });

    private static Leaf Intent(long count = 3, long holds = 0, int at = 0, string root = "00") => Make("intent", Operation, at, new JsonObject
    {
        ["action"] = "delete",
        ["count"] = count,
        ["cutOff"] = "2026-01-01T00:00:00.000Z",
        ["dataset"] = "visits",
        ["epoch"] = 1,
        ["holds"] = holds,
        ["policy"] = "p",
        ["root"] = root,
        ["rule"] = "r",
        ["scan"] = "s",
    });

    private static Leaf Outcome(long erased = 3, long deferred = 0, long holds = 0, int at = 3, long retained = 0, string root = "00")
    {
        var counts = new JsonObject { ["erased"] = erased };
        if (deferred > 0)
        {
            counts["deferred"] = deferred;
        }

        if (retained > 0)
        {
            counts["retained"] = retained;
        }

        return Make("outcome", Operation, at, new JsonObject
        {
            ["count"] = 3,
            ["counts"] = counts,
            ["dataset"] = "visits",
            ["holds"] = holds,
            ["policy"] = "p",
            ["root"] = root,
            ["scan"] = "s",
        });
    }

    private static Leaf Make(string type, string id, int seconds, JsonObject body) =>
        Leaf.Parse(Leaf.Encode(type, id, "", At.AddSeconds(seconds), body));

    /// <summary>Three records, the first of them the held person's; one is erased, the others are retained.</summary>
    private sealed class Openings(string heldPerson, int erased) : IOpeningsSource
    {
        private readonly BatchOpenings operation = new(1, [.. Enumerable.Range(0, 3).Select(place => new RecordOpening(
            [(byte)place], $"record-{place}", [new SubjectOpening(new byte[Salts.Length], place == 0 ? heldPerson : "other")], "v"))]);

        public bool WithoutOutcome { get; init; }

        public bool Forgotten { get; init; }

        public int HoldEpoch { get; init; } = 1;

        /// <summary>What the file of the openings says; the hold has a name under it that no record bears.</summary>
        public int FileEpoch { get; init; } = 1;

        /// <summary>Of the first record.</summary>
        public Func<RecordOpening, RecordOpening> Change { get; init; } = opening => opening;

        public string IntentRoot => Convert.ToHexStringLower(MerkleTree.Root([.. operation.Entries.Select(entry => entry.Commit())]));

        public string OutcomeRoot => Entries().Root();

        public BatchOpenings? FindOperation(string id) => Forgotten
            ? operation with { Entries = [operation.Entries[0].Forget(new HashSet<string> { heldPerson }, Guid.Empty), .. operation.Entries.Skip(1)] }
            : new(FileEpoch, [Change(operation.Entries[0]), .. operation.Entries.Skip(1)]);

        public OutcomeEntries? FindOutcome(string id) => WithoutOutcome ? null : Entries();

        public HoldOpening? FindHold(string hold) => new(
            [new(HoldEpoch, [heldPerson], null), .. FileEpoch == 1 ? Array.Empty<HoldNames>() : [new(FileEpoch, ["held-otherwise"], null)]]);

        public RequestEntries? FindRequest(string request, string part) => null;

        private OutcomeEntries Entries() => new([.. operation.Entries.Select((entry, place) => OutcomeEncoding.Entry(
            entry.Commit(), place == erased ? new RecordOutcome(OutcomeResult.Erased, "receipt") : RecordOutcome.Retained("hold")))]);
    }
}
