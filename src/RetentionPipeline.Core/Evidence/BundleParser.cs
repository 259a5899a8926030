using System.Security.Cryptography;
using System.Text;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>
/// Reads the facts of a bundle back from its files. What cannot be read is a problem of its file; the rest is read all the
/// same, so that all problems are told at once.
/// </summary>
internal sealed class BundleParser(IReadOnlyList<BundleFile> files, NoteVerifier verifier, List<BundleProblem> problems)
{
    private static readonly IReadOnlyList<string> Singles =
    [
        BundleNames.Manifest, BundleNames.Certificate, BundleNames.Guide, BundleNames.Checkpoint, BundleNames.Keys, BundleNames.Page,
    ];

    private readonly Dictionary<long, ReadOnlyMemory<byte>> entries = [];
    private readonly Dictionary<long, TlogProof> proofs = [];
    private readonly List<ShownRecord> shown = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> policies = new(StringComparer.Ordinal);
    private readonly List<BundleFile> anchors = [];
    private readonly Dictionary<string, ReadOnlyMemory<byte>> single = new(StringComparer.Ordinal);

    /// <summary>Null if checkpoint or manifest cannot be read, or a leaf is without its proof.</summary>
    public BundleFacts? Parse()
    {
        foreach (var file in files)
        {
            Take(file);
        }

        foreach (var name in Singles.Where(name => !single.ContainsKey(name)))
        {
            Add(name, "missing", "The file is missing. Ask for the whole bundle.");
        }

        CheckHashes();
        CheckKeys();
        var leaves = PairLeaves();
        if (!single.TryGetValue(BundleNames.Checkpoint, out var note) || !single.TryGetValue(BundleNames.Manifest, out var manifest))
        {
            return null;
        }

        if (BundleEncoding.DecodeScope(manifest.Span) is { } scope)
        {
            return new BundleFacts(Guid.Empty, note, verifier, leaves, shown, policies, new(null, [], [], [])) { Scope = scope, Anchors = anchors };
        }

        if (BundleEncoding.DecodeManifest(manifest.Span) is not { } said)
        {
            Add(BundleNames.Manifest, "manifest", "The manifest is not one of this format: it does not name the request or what is stated. Ask for the bundle again.");
            return null;
        }

        return new BundleFacts(
            said.Request, note, verifier, leaves,
            [.. shown.OrderBy(record => record.Operation, StringComparer.Ordinal).ThenBy(record => record.Place)], policies, said.Stated)
        { Anchors = anchors };
    }

    private void Take(BundleFile file)
    {
        if (BundleNames.Parse(file.Name) is not { } name)
        {
            Add(file.Name, "extra-file", "No bundle has a file of this name: it was added, and nothing proves it.");
            return;
        }

        switch (name.Kind)
        {
            case BundleFileKind.Entry:
                entries[name.Number] = file.Content;
                break;
            case BundleFileKind.Proof:
                TakeProof(file, name);
                break;
            case BundleFileKind.Shown:
                TakeRecord(file, name);
                break;
            case BundleFileKind.PolicyText:
                TakePolicy(file, name);
                break;
            case BundleFileKind.Stamp or BundleFileKind.Cosignature:
                anchors.Add(file);
                break;
            case BundleFileKind.Claim:
                break;
            default:
                single[file.Name] = file.Content;
                break;
        }
    }

    private void TakeProof(BundleFile file, BundleName name)
    {
        try
        {
            var proof = TlogProof.Parse(file.Content);
            if (proof.Index == name.Number)
            {
                proofs[name.Number] = proof;
                return;
            }
        }
        catch (FormatException)
        {
            // Told below, like a proof of another leaf.
        }

        Add(file.Name, "proof", "The file is no proof of this leaf. Ask for the bundle again.");
    }

    private void TakeRecord(BundleFile file, BundleName name)
    {
        if (BundleEncoding.DecodeRecord(name, file.Content.Span) is { } record)
        {
            shown.Add(record);
        }
        else
        {
            Add(file.Name, "record", "The file is no opening of a record in canonical form. Ask for the bundle again.");
        }
    }

    private void TakePolicy(BundleFile file, BundleName name)
    {
        if (Convert.ToHexStringLower(SHA256.HashData(file.Content.Span)) == name.Id)
        {
            policies[name.Id] = file.Content;
        }
        else
        {
            Add(file.Name, "policy", "The text is not the policy of this hash: it was changed.");
        }
    }

    /// <summary>A manifest proves nothing, but it tells which file is not the one that was written.</summary>
    private void CheckHashes()
    {
        if (!single.TryGetValue(BundleNames.Manifest, out var manifest) || BundleEncoding.DecodeFiles(manifest.Span) is not { } listed)
        {
            return;
        }

        var there = files.Where(file => file.Name != BundleNames.Manifest).GroupBy(file => file.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First().Content, StringComparer.Ordinal);
        foreach (var name in listed.Keys.Where(name => !there.ContainsKey(name) && !IsSingle(name)))
        {
            Add(name, "missing", "The manifest lists this file, and it is not there. Ask for the whole bundle.");
        }

        foreach (var (name, content) in there)
        {
            if (!listed.TryGetValue(name, out var hash))
            {
                Add(name, "extra-file", "The manifest does not list this file: it was added.");
            }
            else if (Convert.ToHexStringLower(SHA256.HashData(content.Span)) != hash)
            {
                Add(name, "hash", "The file is not the one that the manifest lists: one of the two was changed.");
            }
        }
    }

    private void CheckKeys()
    {
        if (single.TryGetValue(BundleNames.Keys, out var keys) && !keys.Span.SequenceEqual(Encoding.UTF8.GetBytes(verifier + "\n")))
        {
            Add(BundleNames.Keys, "key", "The bundle was written for another key than the one given: whoever wrote it wants that one to be trusted.");
        }
    }

    private List<ProvedLeaf> PairLeaves()
    {
        foreach (var index in entries.Keys.Except(proofs.Keys))
        {
            Add(BundleNames.Entry(index), "proof", "The leaf is without a readable proof: nothing says that it is in the log.");
        }

        foreach (var index in proofs.Keys.Except(entries.Keys))
        {
            Add(BundleNames.Proof(index), "proof", "The proof is without its leaf.");
        }

        return [.. entries.Keys.Intersect(proofs.Keys).Order().Select(index => new ProvedLeaf(proofs[index], entries[index]))];
    }

    private static bool IsSingle(string name) => Singles.Contains(name);

    private void Add(string file, string rule, string message) => problems.Add(new BundleProblem(file, rule, message));
}
