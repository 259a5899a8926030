using RetentionPipeline.Core.Erasure;
using RetentionPipeline.Core.Work;
using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>What is kept outside the log, for checks that need it.</summary>
public interface IOpeningsSource
{
    /// <summary>Null if they are not there.</summary>
    BatchOpenings? FindOperation(string operation);

    /// <summary>Pseudonyms that a subject or record hold covers; null if its opening is not there.</summary>
    HoldOpening? FindHold(string hold);
}

/// <summary>The opening of a hold.</summary>
/// <param name="Subjects">Pseudonyms of the held person.</param>
/// <param name="Record">Pseudonym of the held record.</param>
public sealed record HoldOpening(IReadOnlyList<string> Subjects, string? Record);

/// <summary>
/// After <c>hold-effective</c> nothing that the hold covers is changed: not under an older hold version, since then the
/// barrier did not hold, and not under a newer one before its release, since then nobody looked. By index, so that times
/// need not be trusted.
/// </summary>
internal sealed class HoldRules(IOpeningsSource? openings)
{
    private readonly Dictionary<string, HoldFacts> holds = new(StringComparer.Ordinal);

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

    public void Check(OutcomeLeaf outcome, IntentFacts? intent, List<LogProblem> problems)
    {
        if (outcome.Acted == 0)
        {
            return;
        }

        foreach (var hold in holds.Values.Where(hold => hold.EffectiveIndex < outcome.Index))
        {
            // An act that read the release's version, or a later one, may come before the release's leaf in the log:
            // lanes have no common order. The release raises the version by at least one.
            var released = hold.ReleasedIndex < outcome.Index
                || (hold.ReleasedIndex is not null && outcome.HoldVersion > hold.Version);
            if (!released && Covers(hold, outcome, intent) == true)
            {
                problems.Add(new(
                    outcome.Index, "act-under-hold",
                    $"The outcome of {outcome.Operation} changed records after hold {hold.Id} was effective, under hold version {outcome.HoldVersion}."));
            }
        }
    }

    /// <summary>The openings, where they are given, must open what the intent committed to.</summary>
    public void CheckOpenings(string operation, IntentFacts intent, List<LogProblem> problems)
    {
        if (openings?.FindOperation(operation) is { } opened
            && Convert.ToHexStringLower(MerkleTree.Root([.. opened.Entries.Select(entry => entry.Commit())])) != intent.Root)
        {
            problems.Add(new(intent.Index, "openings", $"The openings of {operation} do not open its intent."));
        }
    }

    public IReadOnlyList<string> Unchecked() =>
        [.. holds.Values.Where(hold => hold.Scope != "dataset" && openings?.FindHold(hold.Id) is null).Select(hold => hold.Id)];

    private bool? Covers(HoldFacts hold, OutcomeLeaf outcome, IntentFacts? intent)
    {
        if (hold.Scope == "dataset")
        {
            return hold.Dataset == outcome.Dataset;
        }

        if (openings?.FindHold(hold.Id) is not { } opening || openings.FindOperation(outcome.Operation) is not { } operation)
        {
            return null;
        }

        // Which records were retained stands in the outcome's entries, outside the log; a batch that acted on as many as
        // it holds acted on the held one too.
        var named = operation.Entries.Count(entry =>
            entry.Record == opening.Record || entry.Subjects.Any(subject => opening.Subjects.Contains(subject.Pseudonym)));
        return named > 0 && outcome.Acted > (intent?.Count ?? outcome.Count) - named;
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

        public string? Dataset { get; set; }

        public long Version { get; set; }

        public DateTimeOffset PlacedAt { get; set; }

        public long? EffectiveIndex { get; set; }

        public long? ReleasedIndex { get; set; }
    }
}
