using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>
/// Lies that hash well: whole logs whose tiles, root and signature are right, written by somebody who has the key. Each is
/// reported by the name of the rule that it breaks, at the leaf that breaks it.
/// </summary>
public sealed class LieTests : IDisposable
{
    private static readonly NoteSigner Signer = new("log.example/lies", new byte[32]);
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Scan = new("33333333-3333-5333-8333-333333333333");
    private static readonly string First = DerivedId.Operation(Scan, 0, 0).ToString("D");
    private static readonly string Child = DerivedId.Child(DerivedId.Operation(Scan, 0, 0)).ToString("D");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lies-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_log_that_tells_the_truth_is_well()
    {
        Assert.Empty(Verify(Policy(), Start(), Intent(First), Outcome(First, erased: 3), Close([First], due: 3, erased: 3)));
        Assert.Empty(Verify(
            Policy(), Start(), Intent(First), Outcome(First, erased: 1, deferred: 2, child: Child),
            Intent(Child, count: 2, parent: First, at: 4), Outcome(Child, erased: 2, count: 2, at: 5), Close([First, Child], due: 3, erased: 3)));
    }

    [Fact]
    public void An_outcome_without_intent() => AssertLie("outcome-without-intent 1", Policy(), Outcome(First, erased: 3));

    [Fact]
    public void Two_outcomes_of_one_operation() => AssertLie(
        "two-outcomes 3", Policy(), Intent(First), Outcome(First, erased: 3), Outcome(First, erased: 2, absent: 1));

    [Fact]
    public void A_chain_of_children_that_does_not_end() => AssertLie(
        "chain-open 3", Policy(), Start(), Intent(First), Outcome(First, erased: 1, deferred: 2, child: Child), Close([First], due: 1, erased: 1));

    [Fact]
    public void A_chain_of_children_that_runs_in_a_circle() => AssertLie(
        "child 1", Policy(), Intent(First), Outcome(First, deferred: 3, child: First));

    [Fact]
    public void A_child_without_outcome_in_a_closed_scan() => AssertLie(
        "chain-open 4", Policy(), Start(), Intent(First), Outcome(First, erased: 1, deferred: 2, child: Child),
        Intent(Child, count: 2, parent: First, at: 4), Close([First], due: 1, erased: 1));

    [Fact]
    public void Counts_that_do_not_add_up_in_an_outcome() => AssertLie(
        "counts 2", Policy(), Intent(First), Outcome(First, erased: 2));

    [Fact]
    public void Counts_that_do_not_add_up_in_a_closing() => AssertLie(
        "scan-counts 4", Policy(), Start(), Intent(First), Outcome(First, erased: 3), Close([First], due: 4, erased: 4));

    [Fact]
    public void An_operation_that_the_closing_leaves_out() => AssertLie(
        "scan-operations 4", Policy(), Start(), Intent(First), Outcome(First, erased: 3), Close([], due: 3, erased: 3));

    [Fact]
    public void An_act_after_a_hold_was_effective() => AssertLie(
        "act-under-hold 4", Policy(), Make("hold", "h", "", 0, new() { ["dataset"] = "visits", ["reason"] = "audit", ["scope"] = "dataset", ["version"] = 1 }),
        Make("hold-effective", "h", "", 1, new() { ["size"] = 2, ["version"] = 1 }), Intent(First), Outcome(First, erased: 3));

    [Fact]
    public void The_same_key_with_other_bytes() => AssertLie("same-key 2", Policy(), Intent(First), Intent(First, at: 2), Outcome(First, erased: 3));

    [Fact]
    public void Times_that_run_backwards() => AssertLie("time-backwards 2", Policy(), Intent(First, at: 9), Outcome(First, erased: 3, at: 8));

    [Theory]
    [InlineData("\"count\":3", "\"count\": 3")]
    [InlineData("\"count\":3", "\"count\":3,\"count\":3")]
    [InlineData("\"count\":3", "\"count\":3.0")]
    [InlineData("\"dataset\":\"visits\"", "\"dataset\":\"\\u0076isits\"")]
    [InlineData("\"v\":1}", "\"v\":1}\n")]
    [InlineData("\"type\":\"intent\",\"v\":1", "\"v\":1,\"type\":\"intent\"")]
    [InlineData("\"body\":{", "\"at\":\"2026-01-01T00:00:00.000Z\",\"body\":{")]
    public void A_leaf_that_is_not_canonical_or_repeats_a_key(string right, string wrong)
    {
        var text = Encoding.UTF8.GetString(Intent(First));
        Assert.Contains(right, text, StringComparison.Ordinal);
        AssertLie("canonical 1", Policy(), Encoding.UTF8.GetBytes(text.Replace(right, wrong, StringComparison.Ordinal)), Outcome(First, erased: 3));
    }

