using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Every file of a bundle, from its facts: the same facts give the same bytes.</summary>
internal static class BundleFiles
{
    public const string Format = "retention-evidence/3";

    /// <summary>No outside anchor.</summary>
    public const string Ungraded = "C";

    /// <summary>What the bundle states of itself: B where it holds what an outside party gave for the checkpoint.</summary>
    public static string GradeOf(BundleFacts facts) => GradeOf(facts.Anchors.Count);

    /// <summary>
    /// B: so many outside parties vouched for the checkpoint. A asks for locked storage besides, which no bundle can show.
    /// </summary>
    public static string GradeOf(int anchors) => anchors > 0 ? "B" : Ungraded;

    /// <summary>What the grade means.</summary>
    public static string MeaningOf(string grade) => grade == Ungraded
        ? "its operator could rewrite this"
        : "an outside party vouched for this log, so that it cannot have been written later";

    /// <summary>In ordinal order of their names.</summary>
    public static IReadOnlyList<BundleFile> Of(BundleFacts facts, BundleLog log)
    {
        var claims = ClaimsOf(facts, log);
        var certificate = facts.Scope is null ? new CertificatePage(facts, log, claims).Write() : new ScanCertificate(facts, log, claims).Write();
        var files = Given(facts).Concat(log.Intents.Keys.Select(operation => new BundleFile(
                BundleNames.Claim(operation), Jcs.Encode(ClaimOf(operation, facts, log)))))
            .Append(new(BundleNames.Certificate, certificate))
            .Append(new(BundleNames.Guide, GuidePage.Write(facts)))
            .Append(new(BundleNames.Page, VerifierPage.Bytes()))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        var manifest = new BundleFile(BundleNames.Manifest, Jcs.Encode(ManifestOf(facts, log, claims, files)));
        return [.. files.Append(manifest).OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    /// <summary>Dataset by dataset, or scan by scan.</summary>
    public static IReadOnlyList<DatasetClaim> ClaimsOf(BundleFacts facts, BundleLog log) =>
        facts.Scope is null ? DatasetClaims.Of(facts, log) : ScanClaims.Of(facts, log);

    /// <summary>What the facts are read back from, besides the manifest's statement.</summary>
    private static IEnumerable<BundleFile> Given(BundleFacts facts) =>
        new BundleFile[] { new(BundleNames.Checkpoint, facts.Note), new(BundleNames.Keys, Encoding.UTF8.GetBytes(facts.Verifier + "\n")) }
            .Concat(facts.Leaves.Select(leaf => new BundleFile(BundleNames.Entry(leaf.Index), leaf.Bytes)))
            .Concat(facts.Leaves.Select(leaf => new BundleFile(BundleNames.Proof(leaf.Index), leaf.Proof.Encode())))
            .Concat(facts.Shown.Select(shown => new BundleFile(BundleNames.Shown(shown.Operation, shown.Place), BundleEncoding.Encode(shown))))
            .Concat(facts.Anchors)
            .Concat(facts.PolicyTexts.Select(policy => new BundleFile(BundleNames.PolicyText(policy.Key), policy.Value)));

    private static JsonObject ClaimOf(string operation, BundleFacts facts, BundleLog log)
    {
        var intent = log.Intents[operation];
        var scan = log.Scans[intent.Scan];
        var claims = new JsonArray();
        foreach (var shown in facts.Shown.Where(shown => shown.Operation == operation).OrderBy(shown => shown.Place))
        {
            var entry = Jcs.Parse(Encoding.UTF8.GetBytes(shown.Entry));
            entry.Remove("commitment");
            entry["place"] = shown.Place;
            claims.Add(entry);
        }

        var json = new JsonObject
        {
            ["count"] = intent.Count,
            ["dataset"] = intent.Dataset,
            ["leaves"] = Numbers(new[] { scan.Start?.Index, scan.Close?.Index }.OfType<long>()
                .Concat(DatasetClaims.LeavesOf(operation, log)).Order()),
            ["operation"] = operation,
            ["policy"] = intent.Policy,
            ["records"] = claims,
            ["scan"] = intent.Scan,
        };
        if (log.Outcomes.TryGetValue(operation, out var outcome))
        {
            var counts = new JsonObject();
            foreach (var (result, count) in outcome.Counts)
            {
                counts[Erasure.OutcomeEncoding.Word(result)] = count;
            }

            json["counts"] = counts;
        }

        return json;
    }

    private static JsonObject ManifestOf(
        BundleFacts facts, BundleLog log, IReadOnlyList<DatasetClaim> claims, IReadOnlyList<BundleFile> files)
    {
        var checkpoint = Checkpoint.Parse(SignedNote.Parse(facts.Note.Span).Text);
        var policies = new JsonObject();
        foreach (var (hash, policy) in log.ReadPolicies)
        {
            policies[hash] = PolicyFacts.Of(policy);
        }

        var grade = GradeOf(facts);
        var manifest = new JsonObject
        {
            ["claims"] = new JsonArray([.. claims.Select(ClaimOf)]),
            ["files"] = new JsonArray([.. files.Select(file => new JsonObject
            {
                ["bytes"] = file.Content.Length,
                ["name"] = file.Name,
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(file.Content.Span)),
            })]),
            ["format"] = Format,
            ["grade"] = grade,
            ["gradeMeans"] = MeaningOf(grade),
            ["log"] = new JsonObject
            {
                ["origin"] = checkpoint.Origin,
                ["root"] = Convert.ToHexStringLower(checkpoint.Root),
                ["size"] = checkpoint.Size,
            },
            ["policies"] = policies,
        };
        if (facts.Scope is { } scope)
        {
            manifest["scope"] = BundleEncoding.Encode(scope);
            return manifest;
        }

        manifest["policy"] = log.Receipt.Policy;
        manifest["receivedAt"] = LeafTime.Text(log.Receipt.At);
        manifest["request"] = facts.Request.ToString("D");
        manifest["source"] = log.Receipt.Source;
        manifest["state"] = log.Told[^1].State;
        manifest["stated"] = BundleEncoding.Encode(facts.Stated);
        return manifest;
    }

    private static JsonObject ClaimOf(DatasetClaim claim)
    {
        var json = new JsonObject
        {
            ["bases"] = BundleEncoding.Texts(claim.Bases),
            ["counts"] = Counts(claim.Counts),
            ["dataset"] = claim.Dataset,
            ["leaves"] = Numbers(claim.Leaves),
            ["operations"] = BundleEncoding.Texts(claim.Operations),
            ["reasons"] = Counts(claim.Reasons),
            ["servedRequests"] = claim.Served,
            ["state"] = claim.State,
        };
        foreach (var (name, text) in new[]
        {
            ("scan", claim.Scan), ("reason", claim.Reason),
            ("expectedBy", claim.ExpectedBy is { } by ? LeafTime.Text(by) : null),
            ("until", claim.Until is { } until ? LeafTime.Text(until) : null),
            ("copiesGoneAt", claim.CopiesGoneAt is { } gone ? LeafTime.Text(gone) : null),
        })
        {
            if (text is not null)
            {
                json[name] = text;
            }
        }

        if (claim.Absence is { } absence)
        {
            json["absence"] = new JsonObject
            {
                ["consistency"] = absence.Consistency,
                ["cutOff"] = LeafTime.Text(absence.CutOffAt),
                ["examined"] = absence.Examined,
                ["failed"] = absence.Failed,
                ["notActed"] = absence.NotActed,
                ["rule"] = absence.Rule,
                ["stands"] = absence.Stands,
                ["undated"] = absence.Undated,
            };
        }

        return json;
    }

    private static JsonObject Counts(IReadOnlyDictionary<string, long> counts)
    {
        var json = new JsonObject();
        foreach (var (word, count) in counts)
        {
            json[word] = count;
        }

        return json;
    }

    private static JsonArray Numbers(IEnumerable<long> numbers) => new([.. numbers.Select(number => (JsonNode)number)]);
}
