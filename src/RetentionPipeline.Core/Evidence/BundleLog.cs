using System.Text;
using RetentionPipeline.Core.Policies;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>The leaves of a bundle, by what they are about.</summary>
internal sealed class BundleLog
{
    private readonly Dictionary<string, List<string>> operations = new(StringComparer.Ordinal);
    private readonly RequestLeaf? receipt;

    /// <summary>Throws what a leaf of another form than its type's makes throw; the caller guards.</summary>
    public BundleLog(BundleFacts facts)
    {
        foreach (var proved in facts.Leaves)
        {
            var leaf = Leaf.Parse(proved.Bytes.Span);
            Leaves.Add((proved.Index, leaf));
            Take(proved.Index, leaf);
        }

        foreach (var (hash, text) in facts.PolicyTexts)
        {
            if (PolicyDocument.Load(Encoding.UTF8.GetString(text.Span), "policy").Policy is { } policy)
            {
                ReadPolicies[hash] = policy;
            }
        }

        receipt = Told.LastOrDefault(leaf => leaf.Policy is not null);
        End = Told.LastOrDefault(leaf => leaf.Closing is not null);
        if (facts.Scope is null)
        {
            InForce = ReadPolicies.GetValueOrDefault(Receipt.Policy!);
        }
    }

    public List<(long Index, Leaf Leaf)> Leaves { get; } = [];

    /// <summary>The request's own leaves, in order.</summary>
    public List<RequestLeaf> Told { get; } = [];

    /// <summary>How the request was received; a bundle of scans has none.</summary>
    public RequestLeaf Receipt => receipt ?? throw new FormatException("The bundle holds no leaf that says how the request was received.");

    /// <summary>The last end that was told; null before the first.</summary>
    public RequestLeaf? End { get; }

    /// <summary>The policy in force at the receipt; null if its text is missing or none.</summary>
    public Policy? InForce { get; }

    /// <summary>Policies whose texts are there and can be read, by hash.</summary>
    public SortedDictionary<string, Policy> ReadPolicies { get; } = new(StringComparer.Ordinal);

    /// <summary>By scan: when its copies were found to be gone.</summary>
    public Dictionary<string, (long Index, Leaf Leaf)> Purged { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ScanLeaves> Scans { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, IntentFacts> Intents { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, OutcomeLeaf> Outcomes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, long> PolicyLeaves { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, List<long>> Corrections { get; } = new(StringComparer.Ordinal);

    /// <summary>Hashes of the policies that something was received, planned or acted under.</summary>
    public SortedSet<string> NamedPolicies { get; } = new(StringComparer.Ordinal);

    /// <summary>Operations of a scan, by the index of their intents.</summary>
    public IReadOnlyList<string> OperationsOf(string scan) => operations.GetValueOrDefault(scan) ?? [];

    /// <summary>The salted hashes of the request's identifiers, as its acceptance states them; none of one from before it did.</summary>
    public HashSet<string?> CommittedSubjects() => [.. Leaves
        .Where(leaf => leaf.Leaf.Type == LeafTypes.Request && leaf.Leaf.Part == RequestLeaf.Accepted)
        .SelectMany(leaf => leaf.Leaf.Body["subjects"]?.AsArray() ?? []).Select(hash => (string?)hash)];

    /// <summary>A log is searched for lines; its scan rewrites instead of deleting.</summary>
    public static bool IsSearch(ScanLeaves scan) => (string?)scan.Start?.Leaf.Body["action"] == "anonymise";

    /// <summary>The dataset that a scan is of.</summary>
    public static string? DatasetOf(ScanLeaves scan) => (string?)(scan.Start ?? scan.Close)?.Leaf.Body["dataset"];

    private void Take(long index, Leaf leaf)
    {
        switch (leaf.Type)
        {
            case LeafTypes.Policy:
                PolicyLeaves[leaf.Id] = index;
                break;
            case LeafTypes.Request:
                Told.Add(RequestLeaf.Of(index, leaf));
                NamedPolicies.UnionWith(Told[^1].Policy is { } named ? [named] : []);
                break;
            case LeafTypes.Scan:
                ScanOf(leaf.Id).Take(index, leaf);
                NamedPolicies.Add(IntentFacts.Text(leaf.Body, "policy"));
                break;
            case LeafTypes.Intent:
                var intent = IntentFacts.Of(index, leaf);
                Intents[leaf.Id] = intent;
                ScanOf(intent.Scan).Operations.Add(leaf.Id);
                operations.TryAdd(intent.Scan, []);
                operations[intent.Scan].Add(leaf.Id);
                NamedPolicies.Add(intent.Policy);
                break;
            case LeafTypes.Outcome:
                Outcomes[leaf.Id] = OutcomeLeaf.Of(index, leaf);
                NamedPolicies.Add(IntentFacts.Text(leaf.Body, "policy"));
                break;
            case LeafTypes.Purged:
                Purged[leaf.Id] = (index, leaf);
                break;
            case LeafTypes.Correction:
                Corrections.TryAdd(leaf.Id, []);
                Corrections[leaf.Id].Add(index);
                break;
        }
    }

    private ScanLeaves ScanOf(string scan)
    {
        if (!Scans.TryGetValue(scan, out var leaves))
        {
            Scans[scan] = leaves = new ScanLeaves(scan);
        }

        return leaves;
    }
}
