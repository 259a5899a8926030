using System.Security.Cryptography;
using System.Text;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.EndToEnd.Tests.Instances;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>Whatever is done to a bundle is reported, by the file that it was done to, and never by an exception.</summary>
public sealed class TamperTests : IAsyncLifetime
{
    private SimulatedPipeline simulation = null!;
    private NoteVerifier key = null!;
    private byte[] zip = null!;

    public async Task InitializeAsync()
    {
        simulation = await BundleShop.CompletedAsync(("r-1", 2), ("r-2", 3));
        key = await BundleShop.KeyAsync(simulation);
        zip = await BundleShop.GetAsync(simulation, "r-1");
    }

    public Task DisposeAsync()
    {
        simulation.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void A_changed_byte_is_reported_wherever_it_is() => AssertReported(
        [.. Enumerable.Range(0, zip.Length).Where(at => at < 60 || at > zip.Length - 200 || at % 97 == 0)]);

    [LongFact, Trait("Category", "Long")]
    public void Each_tenth_byte_changed_is_reported() => AssertReported([.. Enumerable.Range(0, zip.Length).Where(at => at % 10 == 0)]);

    [Fact]
    public void A_bundle_that_is_cut_off_or_longer_is_reported()
    {
        var lengths = Enumerable.Range(0, zip.Length).Where(length => length < 50 || length % 1_009 == 0);
        Assert.All(lengths, length => Assert.False(Verify(zip[..length]).IsWell));
        Assert.False(Verify([.. zip, 0]).IsWell);
        Assert.False(Verify([.. zip, .. zip]).IsWell);
    }

    [Fact]
    public void A_file_that_is_dropped_added_renamed_or_moved_is_reported_by_its_name()
    {
        var files = StoredZip.Read(zip).Files;
        for (var at = 0; at < files.Count; at++)
        {
            var file = files[at];
            AssertTold(file.Name, [.. files.Where(other => other != file)]);
            AssertTold(file.Name, [.. files.Take(at + 1), .. files.Skip(at)]);
            AssertTold(file.Name + "x", [.. files.Select(other => other == file ? file with { Name = file.Name + "x" } : other)]);
            var other = files[(at + 1) % files.Count];
            AssertTold(null, [.. files.Select(one => one == file ? other : one == other ? file : one)]);
        }

        foreach (var name in new[] { "a.txt", "../manifest.json", "/etc/passwd", "entries/01.json", "entries/../checkpoint", "records/x/0.json", "verify.html", "entries/999999.json", "claims\\x.json" })
        {
            AssertTold(name, [.. files.Append(new BundleFile(name, new byte[] { 1 })).OrderBy(one => one.Name, StringComparer.Ordinal)]);
        }
    }

    [Fact]
    public void Bytes_that_are_no_bundle_are_reported()
    {
        var noise = new Random(5);
        for (var length = 0; length < 300; length++)
        {
            var bytes = new byte[length];
            noise.NextBytes(bytes);
            Assert.False(Verify(bytes).IsWell);
            "PK\x03\x04"u8.CopyTo(length < 4 ? new byte[4] : bytes);
            Assert.False(Verify(bytes).IsWell);
        }
    }

    [Fact]
    public void Each_file_replaced_by_something_of_its_kind_is_reported()
    {
        var files = StoredZip.Read(zip).Files;
        foreach (var file in files)
        {
            foreach (var content in new[] { "", "{}", "[]", "null", "\n\n", "{\"a\":1}" })
            {
                AssertTold(file.Name, [.. files.Select(one => one == file ? file with { Content = Encoding.UTF8.GetBytes(content) } : one)]);
            }
        }
    }

    [Fact]
    public void Another_key_or_another_log_is_reported()
    {
        var other = new NoteSigner(key.Name, new byte[32]).Verifier;
        var verdict = BundleVerification.Verify(zip, other);
        Assert.Null(verdict.Checkpoint);
        Assert.Contains(verdict.Problems, problem => problem is { File: "checkpoint", Rule: "checkpoint" });
        Assert.Contains(verdict.Problems, problem => problem is { File: "keys/verifiers.txt", Rule: "key" });
    }

    /// <summary>Written again from changed facts by somebody who knows the format: hashes, claims and archive are right.</summary>
    [Fact]
    public async Task A_lie_that_is_written_well_is_reported()
    {
        var facts = BundleShop.Facts(zip, key);
        var log = new BundleLog(facts);
        var foreign = BundleShop.Facts(await BundleShop.GetAsync(simulation, "r-2"), key);
        AssertRule("records", facts with { Shown = [.. facts.Shown.Skip(1)] });
        AssertRule("entry", facts with { Shown = Changed(facts, shown => shown with { Entry = shown.Entry.Replace("erased", "absent", StringComparison.Ordinal) }) });
        AssertRule("opening", facts with { Shown = Changed(facts, shown => shown with { Opening = shown.Opening with { Version = "other" } }) });
        AssertRule("entry", facts with { Shown = Changed(facts, shown => shown with { Place = shown.Place + 1 }) });
        AssertRule("subjects", facts with { Stated = facts.Stated with { Subjects = [] }, Shown = facts.Shown });
        AssertRule("subjects", facts with { Stated = facts.Stated with { Subjects = foreign.Stated.Subjects } });
        AssertRule("event", facts with { Stated = facts.Stated with { EventId = "r-2" } });
        AssertRule("dataset-state", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Select(dataset => dataset with { Reason = "running" })] } });
        AssertRule("dataset-state", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Select(dataset => dataset with { Scan = null })] } });
        AssertRule("datasets", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Skip(1)] } });
        AssertRule("records", facts with { Stated = facts.Stated with { Forgotten = [.. log.Intents.Keys.Take(1)] } });
        AssertRule("records", facts with { Stated = facts.Stated with { Forgotten = ["11111111-1111-5111-8111-111111111111"] } });
        AssertRule("dataset-state", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Select(dataset => dataset with { Reason = "\u001b[2J" })] } });
        AssertRule("policy", facts with { PolicyTexts = new Dictionary<string, ReadOnlyMemory<byte>>() });
        AssertRule("foreign-leaf", facts with { Leaves = Joined(facts.Leaves, foreign.Leaves) });
        AssertRule("foreign-leaf", facts with { Request = foreign.Request });
        AssertRule("inclusion", facts with { Leaves = [.. facts.Leaves.Select((leaf, at) => at == 0 ? leaf with { Bytes = facts.Leaves[1].Bytes } : leaf)] });

        AssertRule("extra-file", facts with { PolicyTexts = new Dictionary<string, ReadOnlyMemory<byte>>(facts.PolicyTexts) { [Convert.ToHexStringLower(SHA256.HashData("a"u8))] = "a"u8.ToArray() } });
        AssertRule("proof", facts with { Leaves = [.. facts.Leaves.Select((leaf, at) => at == 0 ? leaf with { Proof = leaf.Proof with { Note = "none\n"u8.ToArray() } } : leaf)] });
        AssertRule("subjects", facts with
        {
            Shown = Changed(facts, shown => shown with
            {
                Opening = shown.Opening with { Subjects = [.. shown.Opening.Subjects.Select(subject => subject with { Opening = null })] },
            }),
        });

        var operation = log.Intents.Keys.First();
        AssertRule("scan-operations", Without(facts, log, leaf => leaf.Type is "intent" or "outcome" && leaf.Id == operation) with
        {
            Shown = [.. facts.Shown.Where(shown => shown.Operation != operation)],
        });
        var scan = log.Intents[operation].Scan;
        AssertRule("request-chain-open", Without(facts, log, leaf => leaf.Id == scan));
        AssertRule("chain-open", Without(facts, log, leaf => leaf.Type == "outcome" && leaf.Id == operation) with
        {
            Shown = [.. facts.Shown.Where(shown => shown.Operation != operation)],
        });
        AssertRule("request-order", Without(facts, log, leaf => leaf.Part == "accepted"), alsoUnwritable: true);
        AssertRule("dataset-state", Without(facts, log, leaf => leaf.Part == "close" && leaf.Id == scan));
    }

    /// <summary>The log does not say whom a window serves: one that no end names and nobody states is not this request's.</summary>
    [Fact]
    public async Task A_window_that_serves_others_is_reported()
    {
        await RequestShop.SendAsync(simulation, "r-3", 1);
        await RequestShop.RunThroughWindowAsync(simulation);
        var facts = BundleShop.Facts(await BundleShop.GetAsync(simulation, "r-1"), key);
        var later = BundleShop.Facts(await BundleShop.GetAsync(simulation, "r-3"), key);
        var window = new BundleLog(later).Scans.Values.Single(BundleLog.IsSearch).Scan;
        var leaves = later.Leaves.Where(leaf => Encoding.UTF8.GetString(leaf.Bytes.Span).Contains(window, StringComparison.Ordinal)
            && !Encoding.UTF8.GetString(leaf.Bytes.Span).Contains("\"type\":\"request\"", StringComparison.Ordinal)).ToList();
        Assert.True(leaves.Count >= 4, $"{leaves.Count} leaves");
        AssertRule("foreign-leaf", facts with
        {
            Leaves = Joined(facts.Leaves, leaves),
            Shown = [.. facts.Shown.Concat(later.Shown.Where(shown => new BundleLog(later).OperationsOf(window).Contains(shown.Operation)))],
        });
    }

    private void AssertRule(string rule, BundleFacts facts, bool alsoUnwritable = false)
    {
        byte[] lie;
        try
        {
            lie = BundleShop.Write(facts);
        }
        catch (FormatException) when (alsoUnwritable)
        {
            return;
        }

        var verdict = Verify(lie);
        Assert.True(verdict.Problems.Any(problem => problem.Rule == rule), $"{rule}: {string.Join("\n", verdict.Problems)}");
        Assert.Empty(verdict.Claims);
    }

    private void AssertReported(IReadOnlyList<int> places) => Parallel.ForEach(places, new ParallelOptions { MaxDegreeOfParallelism = 2 }, at =>
    {
        var changed = (byte[])zip.Clone();
        changed[at] ^= (byte)(1 << (at % 8));
        Assert.False(Verify(changed).IsWell, $"byte {at}");
    });

    private void AssertTold(string? name, IReadOnlyList<BundleFile> files)
    {
        var verdict = Verify(StoredZip.Write(files));
        Assert.False(verdict.IsWell, name);
        Assert.True(name is null || verdict.Problems.Any(problem => problem.File == name), $"{name}: {string.Join("\n", verdict.Problems)}");
    }

    private BundleVerdict Verify(byte[] bytes) => BundleVerification.Verify(bytes, key);

    private static IReadOnlyList<ShownRecord> Changed(BundleFacts facts, Func<ShownRecord, ShownRecord> change)
    {
        var place = Enumerable.Range(0, facts.Shown.Count).First(at => facts.Shown[at].Entry.Contains("erased", StringComparison.Ordinal));
        return [.. facts.Shown.Select((shown, at) => at == place ? change(shown) : shown)
            .DistinctBy(shown => (shown.Operation, shown.Place))];
    }

    private static BundleFacts Without(BundleFacts facts, BundleLog log, Func<Leaf, bool> isDropped)
    {
        var dropped = log.Leaves.Where(leaf => isDropped(leaf.Leaf)).Select(leaf => leaf.Index).ToHashSet();
        Assert.NotEmpty(dropped);
        return facts with { Leaves = [.. facts.Leaves.Where(leaf => !dropped.Contains(leaf.Index))] };
    }

    private static IReadOnlyList<ProvedLeaf> Joined(IReadOnlyList<ProvedLeaf> one, IReadOnlyList<ProvedLeaf> other) =>
        [.. one.Concat(other).DistinctBy(leaf => leaf.Index).OrderBy(leaf => leaf.Index)];
}
