using System.Text;
using System.Text.Json.Nodes;
using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Holds;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What is kept outside the log, for checks that need it.</summary>
public interface IOpeningsSource
{
    /// <summary>Null if they are not there.</summary>
    BatchOpenings? FindOperation(string operation);

    /// <summary>The outcome entries of an operation, in the batch's order; null if they are not there.</summary>
    OutcomeEntries? FindOutcome(string operation);

    /// <summary>Pseudonyms that a subject or record hold covers; null if its opening is not there.</summary>
    HoldOpening? FindHold(string hold);

    /// <summary>
    /// What the closing of a request is over, for its leaf of that part; null if it is not there.
    /// </summary>
    RequestEntries? FindRequest(string request, string part);
}

/// <summary>The entries of a request's closing.</summary>
/// <param name="Entries">JCS each, see <see cref="Requests.DatasetEntry"/>, in the order of the datasets.</param>
public sealed record RequestEntries(IReadOnlyList<string> Entries);

/// <summary>The opening of a hold.</summary>
/// <param name="Epochs">Whom it covers, once for each epoch that was live.</param>
public sealed record HoldOpening(IReadOnlyList<HoldNames> Epochs);

/// <summary>What leaf hash i of an outcome's root is the hash of, for each record of the batch.</summary>
/// <param name="Entries">JCS each, see <see cref="OutcomeEncoding.Entry"/>.</param>
public sealed record OutcomeEntries(IReadOnlyList<string> Entries)
{
    /// <summary>The root that the outcome leaf must state, lowercase hex.</summary>
    public string Root() =>
        Convert.ToHexStringLower(MerkleTree.Root([.. Entries.Select(entry => Rfc6962.LeafHash(Encoding.UTF8.GetBytes(entry)))]));

    /// <summary>Commitment and result of an entry.</summary>
    public (string Commitment, OutcomeResult Result) Read(int place)
    {
        var entry = JsonNode.Parse(Entries[place])!.AsObject();
        return ((string)entry["commitment"]!, Enum.Parse<OutcomeResult>((string)entry["result"]!, ignoreCase: true));
    }
}

/// <summary>
/// After <c>hold-effective</c> nothing that the hold covers is changed: not under an older hold version, since then the
/// barrier did not hold, and not under a newer one before its release, since then nobody looked. By index, so that times
/// need not be trusted.
/// </summary>
internal sealed class HoldRules(IOpeningsSource? openings)
{
    private readonly Dictionary<string, HoldFacts> holds = new(StringComparer.Ordinal);

    /// <summary>Openings seen in which something is replaced by its hash.</summary>
    public long Forgotten { get; private set; }

    public void Take(long index, Leaf leaf, List<LogProblem> problems)
    {
        if (!holds.TryGetValue(leaf.Id, out var hold))
        {
            holds[leaf.Id] = hold = new HoldFacts(leaf.Id);
        }

        switch (leaf.Type)
        {
            case LeafTypes.Hold:
                hold.Scope = (string)leaf.Body["scope"]!;
                hold.Dataset = (string?)leaf.Body["dataset"];
                hold.Version = (long)leaf.Body["version"]!;
                hold.PlacedAt = leaf.At;
                break;
            case LeafTypes.HoldEffective:
                hold.EffectiveIndex = index;
                CheckTime(hold, index, leaf, problems);
                break;
            default:
                hold.ReleasedIndex = index;
                CheckTime(hold, index, leaf, problems);
                break;
        }
    }

    /// <summary>An outcome that stands in the log, under the holds of the whole of it.</summary>
    public void Check(NamedId operation, in OperationFacts facts, List<LogProblem> problems)
    {
        if (facts.Acted == 0)
        {
            return;
        }

        foreach (var hold in holds.Values)
        {
            // An act that read the release's version, or a later one, may come before the release's leaf in the log:
            // lanes have no common order. The release raises the version by at least one.
            var released = hold.ReleasedIndex < facts.OutcomeIndex
                || (hold.ReleasedIndex is not null && facts.OutcomeHolds > hold.Version);
            if (hold.EffectiveIndex < facts.OutcomeIndex && !released && Covers(hold, operation, facts) == true)
            {
                problems.Add(new(
                    facts.OutcomeIndex, "act-under-hold",
                    $"The outcome of {operation} changed records after hold {hold.Id} was effective, under hold version {facts.OutcomeHolds}."));
            }
        }
    }

    /// <summary>
    /// The openings, where they are given, must open what the intent committed to. No root is over their epoch, which says
    /// under which names a hold is looked for: the intent states it. What is replaced by its hash shows nothing beside it,
    /// since nothing would be over that; and salts are of one length, else the beginning of a pseudonym could pass for salt.
    /// </summary>
    public void CheckOpenings(NamedId operation, in OperationFacts facts, List<LogProblem> problems)
    {
        if (openings?.FindOperation(operation.ToString()) is not { } opened)
        {
            return;
        }

        Forgotten += opened.Entries.Count(entry => entry.HasForgotten);
        if (Convert.ToHexStringLower(MerkleTree.Root([.. opened.Entries.Select(entry => entry.Commit())])) != facts.IntentRoot)
        {
            problems.Add(new(facts.IntentIndex, "openings", $"The openings of {operation} do not open its intent."));
        }

        if (opened.Epoch != facts.Epoch)
        {
            problems.Add(new(
                facts.IntentIndex, "openings", $"The openings of {operation} say that they are under epoch {opened.Epoch}, and its intent names epoch {facts.Epoch}."));
        }

        if (opened.Entries.Any(ShowsWhatNothingProves))
        {
            problems.Add(new(facts.IntentIndex, "openings", $"The openings of {operation} show something that no commitment is over."));
        }
    }