    [Fact]
    public void Epochs_that_were_rotated_and_destroyed_in_order_are_well() => Assert.Empty(Verify(
        Policy(), Epoch(1, at: 0), Intent(First, epoch: 1), Outcome(First, erased: 3), Epoch(2, at: 5), Destroyed(1, at: 1000)));

    [Fact]
    public void Epochs_that_two_machines_made_by_clocks_that_differ_are_well() =>
        Assert.Empty(Verify(Epoch(1, at: 300), Epoch(2, at: 5)));

    [Fact]
    public void An_epoch_that_nobody_made() => AssertLie("epoch-unknown 1", Policy(), Intent(First, epoch: 2), Outcome(First, erased: 3));

    [Theory]
    [InlineData(0)]
    [InlineData(306)]
    public void An_epoch_that_is_made_without_or_before_the_one_before_it(int first) =>
        AssertLie("epoch-order 0", [Epoch(2, at: 5), .. first == 0 ? Array.Empty<byte[]>() : [Epoch(1, first)]]);

    [Fact]
    public void An_intent_that_is_older_than_its_epoch() =>
        AssertLie("epoch-order 3", Policy(), Epoch(1, at: 0), Epoch(2, at: 400), Intent(First, epoch: 2), Outcome(First, erased: 3));

    [Fact]
    public void An_epoch_that_is_destroyed_and_was_never_made() => AssertLie("epoch-order 0", Destroyed(1, at: 1000), Epoch(2, at: 5));

    [Fact]
    public void The_epoch_in_use_destroyed() =>
        AssertLie("epoch-order 1", Epoch(1, at: 0), Destroyed(1, at: 1000), Epoch(2, at: 1001));

    [Fact]
    public void An_epoch_destroyed_while_an_instance_could_still_hold_its_key() =>
        AssertLie("epoch-early 2", Epoch(1, at: 0), Epoch(2, at: 5), Destroyed(1, at: 1000, asked: 401));

    [Fact]
    public void A_key_of_an_operator_that_was_destroyed_in_time_is_well() =>
        Assert.Empty(Verify(OperatorKey("visitors.2", at: 1000, asked: 400)));

    [Fact]
    public void A_key_of_an_operator_destroyed_while_a_delivery_could_still_hold_it() =>
        AssertLie("epoch-early 0", OperatorKey("visitors.2", at: 1000, asked: 401));

    [Fact]
    public void A_key_of_an_operator_that_is_another_than_its_leaf_says() =>
        Assert.Contains("body 0", Judge(OperatorKey("visitors.3", at: 1000, asked: 400)).Select(problem => $"{problem.Rule} {problem.Index}"));

    [Theory]
    [InlineData("openings", "forgotten-count 0")]
    [InlineData("scans", "forgotten-count 0")]
    public void A_removal_of_nothing(string part, string rule) => AssertLie(rule, Forgotten(part, count: 0));

    [Fact]
    public void A_removal_of_what_is_younger_than_it_says() => AssertLie("time-backwards 0", Forgotten("scans", count: 1, olderThan: 60));

    private static byte[] Forgotten(string part, int count, int olderThan = 0)
    {
        var body = new JsonObject { ["count"] = count };
        if (part == "openings")
        {
            body["requests"] = 0;
        }
        else
        {
            body["olderThan"] = LeafTime.Text(At.AddSeconds(olderThan));
        }

        return Make("forgotten", "run", part, 30, body);
    }

    private static byte[] Epoch(int number, int at) => Make("key-epoch", $"{number}", "made", at, new() { ["epoch"] = number });

    private static byte[] Destroyed(int number, int at, int asked = 400) => Make(
        "key-epoch", $"{number}", "destroyed", at, new() { ["askedAt"] = LeafTime.Text(At.AddSeconds(asked)), ["epoch"] = number });

    private static byte[] OperatorKey(string id, int at, int asked) => Make("key-epoch", id, "destroyed", at, new()
    {
        ["askedAt"] = LeafTime.Text(At.AddSeconds(asked)),
        ["epoch"] = 2,
        ["key"] = "visitors",
    });

    private void AssertLie(string named, params byte[][] entries) => Assert.Contains(named, Verify(entries));

