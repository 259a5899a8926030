using System.Text;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Requests;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What the facts of a bundle must be: leaves in the log, records in their leaves, the whole list, nothing else.</summary>
internal sealed class BundleChecks(BundleFacts facts, List<BundleProblem> problems)
{
    /// <summary>Leaves and their proofs; null if the checkpoint is not signed by the key.</summary>
    public Checkpoint? CheckLog()
    {
        Checkpoint checkpoint;
        try
        {
            checkpoint = Checkpoint.Open(SignedNote.Parse(facts.Note.Span), facts.Verifier);
        }
        catch (FormatException problem)
        {
            Add(BundleNames.Checkpoint, "checkpoint", problem.Message);
            return null;
        }

        foreach (var leaf in facts.Leaves)
        {
            if (!leaf.Proof.Note.Span.SequenceEqual(facts.Note.Span))
            {
                Add(BundleNames.Proof(leaf.Index), "proof", "The proof is under another checkpoint than the bundle's.");
            }

            if (!MerkleTree.VerifyInclusion(leaf.Index, checkpoint.Size, Rfc6962.LeafHash(leaf.Bytes.Span), leaf.Proof.Path, checkpoint.Root))
            {
                Add(BundleNames.Entry(leaf.Index), "inclusion", "The proof does not lead from this leaf to the signed root: leaf or proof was changed.");
            }

            if (!IsLeaf(leaf.Bytes.Span))
            {
                Add(BundleNames.Entry(leaf.Index), "canonical", "The file is no leaf in canonical form.");
            }
        }

        return checkpoint;
    }

    /// <summary>What the leaves mean together, and that each belongs here.</summary>
    public void CheckMeaning(BundleLog log)
    {
        var meaning = new SemanticVerifier(new PolicyEntries(log, facts.Request));
        var scans = log.Scans.Values.Where(scan => IsOfRequest(scan, log)).Select(scan => scan.Scan).ToHashSet(StringComparer.Ordinal);
        foreach (var (index, leaf) in log.Leaves)
        {
            meaning.Add(index, leaf);
            if (!BelongsHere(leaf, log, scans))
            {
                Add(BundleNames.Entry(index), "foreign-leaf", "The leaf is not about this request.");
            }
        }

        foreach (var problem in meaning.End().Problems.Where(problem => problem.Rule != EpochRules.Unknown))
        {
            Add(problem.Index is { } index ? BundleNames.Entry(index) : BundleNames.Checkpoint, problem.Rule, problem.Message);
        }
    }

    /// <summary>What the pipeline states besides the log, where the log can contradict it.</summary>
    public void CheckStatement(BundleLog log)
    {
        var stated = facts.Stated;
        if (stated.EventId is { } id && DerivedId.RequestOf(log.Receipt.Source, id) != facts.Request)
        {
            Add(BundleNames.Manifest, "event", "The request's id does not follow from its source and the event id that is stated.");
        }

        var committed = log.CommittedSubjects();
        if (stated.Subjects.Any(subject => !committed.Contains(subject.Commit())))
        {
            Add(BundleNames.Manifest, "subjects", "A subject is stated that the acceptance of the request does not commit to.");
        }

        if (log.InForce is null)
        {
            Add(BundleNames.PolicyText(log.Receipt.Policy!), "policy", "The policy at the receipt cannot be read: nothing says which datasets must report.");
        }
        else if (!stated.Datasets.Select(dataset => dataset.Dataset).SequenceEqual(
            log.Receipt.Part == RequestLeaf.Rejected ? [] : log.InForce.Datasets.Keys.Order(StringComparer.Ordinal)))
        {
            Add(BundleNames.Manifest, "datasets", "The datasets are not those of the policy that was in force at the receipt: each must be there once.");
        }

        foreach (var dataset in stated.Datasets.Where(dataset => !Fits(dataset, log)))
        {
            // Whoever wrote the manifest chose the name: it is quoted only if the policy has it too.
            var name = log.InForce?.Datasets.ContainsKey(dataset.Dataset) == true ? dataset.Dataset : "of no policy";
            Add(BundleNames.Manifest, "dataset-state", $"What is stated of dataset '{name}' is not what the leaves say.");
        }

        if (stated.Forgotten.Any(operation => !log.Outcomes.ContainsKey(operation)))
        {
            Add(BundleNames.Manifest, "records", "Records are stated as forgotten that no leaf is about.");
        }
    }