    /// <summary>The outcome entries, where they are given, must be what the outcome committed to, and add up to its counts.</summary>
    public void CheckEntries(NamedId operation, in OperationFacts facts, in ResultCounts stated, List<LogProblem> problems)
    {
        if (openings?.FindOutcome(operation.ToString()) is not { } given)
        {
            return;
        }

        if (given.Root() != facts.OutcomeRoot)
        {
            problems.Add(new(facts.OutcomeIndex, "entries", $"The outcome entries of {operation} are not those that its outcome states."));
            return;
        }

        if (openings.FindOperation(operation.ToString()) is { } opened
            && !opened.Entries.Select(entry => Convert.ToHexStringLower(entry.Commit())).SequenceEqual(
                Enumerable.Range(0, given.Entries.Count).Select(place => given.Read(place).Commitment)))
        {
            problems.Add(new(facts.OutcomeIndex, "entries", $"The outcome entries of {operation} name other records than its intent committed to."));
        }

        var counts = Enumerable.Range(0, given.Entries.Count).CountBy(place => given.Read(place).Result).ToDictionary();
        var named = stated.Named().ToList();
        if (counts.Count != named.Count || named.Exists(pair => counts.GetValueOrDefault(pair.Result) != pair.Count))
        {
            problems.Add(new(facts.OutcomeIndex, "counts", $"The outcome of {operation} counts otherwise than its entries."));
        }
    }

    public IReadOnlyList<string> Unchecked() =>
        [.. holds.Values.Where(hold => hold.Scope != "dataset" && (openings?.FindHold(hold.Id) is null || hold.HasGap)).Select(hold => hold.Id)];

    private bool? Covers(HoldFacts hold, NamedId acted, in OperationFacts facts)
    {
        if (hold.Scope == "dataset")
        {
            return hold.Dataset == facts.Dataset;
        }

        if (openings?.FindHold(hold.Id) is not { } opening)
        {
            return null;
        }

        if (openings.FindOperation(acted.ToString()) is not { } operation
            || openings.FindOutcome(acted.ToString()) is not { } entries || entries.Entries.Count != operation.Entries.Count
            || NamesUnder(opening, facts.Epoch) is not { } held)
        {
            // Openings are missing, or lie under an epoch whose key is destroyed: whom they name cannot be told.
            hold.HasGap = true;
            return null;
        }

        // Whom a forgotten opening named cannot be told.
        hold.HasGap |= operation.Entries.Index().Any(pair => pair.Item.HasForgotten && WasChanged(entries, pair.Index, pair.Item));
        return operation.Entries.Index().Any(pair => Names(held, pair.Item) && WasChanged(entries, pair.Index, pair.Item));
    }

    private static HoldNames? NamesUnder(HoldOpening opening, long epoch) => opening.Epochs.FirstOrDefault(names => names.Epoch == epoch);

    private static bool ShowsWhatNothingProves(RecordOpening record) =>
        (record.Commitment is not null && (record.Salt.Length + record.Record.Length + record.Subjects.Count + record.Version.Length) > 0)
        || record.Subjects.Any(subject => subject.Hash is null
            ? subject.Salt.Length != Salts.Length
            : subject.Salt.Length + subject.Pseudonym.Length > 0);

    private static bool Names(HoldNames held, RecordOpening record) =>
        record.Record == held.Record || record.Subjects.Any(subject => held.Subjects.Contains(subject.Pseudonym));

    private static bool WasChanged(OutcomeEntries entries, int place, RecordOpening record)
    {
        var (commitment, result) = entries.Read(place);
        return commitment == Convert.ToHexStringLower(record.Commit())
            && result is OutcomeResult.Erased or OutcomeResult.Anonymised;
    }

    private static void CheckTime(HoldFacts hold, long index, Leaf leaf, List<LogProblem> problems)
    {
        if (leaf.At < hold.PlacedAt)
        {
            problems.Add(new(index, "time-backwards", $"Hold {hold.Id} was {leaf.Type} before it was placed."));
        }
    }

    private sealed class HoldFacts(string id)
    {
        public string Id { get; } = id;

        public string Scope { get; set; } = "dataset";

        /// <summary>An operation that acted while it stood cannot be opened: the hold is not fully checked.</summary>
        public bool HasGap { get; set; }

        public string? Dataset { get; set; }

        public long Version { get; set; }

        public DateTimeOffset PlacedAt { get; set; }

        public long? EffectiveIndex { get; set; }

        public long? ReleasedIndex { get; set; }
    }
}
