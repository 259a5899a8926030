using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Every file of a bundle, from its facts: the same facts give the same bytes.</summary>
internal static class BundleFiles
{
    public const string Format = "retention-evidence/1";

    /// <summary>No outside anchor and no witness.</summary>
    public const string Grade = "C";

    /// <summary>What the grade means.</summary>
    public const string GradeMeans = "its operator could rewrite this";

    /// <summary>In ordinal order of their names.</summary>
    public static IReadOnlyList<BundleFile> Of(BundleFacts facts, BundleLog log)
    {
        var claims = DatasetClaims.Of(facts, log);
        var files = Given(facts).Concat(log.Intents.Keys.Select(operation => new BundleFile(
                BundleNames.Claim(operation), Jcs.Encode(ClaimOf(operation, facts, log)))))
            .Append(new(BundleNames.Certificate, new CertificatePage(facts, log, claims).Write()))
            .Append(new(BundleNames.Guide, GuidePage.Write(facts)))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        var manifest = new BundleFile(BundleNames.Manifest, Jcs.Encode(ManifestOf(facts, log, claims, files)));
        return [.. files.Append(manifest).OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    /// <summary>What the facts are read back from, besides the manifest's statement.</summary>
    private static IEnumerable<BundleFile> Given(BundleFacts facts) =>
        new BundleFile[] { new(BundleNames.Checkpoint, facts.Note), new(BundleNames.Keys, Encoding.UTF8.GetBytes(facts.Verifier + "\n")) }
            .Concat(facts.Leaves.Select(leaf => new BundleFile(BundleNames.Entry(leaf.Index), leaf.Bytes)))
            .Concat(facts.Leaves.Select(leaf => new BundleFile(BundleNames.Proof(leaf.Index), leaf.Proof.Encode())))
            .Concat(facts.Shown.Select(shown => new BundleFile(BundleNames.Shown(shown.Operation, shown.Place), BundleEncoding.Encode(shown))))
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
        return new JsonObject
        {
            ["claims"] = new JsonArray([.. claims.Select(ClaimOf)]),
            ["files"] = new JsonArray([.. files.Select(file => new JsonObject
            {
                ["bytes"] = file.Content.Length,
                ["name"] = file.Name,
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(file.Content.Span)),
            })]),
            ["format"] = Format,
            ["grade"] = Grade,
            ["gradeMeans"] = GradeMeans,
            ["log"] = new JsonObject
            {
                ["origin"] = checkpoint.Origin,
                ["root"] = Convert.ToHexStringLower(checkpoint.Root),
                ["size"] = checkpoint.Size,
            },
            ["policy"] = log.Receipt.Policy,
            ["receivedAt"] = LeafTime.Text(log.Receipt.At),
            ["request"] = facts.Request.ToString("D"),
            ["source"] = log.Receipt.Source,
            ["state"] = log.Told[^1].State,
            ["stated"] = BundleEncoding.Encode(facts.Stated),
        };
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
        })
        {
            if (text is not null)
            {
                json[name] = text;
            }
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