    /// <summary>Each record leads to the roots of its operation; none that must be shown is missing.</summary>
    public void CheckRecords(BundleLog log)
    {
        var persons = facts.Stated.Subjects.Select(subject => subject.Pseudonym).ToHashSet(StringComparer.Ordinal);

        // Of a person who is forgotten in part, nothing says any more by which identifier a record named them.
        var mustName = facts.Stated.Subjects.Count > 0 && facts.Stated.Subjects.Count == log.CommittedSubjects().Count;
        foreach (var shown in facts.Shown)
        {
            CheckRecord(shown, log, persons, mustName);
        }

        var places = facts.Shown.ToLookup(shown => shown.Operation);
        foreach (var (operation, outcome) in log.Outcomes)
        {
            var due = BundleLog.IsSearch(log.Scans[outcome.Scan])
                ? outcome.Count - outcome.Counts.GetValueOrDefault(OutcomeResult.Absent)
                : outcome.Count;
            var there = places[operation].Count();
            if (facts.Stated.Forgotten.Contains(operation) ? there != 0 : there != due)
            {
                Add(BundleNames.Claim(operation), "records", $"{there} records of the operation are shown, and {due} must be. Ask for the whole bundle.");
            }
        }
    }

    private void CheckRecord(ShownRecord shown, BundleLog log, HashSet<string> persons, bool mustName)
    {
        var name = BundleNames.Shown(shown.Operation, shown.Place);
        if (!log.Intents.TryGetValue(shown.Operation, out var intent) || !log.Outcomes.TryGetValue(shown.Operation, out var outcome))
        {
            Add(name, "record", "The record is of an operation whose intent and outcome are not in the bundle.");
            return;
        }

        var commitment = shown.Opening.Commit();
        var entry = Jcs.Parse(Encoding.UTF8.GetBytes(shown.Entry));
        if ((string?)entry["commitment"] != Convert.ToHexStringLower(commitment)
            || !MerkleTree.VerifyInclusion(shown.Place, intent.Count, commitment, shown.OpeningPath, Convert.FromHexString(intent.Root)))
        {
            Add(name, "opening", "The opening does not lead to the root of the operation's intent: it was changed.");
        }

        if (!MerkleTree.VerifyInclusion(
            shown.Place, outcome.Count, Rfc6962.LeafHash(Encoding.UTF8.GetBytes(shown.Entry)), shown.EntryPath, Convert.FromHexString(outcome.Root)))
        {
            Add(name, "entry", "What is said of the record does not lead to the root of the operation's outcome: it was changed.");
        }

        var subjects = shown.Opening.Subjects;
        if (subjects.Any(subject => subject.Opening is { } opening && (opening.Commit() != subject.Hash || !persons.Contains(opening.Pseudonym))))
        {
            Add(name, "subjects", "The record shows a person whom the request is not about.");
        }

        var searched = BundleLog.IsSearch(log.Scans[outcome.Scan]);
        if (!searched && mustName && shown.Opening.Forgotten is null && subjects.All(subject => subject.Opening is null))
        {
            Add(name, "subjects", "The record does not name the person whom the request is about.");
        }

        if (searched && DatasetClaims.WordOf(entry) == "absent")
        {
            Add(name, "records", "A file of a log without a line of the request's persons is counted, not shown.");
        }
    }

    private bool BelongsHere(Leaf leaf, BundleLog log, HashSet<string> scans) => leaf.Type switch
    {
        LeafTypes.Request => leaf.Id == facts.Request.ToString("D"),
        LeafTypes.Policy => log.NamedPolicies.Contains(leaf.Id),
        LeafTypes.Scan or LeafTypes.Purged => scans.Contains(leaf.Id),
        LeafTypes.Intent or LeafTypes.Outcome => scans.Contains(IntentFacts.Text(leaf.Body, "scan")),
        LeafTypes.Correction => log.Intents.ContainsKey(leaf.Id),
        _ => false,
    };