    /// <summary>Writes and signs the log of any entries at all, and verifies it.</summary>
    private List<string> Verify(params byte[][] entries)
    {
        var problems = Judge(entries);
        Assert.DoesNotContain(problems, problem => problem.Rule is "root" or "tile" or "checkpoint" or "bundle" or "body");
        return [.. problems.Select(problem => $"{problem.Rule} {problem.Index}")];
    }

    private IReadOnlyList<LogProblem> Judge(params byte[][] entries)
    {
        var root = Path.Combine(folder.FullName, Guid.NewGuid().ToString("N"));
        List<byte[]> hashes = [.. entries.Select(entry => Rfc6962.LeafHash(entry))];
        var text = new Checkpoint(Signer.Verifier.Name, entries.Length, MerkleTree.Root(hashes)).Text;
        Write(root, TilePath.OfEntries(0, entries.Length), EntryBundle.Encode([.. entries.Select(entry => (ReadOnlyMemory<byte>)entry)]));
        Write(root, TilePath.Of(0, 0, entries.Length), [.. hashes.SelectMany(hash => hash)]);
        Write(root, "key", Encoding.UTF8.GetBytes(Signer.Verifier + "\n"));
        Write(root, "checkpoint", new SignedNote(text, [Signer.Sign(text)]).Encode());
        var verdict = LogVerification.Verify(root, Signer.Verifier, null, (_, _) => { });
        Assert.NotNull(verdict.Structure.Checkpoint);
        return [.. verdict.Problems];
    }

    private static void Write(string root, string name, byte[] content)
    {
        var path = Path.Combine(root, name.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static byte[] Policy() => Make("policy", "p", "", 0, new() { ["policy"] = "p" });

    private static byte[] Start() => Make("scan", Scan.ToString("D"), "start", 0, new() { ["dataset"] = "visits", ["policy"] = "p", ["rule"] = "r", ["slices"] = 1 });

    private static byte[] Intent(string operation, long count = 3, string? parent = null, int at = 1, int epoch = 1)
    {
        var body = new JsonObject
        {
            ["action"] = "delete",
            ["count"] = count,
            ["cutOff"] = "2026-01-01T00:00:00.000Z",
            ["dataset"] = "visits",
            ["epoch"] = epoch,
            ["holds"] = 0,
            ["policy"] = "p",
            ["root"] = "00",
            ["rule"] = "r",
            ["scan"] = Scan.ToString("D"),
        };
        if (parent is not null)
        {
            body["parent"] = parent;
        }

        return Make("intent", operation, "", at, body);
    }

    private static byte[] Outcome(
        string operation, long erased = 0, long absent = 0, long deferred = 0, string? child = null, long count = 3, int at = 3)
    {
        var counts = new JsonObject();
        foreach (var (word, number) in new[] { ("absent", absent), ("deferred", deferred), ("erased", erased) }.Where(pair => pair.Item2 > 0))
        {
            counts[word] = number;
        }

        var body = new JsonObject
        {
            ["count"] = count,
            ["counts"] = counts,
            ["dataset"] = "visits",
            ["holds"] = 0,
            ["policy"] = "p",
            ["root"] = "00",
            ["scan"] = Scan.ToString("D"),
        };
        if (child is not null)
        {
            body["child"] = child;
        }

        return Make("outcome", operation, "", at, body);
    }

    /// <summary>A closing over the outcomes of these operations as they are made above.</summary>
    private static byte[] Close(string[] operations, long due, long erased)
    {
        byte[][] outcomes = operations.Length == 2
            ? [Outcome(First, erased: 1, deferred: 2, child: Child), Outcome(Child, erased: 2, count: 2, at: 5)]
            : due == 1 ? [Outcome(First, erased: 1, deferred: 2, child: Child)] : [Outcome(First, erased: 3)];
        var root = MerkleTree.Root([.. operations.Select((operation, place) => Rfc6962.LeafHash(Jcs.Encode(new JsonObject
        {
            ["operation"] = operation,
            ["outcome"] = Convert.ToHexStringLower(Rfc6962.LeafHash(outcomes[place])),
        })))]);
        return Make("scan", Scan.ToString("D"), "close", 9, new()
        {
            ["counts"] = new JsonObject { ["erased"] = erased },
            ["due"] = due,
            ["notActed"] = 0,
            ["operations"] = operations.Length,
            ["root"] = Convert.ToHexStringLower(root),
        });
    }

    private static byte[] Make(string type, string id, string part, int seconds, JsonObject body) =>
        Leaf.Encode(type, id, part, At.AddSeconds(seconds), body);
}
