using RetentionPipeline.Ledger;

namespace RetentionPipeline.Core.Evidence;

/// <summary>Structure and meaning of an exported log.</summary>
/// <param name="Structure">Signature, tiles, root.</param>
/// <param name="Meaning">Semantic rules; null where the structure could not be read.</param>
public sealed record LogVerdict(StructureReport Structure, SemanticReport? Meaning)
{
    /// <summary>Nothing is wrong.</summary>
    public bool IsWell => Structure.Problems.Count == 0 && Meaning is { Problems.Count: 0 };

    /// <summary>All problems.</summary>
    public IEnumerable<LogProblem> Problems => Structure.Problems.Concat(Meaning?.Problems ?? []);
}

/// <summary>Verifies an exported log, offline.</summary>
public static class LogVerification
{
    /// <summary>Verifies everything; done and total leaves go to <paramref name="progress"/>.</summary>
    public static LogVerdict Verify(
        string folder, NoteVerifier verifier, IOpeningsSource? openings, Action<long, long> progress) =>
        Verify(new StructuralVerifier(folder, verifier), openings, progress);

    /// <summary>As above, by a verifier of structure that may remember an earlier checkpoint.</summary>
    public static LogVerdict Verify(StructuralVerifier verifier, IOpeningsSource? openings, Action<long, long> progress)
    {
        var meaning = new SemanticVerifier(openings);
        var structure = verifier.Verify(meaning.Read, (long index, LeafFact leaf) => meaning.Add(index, leaf), progress);
        return new LogVerdict(structure, structure.Checkpoint is null ? null : meaning.End());
    }
}