    /// <summary>
    /// A scan for this request alone, whichever try; or a window that an end names or that is stated to serve it now. Which
    /// requests a window serves, the log does not say.
    /// </summary>
    private bool IsOfRequest(ScanLeaves scan, BundleLog log)
    {
        if (scan.Start?.Leaf.Body is not { } body || (string?)body["purpose"] != Policies.Rule.Request
            || LeafTime.TryParse((string)body["cutOff"]!) is not { } cutOff)
        {
            return false;
        }

        var (request, dataset) = (facts.Request.ToString("D"), (string)body["dataset"]!);
        var isNamed = log.Told.Any(leaf => leaf.Closing?.Tasks.Contains(scan.Scan) == true)
            || facts.Stated.Datasets.Any(stated => stated.Scan == scan.Scan);
        return RequestRules.IsOwnTask(request, dataset, scan.Scan)
            || (isNamed && RequestRules.IsWindowOf(dataset, scan.Scan, cutOff));
    }

    /// <summary>
    /// A dataset has reported through a scan that the last end names, or that has closed; it is open where it may be; or no
    /// scan could look at it.
    /// </summary>
    private static bool Fits(StatedDataset stated, BundleLog log)
    {
        var scan = stated.Scan is { } id ? log.Scans.GetValueOrDefault(id) : null;
        if ((stated.Scan is not null && (scan?.Start is null || BundleLog.DatasetOf(scan) != stated.Dataset))
            || (stated.Reason is null && stated.ExpectedBy is not null)
            || stated.Reason?.All(letter => char.IsAsciiLetterLower(letter) || letter is '-') == false)
        {
            return false;
        }

        var ended = log.End?.Closing?.Tasks.Where(task => log.Scans.TryGetValue(task, out var named) && BundleLog.DatasetOf(named) == stated.Dataset).FirstOrDefault();
        if (stated.Reason is not null)
        {
            // After an end only what a hold kept goes on.
            return log.End is null
                || (log.End.State == RequestLeaf.Partially && ended is not null
                    && log.Scans[ended].Close?.Leaf.Body["counts"]?["retained"] is not null);
        }

        return scan is null
            ? ended is null && log.InForce?.Datasets.GetValueOrDefault(stated.Dataset) is { Subjects.Count: 0, IsSearched: false }
            : scan.Close is not null && (log.End is null || ended == stated.Scan);
    }

    private static bool IsLeaf(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Leaf.Parse(bytes);
            return true;
        }
        catch (LeafFormatException)
        {
            return false;
        }
    }

    private void Add(string file, string rule, string message) => problems.Add(new BundleProblem(file, rule, message));

    /// <summary>
    /// The entries of a closing, as scans and policy make them: a dataset without a scan is one that the policy gives no
    /// way to search.
    /// </summary>
    private sealed class PolicyEntries(BundleLog log, Guid request) : IOpeningsSource
    {
        public BatchOpenings? FindOperation(string operation) => null;

        public OutcomeEntries? FindOutcome(string operation) => null;

        public HoldOpening? FindHold(string hold) => null;

        public RequestEntries? FindRequest(string asked, string part)
        {
            if (log.InForce is null || asked != request.ToString("D") || log.Told.Find(leaf => leaf.Part == part)?.Closing is not { } closing)
            {
                return null;
            }

            var scans = closing.Tasks.Select(task => log.Scans.GetValueOrDefault(task)).OfType<ScanLeaves>()
                .Where(scan => scan.Close is not null && BundleLog.DatasetOf(scan) is not null)
                .DistinctBy(BundleLog.DatasetOf).ToDictionary(scan => BundleLog.DatasetOf(scan)!);
            return new([.. log.InForce.Datasets.Keys.Order(StringComparer.Ordinal).Select(dataset =>
                scans.TryGetValue(dataset, out var scan)
                    ? RequestRules.EntryOf(scan)
                    : DatasetEntry.OfReason(dataset, RequestAnswers.TaskWord(TaskEnding.NotSearchable)))]);
        }
    }
}
