using System.Text;
using RetentionPipeline.Core.Evidence;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Records;
using RetentionPipeline.EndToEnd.Tests.Browsers;
using RetentionPipeline.EndToEnd.Tests.Simulation;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.EndToEnd.Tests.Bundles;

/// <summary>
/// <c>verify.html</c> in Debian's chromium without a network: it accepts what the tool accepts, and names the file wherever
/// the tool does.
/// </summary>
public sealed class PageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("page-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [BrowserFact]
    public async Task Good_bundles_of_every_kind_are_accepted()
    {
        var bundles = new List<PageCase>();
        PageCase forgotten;
        using (var simulation = await BundleShop.StartAsync(withArchive: true))
        {
            RequestShop.PutOrder(simulation, 1, Shop.Now.AddYears(-1));
            simulation.Stores[RequestShop.Store].Answer = record => record == RequestShop.Order(3) ? new ActResult.Refused("planted") : null;
            simulation.Stores[RequestShop.Store].Residuals = [new ResidualCopy("soft-delete", TimeSpan.FromDays(7))];
            await simulation.Get<HoldDesk>().PlaceAsync(
                "matter-1", new HoldScope.OfSubject([SubjectIdentifier.Of("customer-id", RequestShop.Customer(2))]), "litigation", "tester", CancellationToken.None);
            await RequestShop.SendAsync(simulation, "tax-1", 1);
            await RequestShop.SendAsync(simulation, "held", 2);
            await RequestShop.SendAsync(simulation, "failed", 3);
            await RequestShop.SendAsync(simulation, "nobody", 77);
            await simulation.DrainAsync();
            await AddAsync(simulation, bundles, "held");
            await RequestShop.RunThroughWindowAsync(simulation);
            await simulation.Get<Adapters.Composition.PipelineTimers>().TidyAsync(CancellationToken.None);
            var witness = new SigningWitness("witness.example/w1", Shop.Now.AddDays(60));
            await ScanShop.AnchorAsync(simulation, witness, new OpensslStamps(folder));
            foreach (var id in new[] { "tax-1", "held", "failed", "nobody" })
            {
                await AddAsync(simulation, bundles, id);
            }

            bundles.Add(bundles[^1] with { Keys = [bundles[^1].Keys[0], witness.Key.ToString()] });
            bundles.Add(new(await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits")), bundles[0].Keys));
        }

        using (var simulation = await BundleShop.CompletedAsync(("r-1", 2)))
        {
            await simulation.Get<SubjectForgetting>().ForgetAsync(
                [SubjectIdentifier.Of("customer-id", RequestShop.Customer(2)), SubjectIdentifier.Of("email", RequestShop.Email(2))], CancellationToken.None);
            forgotten = new(await BundleShop.GetAsync(simulation, "r-1"), (await BundleShop.KeyAsync(simulation)).ToString());
        }

        foreach (var mode in new[] { "enforce", "report" })
        {
            using var simulation = await ScanShop.StartAsync(mode);
            bundles.Add(new(await ScanShop.GetAsync(simulation, ScanShop.Dataset("visits")), (await BundleShop.KeyAsync(simulation)).ToString()));
            bundles.Add(new(await ScanShop.GetAsync(simulation, new(null, null, null, Shop.Now.AddDays(90))), bundles[^1].Keys));
        }

        bundles.Add(forgotten);
        var verdicts = await BrowserTool.VerifyAsync(folder, VerifierPage.Bytes(), bundles);
        Assert.Equal(bundles.Count, verdicts.Count);
        for (var at = 0; at < bundles.Count; at++)
        {
            var keys = bundles[at].Keys.Select(NoteVerifier.Parse).ToList();
            var ours = BundleVerification.Verify(bundles[at].Zip, new BundleTrust(keys[0], keys[1..], null));
            Assert.Empty(ours.Problems);
            Assert.True(verdicts[at].IsWell, $"bundle {at}: {string.Join("\n", verdicts[at].Problems)}");
            Assert.Equal(ours.Claims.Count, verdicts[at].Claims.Count);
            Assert.Contains($"Grade {ours.Grade}", verdicts[at].Verdict, StringComparison.Ordinal);
            Assert.Equal(ours.Unchecked.Where(IsOfNoAnchor), verdicts[at].Notes.Select(note => note["unchecked: ".Length..]).Where(IsOfNoAnchor));
        }

        Assert.Equal(["unchecked: the cosignature", "unchecked: the time"], verdicts[4].Notes.Select(note => string.Join(' ', note.Split(' ')[..3])).Order());
        Assert.StartsWith("The bundle is well. Grade C", verdicts[4].Verdict, StringComparison.Ordinal);
        Assert.StartsWith("The bundle is well. Grade B", verdicts[5].Verdict, StringComparison.Ordinal);
        Assert.DoesNotContain(verdicts[5].Notes, note => note.Contains("cosignature", StringComparison.Ordinal));
        Assert.Contains("copies until", string.Concat(verdicts[5].Claims.Concat(verdicts[1].Claims)), StringComparison.Ordinal);
        Assert.Contains("Signed statement of absence", string.Concat(verdicts[7].Claims), StringComparison.Ordinal);
        Assert.Equal(3, verdicts[^1].Notes.Count(note => note.EndsWith("the operator says that its opening was forgotten", StringComparison.Ordinal)));
        Assert.Contains("unchecked: whom the records name: 0 of the person's 2 identifiers are opened", verdicts[^1].Notes);
    }

    /// <summary>Of time stamps and cosignatures the page says how to check them, the tool what it was not given.</summary>
    private static bool IsOfNoAnchor(string line) => !line.StartsWith("the time stamp", StringComparison.Ordinal) && !line.StartsWith("the cosignature", StringComparison.Ordinal);

    [BrowserFact]
    public async Task The_file_is_named_for_each_of_more_than_fifty_tampered_bundles()
    {
        using var simulation = await BundleShop.CompletedAsync(("r-1", 2), ("r-2", 3));
        await ScanShop.AnchorAsync(simulation, new SigningWitness("witness.example/w1", Shop.Now.AddDays(60)));
        var key = await BundleShop.KeyAsync(simulation);
        var zip = await BundleShop.GetAsync(simulation, "r-1");
        var foreign = BundleShop.Facts(await BundleShop.GetAsync(simulation, "r-2"), key);
        var tampered = Changed(zip).Concat(Lies(BundleShop.Facts(zip, key), foreign, key)).ToList();
        tampered.Add(("keys/verifiers.txt", zip));
        Assert.True(tampered.Count >= 50, $"{tampered.Count}");

        var keys = tampered.Select(_ => key.ToString()).ToList();
        keys[^1] = new NoteSigner(key.Name, new byte[32]).Verifier.ToString();
        var verdicts = await BrowserTool.VerifyAsync(
            folder, VerifierPage.Bytes(), [.. tampered.Select((one, at) => new PageCase(one.Zip, keys[at]))]);
        var differing = new List<string>();
        for (var at = 0; at < tampered.Count; at++)
        {
            var ours = BundleVerification.Verify(tampered[at].Zip, NoteVerifier.Parse(keys[at])).Problems
                .Select(problem => $"{problem.File}: {problem.Rule}").Distinct().Order(StringComparer.Ordinal).ToList();
            if (verdicts[at].IsWell || !verdicts[at].Rules.Any(rule => rule.StartsWith(tampered[at].File + ": ", StringComparison.Ordinal)) || !ours.SequenceEqual(verdicts[at].Rules))
            {
                differing.Add($"{at} {tampered[at].File}:\n  page {string.Join(" | ", verdicts[at].Rules.Except(ours))}\n  tool {string.Join(" | ", ours.Except(verdicts[at].Rules))}");
            }
        }

        Assert.True(differing.Count == 0, $"{tampered.Count} bundles\n" + string.Join("\n", differing));
    }

    [BrowserFact]
    public async Task A_key_that_cannot_be_read_or_none_is_told()
    {
        var verdicts = await BrowserTool.VerifyAsync(folder, VerifierPage.Bytes(), [new([1]), new([1], "no-key")]);
        Assert.All(verdicts, verdict => Assert.StartsWith("The key cannot be read", verdict.Verdict, StringComparison.Ordinal));
    }

    [Fact]
    public void The_page_is_one_file_without_a_network()
    {
        var page = Encoding.UTF8.GetString(VerifierPage.Bytes().Span);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("</script").Length);
    }

    private static async Task AddAsync(SimulatedPipeline simulation, List<PageCase> bundles, string id) =>
        bundles.Add(new(await BundleShop.GetAsync(simulation, id), (await BundleShop.KeyAsync(simulation)).ToString()));

    /// <summary>One file changed, dropped, renamed, added or doubled; the rest and the archive are as they should be.</summary>
    private static IEnumerable<(string File, byte[] Zip)> Changed(byte[] zip)
    {
        var files = StoredZip.Read(zip).Files;
        var some = files.GroupBy(file => file.Name.Split('/')[0]).SelectMany(group => group.Take(2)).ToList();
        foreach (var file in some)
        {
            var content = file.Content.ToArray();
            content[content.Length / 2] ^= 1;
            yield return (file.Name, StoredZip.Write([.. files.Select(one => one == file ? file with { Content = content } : one)]));
            yield return (file.Name, StoredZip.Write([.. files.Where(one => one != file)]));
        }

        foreach (var name in new[] { "a.txt", "entries/999999.json", "../manifest.json", "records/x/0.json" })
        {
            yield return (name, StoredZip.Write([.. files.Append(new BundleFile(name, new byte[] { 1 })).OrderBy(one => one.Name, StringComparer.Ordinal)]));
        }

        yield return (files[3].Name, StoredZip.Write([.. files.Take(4), .. files.Skip(3)]));
        yield return ("zip", [.. zip, 0]);
        yield return ("zip", zip[..(zip.Length / 2)]);
        yield return ("zip", []);
        var flipped = (byte[])zip.Clone();
        flipped[10] ^= 1;
        yield return ("zip", flipped);
    }

    /// <summary>Written again by somebody who knows the format: hashes, claims, certificate and archive are right.</summary>
    private static IEnumerable<(string File, byte[] Zip)> Lies(BundleFacts facts, BundleFacts foreign, NoteVerifier key)
    {
        var log = new BundleLog(facts);
        var shown = facts.Shown.First(one => one.Entry.Contains("erased", StringComparison.Ordinal));
        var name = BundleNames.Shown(shown.Operation, shown.Place);
        BundleFacts With(Func<ShownRecord, ShownRecord> change) => facts with { Shown = [.. facts.Shown.Select(one => one == shown ? change(one) : one)] };
        (string, byte[]) Lie(string file, BundleFacts lie) => (file, BundleShop.Write(lie));

        var signer = new NoteSigner(key.Name, [.. Enumerable.Repeat((byte)9, 32)]);
        var text = SignedNote.Parse(facts.Note.Span).Text;
        var note = new SignedNote(text, [signer.Sign(text)]).Encode();
        yield return Lie("checkpoint", facts with
        {
            Note = note,
            Verifier = signer.Verifier,
            Leaves = [.. facts.Leaves.Select(leaf => leaf with { Proof = leaf.Proof with { Note = note } })],
        });
        yield return Lie(name, With(one => one with { Entry = one.Entry.Replace("erased", "absent", StringComparison.Ordinal) }));
        yield return Lie(name, With(one => one with { Opening = one.Opening with { Version = "other" } }));
        yield return Lie(name, With(one => one with { Opening = one.Opening with { Record = "other" } }));
        yield return Lie($"claims/{shown.Operation}.json", facts with { Shown = [.. facts.Shown.Where(one => one != shown)] });
        yield return Lie("manifest.json", facts with { Stated = facts.Stated with { EventId = "r-2" } });
        yield return Lie("manifest.json", facts with { Stated = facts.Stated with { Subjects = foreign.Stated.Subjects } });
        yield return Lie("manifest.json", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Skip(1)] } });
        yield return Lie("manifest.json", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Select(one => one with { Reason = "running" })] } });
        yield return Lie("manifest.json", facts with { Stated = facts.Stated with { Datasets = [.. facts.Stated.Datasets.Select(one => one with { Scan = null })] } });
        yield return Lie($"entries/{foreign.Leaves[^1].Index}.json", facts with { Leaves = [.. facts.Leaves.Concat(foreign.Leaves).DistinctBy(leaf => leaf.Index).OrderBy(leaf => leaf.Index)] });
        yield return Lie($"entries/{facts.Leaves[0].Index}.json", facts with { Leaves = [.. facts.Leaves.Select((leaf, at) => at == 0 ? leaf with { Bytes = facts.Leaves[1].Bytes } : leaf)] });
        var scan = log.Intents[shown.Operation].Scan;
        foreach (var (file, isDropped) in new (long, Func<Leaf, bool>)[]
        {
            (log.Scans[scan].Close!.Value.Index, leaf => leaf.Type is "intent" or "outcome" && leaf.Id == shown.Operation),
            (log.End!.Index, leaf => leaf.Id == scan),
            (log.Intents[shown.Operation].Index, leaf => leaf.Type == "outcome" && leaf.Id == shown.Operation),
        })
        {
            var dropped = log.Leaves.Where(leaf => isDropped(leaf.Leaf)).Select(leaf => leaf.Index).ToHashSet();
            yield return Lie($"entries/{file}.json", facts with { Leaves = [.. facts.Leaves.Where(leaf => !dropped.Contains(leaf.Index))] });
        }

        yield return Lie("anchors/witness.example_w1.note", facts with { Anchors = [facts.Anchors[0] with { Content = "none\n"u8.ToArray() }] });
        yield return Lie($"policy/{log.NamedPolicies.First()}.yaml", facts with { PolicyTexts = new Dictionary<string, ReadOnlyMemory<byte>>() });
    }
}
